"""Glossary terms: where they stand in a sentence, whether its translation has them as wanted, and how they get in.

Words are compared without regard to capitals. In the source a term may stand in a plain plural or possessive
(*tide tables*, *the ferry's*), in the translation in any form that shares most of its letters (*tabelas de marés*); see
:func:`related`. Of terms that overlap the longest is meant. Nothing is looked for in code, addresses and the like.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import Enum, auto
from functools import lru_cache
from html import unescape
from typing import Final

from pipeline.documents import Segment, Term
from pipeline.stages import markup
from pipeline.stages.markup import Kind
from pipeline.stages.translate.taken import TOKEN, Taken, Token, Words, bounded, tokenize
from pipeline.stages.translate.words import base_language, is_function, norm

_ENDINGS: Final = ("", "s", "es", "'s")
_SHORTEST_STEM: Final = 4
_LONGEST_ENDING: Final = 3
_SHORTEST_INFLECTED: Final = 3
_ATTACHING: Final = frozenset(["ar", "he"])  # articles and prepositions are written to the word
_LONGEST_ATTACHED: Final = 3


@dataclass(frozen=True, slots=True)
class Hit:
    """A term at ``start`` to ``end`` of a text. ``is_exact``: in the glossary's own form, capitals aside."""

    term: Term
    start: int
    end: int
    is_exact: bool


class Fault(Enum):
    """What can be wrong with a term in a translation."""

    MISSING = auto()
    CHANGED = auto()  # it was not to be translated
    FORBIDDEN = auto()


@dataclass(frozen=True, slots=True)
class Problem:
    """``found`` is the forbidden translation, as the glossary names it."""

    term: Term
    fault: Fault
    found: str = ""

    @property
    def message(self) -> str:
        """One sentence for an editor."""
        source, target = f"“{self.term.source}”", f"“{self.term.target}”"
        if self.fault is Fault.CHANGED:
            return f"{source} is not to be translated: it should stand here as it is."
        if self.fault is Fault.MISSING:
            return f"{source} should be {target} here."
        remedy = f": use {target}." if self.term.target else "."
        return f"{source} should not be “{self.found}” here{remedy}"


@dataclass(frozen=True, slots=True)
class _Entry:
    """A term with its words, and those of its translations; in ``exact`` capitals are as they were written."""

    term: Term
    words: Words
    exact: Words
    target: Words
    forbidden: tuple[tuple[str, Words], ...]


class Glossary:
    """The terms of one pair of languages, ready to be looked for. Get one from :func:`glossary`."""

    def __init__(self, terms: Iterable[Term], source: str, target: str) -> None:
        self.source, self.target = base_language(source), base_language(target)
        self._by_first: dict[str, list[_Entry]] = defaultdict(list)
        for term in terms:
            entry = _entry(term)
            if entry.words:
                for form in _forms(entry.words[0]):
                    self._by_first[form].append(entry)
        self._firsts = frozenset(self._by_first)

    def may_have(self, text: str) -> bool:
        """Whether a text, or HTML, has the first word of a term. Nearly no text has; this is what they cost."""
        return not self._firsts.isdisjoint(TOKEN.findall(norm(text)))

    def find(self, text: str) -> list[Hit]:
        """The terms in a text of the source language, in order; none overlaps another."""
        if not self.may_have(text):
            return []
        tokens = tokenize(text)
        found = [
            (at, length, hit)
            for at, token in enumerate(tokens)
            for entry in self._by_first.get(token.norm, ())
            if (length := len(entry.words)) and (hit := _hit(tokens[at : at + length], entry))
        ]
        # Longest first; of the same words, the one that is written just so.
        found.sort(key=lambda each: (-each[1], not each[2].is_exact, not each[2].term.exact_case, each[0]))
        taken: set[int] = set()
        hits = []
        for at, length, hit in found:
            places = range(at, at + length)
            if taken.isdisjoint(places):
                taken.update(places)
                hits.append(hit)
        return sorted(hits, key=lambda hit: hit.start)

    def problems(self, source: str, hits: Sequence[Hit], translation: str) -> list[Problem]:
        """What is wrong with the terms that were found in ``source``; both are plain text. One of each kind a term.

        As often as a translation is wanted, so often it must be there.
        """
        text = Taken(translation, self.target)
        entries = [(hit, _entry(hit.term)) for hit in hits]
        # The longest is looked for first, so that “maré” is not found in “tabela de marés”.
        entries.sort(key=lambda each: (-len(each[1].target), each[0].start))
        found: dict[Problem, None] = {}
        for hit, entry in entries:
            if hit.term.is_kept:
                if not text.take_verbatim(dict.fromkeys([source[hit.start : hit.end], hit.term.source])):
                    found[Problem(hit.term, Fault.CHANGED)] = None
            elif entry.target and not text.take(entry.target, related):
                found[Problem(hit.term, Fault.MISSING)] = None
        for hit, entry in entries:
            for name, words in entry.forbidden:
                if text.take(words, _same):
                    found[Problem(hit.term, Fault.FORBIDDEN, name)] = None
        return list(found)


