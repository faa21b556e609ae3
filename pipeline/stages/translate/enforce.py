"""The glossary in one segment: terms that an engine did not translate as wanted get their wanted translation.

The engine's plain answer comes first, and stays where it has every term. Else the term's place in it is found, in the
way in which spans find theirs (``project``), and the wanted translation takes it: articles and verbs around it stay as
they are. Only where the place is not sure, the sentence goes out once more with the term masked: what models make of a
sentence around a token is worse (*The life jackets were old*: “O Q7A1 era velho”). In 22 sentences with terms of relief
work, en→pt, 20 were found in the answer, all rightly.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from html import unescape

from pipeline.stages import markup
from pipeline.stages.translate import mask
from pipeline.stages.translate.inline import ATOM_BASE, MOST_ATOMS, Inline
from pipeline.stages.translate.mask import Request
from pipeline.stages.translate.place import Answered, Piece
from pipeline.stages.translate.project import POSITION, NoPlaceError, Place, Projection, Span
from pipeline.stages.translate.resources import Aligner
from pipeline.stages.translate.terms import Glossary, Hit, in_case, is_capitals, is_title
from pipeline.stages.translate.words import is_article, words

_Places = list[tuple[int, int]]


@dataclass(slots=True)
class Enforcement:
    """``inline`` and ``pieces`` are the segment as it was asked for first, with the engine's answers.

    Pieces go by their number. An atom stands for each chosen term, in order, after the atoms of ``inline``.
    """

    glossary: Glossary
    inline: Inline
    pieces: list[Piece]
    languages: tuple[str, str]
    aligner: Aligner | None = None
    hits: list[list[Hit]] = field(default_factory=list)  # of each piece, at positions of ``inline.text``
    chosen: list[list[Hit]] = field(default_factory=list)  # those of them that become atoms
    own: dict[Hit, Request] = field(default_factory=dict)  # a chosen term alone: what would the engine make of it?
    places: dict[int, _Places] = field(default_factory=dict)  # of the chosen in the engine's answer; none: masked
    given_up: set[int] = field(default_factory=set)

    def __post_init__(self) -> None:
        for piece in self.pieces:
            found = self.glossary.find(self._source(piece)) if piece.request.text else []
            moved = [replace(hit, start=hit.start + piece.start, end=hit.end + piece.start) for hit in found]
            self.hits.append(moved)
        self.chosen = [[] for _ in self.pieces]

    def replace_literals(self, *, escape: bool) -> None:
        """Translate what was never for an engine, but is a term: *R&D*."""
        for number, raw in enumerate(self.inline.atoms):
            text = unescape(raw) if escape else raw
            if "<" in raw or not (found := self.glossary.find(text)):
                continue
            hit = found[0]
            if (hit.start, hit.end) == (0, len(text)) and hit.is_exact and hit.term.target:
                wanted = written(hit, text, starts=(False, False), language=self.languages[1])
                self.inline.atoms[number] = markup.escape_text(wanted) if escape else wanted

    def choose(self, pieces: Sequence[Piece]) -> bool:
        """Look at the translations in ``pieces``, and choose what must change; false when nothing more can be done."""
        before = sum(map(len, self.chosen))
        for number, piece in enumerate(pieces):
            if self.hits[number] and number not in self.given_up and not piece.failure:
                self._choose(number, piece.target)
        return sum(map(len, self.chosen)) > before

    def _choose(self, number: int, target: str) -> None:
        chosen = self.chosen[number]
        left = [hit for hit in self.hits[number] if hit not in chosen]
        wrong = {problem.term for problem in self.glossary.problems(self.inline.text, left, target)}
        more = [hit for hit in left if (hit.term in wrong or self._is_all(number, hit)) and maskable(self.inline, hit)]
        if more and len(self.inline.atoms) + sum(map(len, self.chosen)) + len(more) <= MOST_ATOMS:
            self.chosen[number] = sorted([*chosen, *more], key=lambda hit: hit.start)
            self.places.pop(number, None)
            if not self._is_all(number, more[0]):
                shouted = self.pieces[number].request.shouted
                self.own.update((hit, self._request(hit, shouted=shouted)) for hit in more)

    def _is_all(self, number: int, hit: Hit) -> bool:
        """Whether there is nothing but the term, as in a heading: then it is the glossary's word, in no other form."""
        piece, text = self.pieces[number], self.inline.text
        around = text[piece.start : hit.start] + text[hit.end : piece.end]
        return not any(map(str.isalnum, around)) and not any(map(self.inline.is_atom, around))

    def _request(self, hit: Hit, *, shouted: bool) -> Request:
        return mask.request(self.inline.text[hit.start : hit.end], self.inline, shouted=shouted)

    def requests(self) -> list[Request]:
        """What it must know before :meth:`masked`."""
        return list(self.own.values())

    def give_up(self, numbers: Iterable[int]) -> None:
        """These pieces stay as the engine first translated them."""
        for number in numbers:
            self.given_up.add(number)
            self.chosen[number] = []

    def masked(self, answers: Mapping[str, Answered]) -> tuple[Inline, list[Piece], list[int]]:
        """The segment with atoms for what was chosen, its pieces, and which of them changed."""
        inline, moved = masked(self.inline, [hit for hits in self.chosen for hit in hits])
        pieces = []
        for number, piece in enumerate(self.pieces):
            start, end = moved(piece.start), moved(piece.end)
            changed = replace(piece, start=start, end=end)
            if self.chosen[number]:
                if number not in self.places:
                    self.places[number] = self._places(number, answers)
                source = inline.text[start:end]
                found = self.places[number]
                request = replace(piece.request, source=source) if found else mask.request(source, inline)
                changed = replace(changed, request=request, own={}, own_before={})
            pieces.append(changed)
        return inline, pieces, [number for number, chosen in enumerate(self.chosen) if chosen]

    def _places(self, number: int, answers: Mapping[str, Answered]) -> _Places:
        """Where the chosen terms stand in the engine's answer; empty when one of them is not surely found."""
        piece = self.pieces[number]
        spans = []
        for key, hit in enumerate(self.chosen[number]):
            request = self.own.get(hit)
            answer = answers[request.text].text if request and request.text else None
            own = answer.rstrip(".") if isinstance(answer, str) else ""
            spans.append(Span(key, -1, hit.start - piece.start, hit.end - piece.start, own))
        try:
            found = Projection(self._source(piece), piece.target, self.languages, self.aligner).place(spans)
        except NoPlaceError:
            return []
        sure = all(place.evidence != POSITION for place in found.values())
        if not sure:
            return []
        return [self._without_article(piece.target, found[key], hit) for key, hit in enumerate(self.chosen[number])]

    def _without_article(self, target: str, place: Place, hit: Hit) -> tuple[int, int]:
        """A place less the article that the engine's language sets before the word, and the glossary does not."""
        found, wanted = words(target[place.start : place.end]), words(hit.term.target)
        language = self.languages[1]
        if (
            len(found) > 1
            and is_article(found[0].norm, language)
            and not (wanted and is_article(wanted[0].norm, language))
        ):
            return place.start + found[1].start, place.end
        return place.start, place.end

    def take(self, number: int, piece: Piece, answers: Mapping[str, Answered]) -> bool:
        """Set the target of a piece that :meth:`masked` changed; false when there is none with all its terms."""
        if not self.places[number]:
            return piece.take(answers, self.languages[1]) and not piece.failure
        atom = ATOM_BASE + len(self.inline.atoms) + sum(map(len, self.chosen[:number]))
        target = self.pieces[number].target
        for index, (start, end) in sorted(enumerate(self.places[number]), key=lambda each: each[1], reverse=True):
            target = target[:start] + chr(atom + index) + target[end:]
        piece.target = target
        return True

    def write(self, inline: Inline, pieces: Sequence[Piece], *, escape: bool) -> None:
        """Give the atoms their text, in the case that fits where they now stand."""
        atom = len(self.inline.atoms)
        for number, piece in enumerate(pieces):
            source = self._source(self.pieces[number])
            begins = next((c for c in source if c.isalnum()), "").isupper()
            first = next((c for c in piece.target if c.isalnum() or inline.is_atom(c)), "")
            for hit in self.chosen[number]:
                before = self.inline.text[self.pieces[number].start : hit.start]
                starts = not any(map(str.isalnum, before)), begins and first == chr(ATOM_BASE + atom)
                text = written(hit, self.inline.text, starts=starts, language=self.languages[1])
                inline.atoms[atom] = markup.escape_text(text) if escape else text
                atom += 1

    def _source(self, piece: Piece) -> str:
        return self.inline.text[piece.start : piece.end]