@dataclass(frozen=True, slots=True)
class _Identity:
    """Equal only to itself: hashing 2,000 terms for every segment would cost more than finding them."""

    terms: tuple[Term, ...]

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Identity) and self.terms is other.terms

    def __hash__(self) -> int:
        return id(self.terms)


def glossary(terms: tuple[Term, ...], source: str, target: str) -> Glossary:
    """The glossary of these terms between two languages (BCP 47); made once for one tuple."""
    return _glossary(_Identity(terms), source, target)


@lru_cache(maxsize=16)
def _glossary(held: _Identity, source: str, target: str) -> Glossary:
    return Glossary(held.terms, source, target)


def related(found: str, wanted: str, language: str = "") -> bool:
    """Whether two words (in small letters) may be forms of one.

    Those of four letters and more share their beginning and differ in at most three letters at the end; shorter ones
    have at most a plural ending. So *porto* passes for *porta*: a check that is silent now and then is of more use
    than one that cries at every plural. Function words may agree with others: *das* for *de*.
    """
    if _same(found, wanted):
        return True
    if is_function(found, language) and is_function(wanted, language):
        return found[0] == wanted[0]
    shared = _shared(found, wanted)
    if shared >= _SHORTEST_STEM and max(len(found), len(wanted)) - shared <= _LONGEST_ENDING:
        return True
    return language in _ATTACHING and len(wanted) > 1 and found[_LONGEST_ATTACHED:] in wanted and wanted in found


def _same(found: str, wanted: str, _: str = "") -> bool:
    return found == wanted or found in (f"{wanted}s", f"{wanted}es")


def _shared(one: str, other: str) -> int:
    length = 0
    for a, b in zip(one, other, strict=False):
        if a != b:
            break
        length += 1
    return length


@lru_cache(maxsize=8192)
def _entry(term: Term) -> _Entry:
    forbidden = tuple((name, _words(name)) for name in term.forbidden)
    exact = tuple(token.text for token in tokenize(term.source))
    return _Entry(term, _words(term.source), exact, _words(term.target), tuple(each for each in forbidden if each[1]))


def _words(text: str) -> Words:
    return tuple(token.norm for token in tokenize(text))


def _forms(word: str) -> Iterator[str]:
    if len(word) < _SHORTEST_INFLECTED or not word[-1].isalpha():
        yield from (word, f"{word}'s")  # “its” is no plural of “IT”
        return
    yield from (word + ending for ending in _ENDINGS)
    if word.endswith("y"):
        yield f"{word[:-1]}ies"


def _hit(tokens: Sequence[Token], entry: _Entry) -> Hit | None:
    """The term at these tokens, if they are its words, each perhaps with a plural ending."""
    if len(tokens) < len(entry.words):
        return None
    for token, word, exact in zip(tokens, entry.words, entry.exact, strict=True):
        if token.norm != word and token.norm not in _forms(word):
            return None
        if entry.term.exact_case and not token.text.startswith(exact):
            return None
    start, end = tokens[0].start, tokens[-1].end
    last = tokens[-1]
    if last.norm != entry.words[-1] and last.norm.endswith("'s"):
        end -= 2  # the possessive stays outside
        tokens = [*tokens[:-1], replace(last, norm=last.norm[:-2])]
    is_exact = all(token.norm == word for token, word in zip(tokens, entry.words, strict=True))
    return Hit(entry.term, start, end, is_exact) if is_exact or not entry.term.is_kept else None


def in_case(wanted: str, found: str, model: str, language: str) -> str:
    """``wanted`` in the capitals that ``found`` has beyond those of ``model``.

    >>> in_case("tabela de marés", "TIDE TABLE", "tide table", "pt")
    'TABELA DE MARÉS'
    >>> in_case("tabela de marés", "Tide Table", "tide table", "pt")
    'Tabela de Marés'
    >>> in_case("tabela de marés", "Tide table", "tide table", "pt")
    'Tabela de marés'
    """
    if is_capitals(found) and not is_capitals(model):
        return wanted.upper()
    if not found[:1].isupper() or model[:1].isupper():
        return wanted
    if is_title(found, language):
        return " ".join(w if is_function(w, language) else w[:1].upper() + w[1:] for w in wanted.split(" "))
    return wanted[:1].upper() + wanted[1:]


def is_title(text: str, language: str) -> bool:
    """Whether several words all begin with a capital, but for those that only tie others together."""
    words = text.split()
    return len(words) > 1 and all(word[:1].isupper() or is_function(word, language) for word in words)


def is_capitals(text: str) -> bool:
    return text.isupper() and sum(map(str.isalpha, text)) > 1


# --- on top of a base ---


def overlaid(
    segments: Iterable[Segment],
    targets: Mapping[str, str],
    base: Sequence[Term],
    own: tuple[Term, ...],
    languages: tuple[str, str],
) -> dict[str, str]:
    """The targets (by segment key, of the base of a language) with the terms of one section's own language.

    Where a source has one of the ``own`` terms, the base's translation of it, or one that ``own`` forbids, is replaced
    by ``own``'s in like case. Markup is untouched, and so is what stands in code. Other forms of the words (a plural)
    are left: they are terms of their own. ``languages`` are those of source and target.
    """
    result = dict(targets)
    if not own:
        return result
    known = {term.source.casefold(): term.target for term in base}
    terms = glossary(own, *languages)
    for segment in segments:
        if segment.key not in targets:
            continue
        replacements = {
            old: hit.term.target
            for hit in terms.find(visible(segment.source, is_markup=segment.markup))
            for old in (known.get(hit.term.source.casefold(), ""), *hit.term.forbidden)
            if old and hit.term.target not in ("", old)
        }
        if replacements:
            result[segment.key] = _replaced(targets[segment.key], replacements, languages[1], is_markup=segment.markup)
    return result


def _replaced(text: str, replacements: Mapping[str, str], language: str, *, is_markup: bool) -> str:
    old = sorted(replacements, key=len, reverse=True)
    names = {f"t{number}": each for number, each in enumerate(old)}
    alternatives = (f"(?P<{name}>{bounded(each, escape=is_markup)})" for name, each in names.items())
    pattern = re.compile("|".join(alternatives), re.IGNORECASE)

    def put(match: re.Match[str]) -> str:
        model = names[match.lastgroup or ""]
        found = unescape(match[0]) if is_markup else match[0]
        new = in_case(replacements[model], found, model, language)
        return markup.escape_text(new) if is_markup else new

    return "".join(pattern.sub(put, part) if is_text else part for part, is_text in _parts(text, is_markup=is_markup))


def visible(source: str, *, is_markup: bool) -> str:
    """The text of a segment without tags and code; ``|`` stands for code."""
    return markup.visible(source, without=markup.LITERAL, mark=" | ") if is_markup else source


def _parts(text: str, *, is_markup: bool) -> Iterator[tuple[str, bool]]:
    """A segment in parts: what is text for translating, and what is markup or code."""
    if not is_markup:
        yield text, True
        return
    depth = 0
    for token in markup.tokenize(text):
        if token.name in markup.LITERAL:
            depth += {Kind.OPEN: 1, Kind.CLOSE: -1}.get(token.kind, 0)
        yield text[token.start : token.end], token.kind is Kind.TEXT and not depth