def maskable(parsed: Inline, hit: Hit) -> bool:
    """Whether a term can become an atom: its translation is known in this very form, and no markup cuts it."""
    if not hit.term.target or not hit.is_exact:
        return False
    inside = range(hit.start + 1, hit.end)
    cut = any(code.start in inside or code.end in inside for code in parsed.codes)
    return not cut and not any(anchor.at in inside for anchor in parsed.anchors)


def masked(parsed: Inline, hits: Sequence[Hit]) -> tuple[Inline, Callable[[int], int]]:
    """The text with an atom in place of each hit (in order), and where a position of the old text is in the new.

    The atoms are still empty: :func:`written` says what stands there.
    """
    parts = []
    at = 0
    for number, hit in enumerate(hits, len(parsed.atoms)):
        parts += [parsed.text[at : hit.start], chr(ATOM_BASE + number)]
        at = hit.end

    def moved(position: int) -> int:
        return position - sum(min(position, hit.end) - hit.start - 1 for hit in hits if hit.start < position)

    changed = Inline(
        text="".join([*parts, parsed.text[at:]]),
        codes=[replace(code, start=moved(code.start), end=moved(code.end)) for code in parsed.codes],
        anchors=[replace(anchor, at=moved(anchor.at)) for anchor in parsed.anchors],
        atoms=[*parsed.atoms, *("" for _ in hits)],
        marks=parsed.marks,
        symbols=parsed.symbols,
        language=parsed.language,
    )
    return changed, moved


def written(hit: Hit, source: str, *, starts: tuple[bool, bool], language: str) -> str:
    """The wanted translation in the case of the term as it stands in ``source``.

    ``starts`` says whether the term begins a sentence, and whether its translation is to begin one. What is not to be
    translated stays as it was written, and a term with ``exact_case`` has its translation as the glossary writes it.
    """
    found = source[hit.start : hit.end]
    if hit.term.is_kept:
        return found
    if hit.term.exact_case:
        return hit.term.target
    if starts[0] and not is_title(found, language):
        found = _decapitalised(found, hit.term.source)  # only its place made it a capital
    cased = in_case(hit.term.target, found, hit.term.source, language)
    return cased[:1].upper() + cased[1:] if starts[1] else cased


def _decapitalised(text: str, model: str) -> str:
    return text if model[:1].isupper() or is_capitals(text) else text[:1].lower() + text[1:]
