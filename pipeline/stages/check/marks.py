"""Where marks, quotation marks and spaces of a text would have to be changed, for what the checks find wrong with them.

Each function takes source and target text with their languages (BCP 47), and gives sets of changes, best first.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from pipeline.stages.check.languages import UNSPACED, territory
from pipeline.stages.check.prose import Edit
from pipeline.stages.check.punctuation import ending
from pipeline.stages.check.reading import OBJECT
from pipeline.stages.translate.typography import marks_of
from pipeline.stages.translate.words import base_language

_DOUBLE: Final = re.compile('(?<!\\d)["″]|[“”„‟«»「」『』]')
_CLOSERS: Final = "\"'”“’‘»«›‹」』）)]}】〉》" + OBJECT
_TRAILING: Final = re.compile(rf"[{re.escape(_CLOSERS)}\s\xa0\u202f]*\Z")
_SIGNS: Final = "?？؟⸮!！:：….。．｡।॥۔։።;\u037e"
_LAST_SIGNS: Final = re.compile(rf"[ \xa0\u202f]*[{re.escape(_SIGNS)}]+\Z")

_NARROW: Final = "\u202f"
_NO_BREAK: Final = "\xa0"

_FULL_STOPS: Final = {
    "ur": "۔",
    **dict.fromkeys(["hi", "bn", "ne", "pa", "as", "or", "sa"], "।"),
    **dict.fromkeys(["zh", "ja"], "。"),
    "hy": "։",
    "my": "။",
    "am": "።",
}
_QUESTIONS: Final = {
    **dict.fromkeys(["ar", "fa", "ur", "ps", "ckb", "ug", "sd"], "؟"),
    **dict.fromkeys(["zh", "ja"], "？"),
    "el": ";",
}
_WIDE: Final = {"exclamation": "！", "colon": "："}
_PLAIN: Final = {"question": "?", "exclamation": "!", "colon": ":", "ellipsis": "…", "full stop": "."}
_SPANISH: Final = {"?": "¿", "!": "¡"}
_INVERTING: Final = frozenset(["es", "ast"])
_SENTENCE_END: Final = re.compile(r"[.!?…:]+[\"”»’)]*\s+")
_LONGEST_SENTENCE: Final = 1_000


def quotes(source: str, target: str, _ours: str, theirs: str) -> Iterator[list[Edit]]:
    """The language's own quotation marks in the place of others; a lost pair or one of it, where it is plain where."""
    opening, closing, *_ = marks_of(theirs)
    there = list(_DOUBLE.finditer(target))
    given = _DOUBLE.findall(source)
    if there and len(there) % 2 == 0:
        yield from _exchanged(target, there, (opening, closing), plain='"' in given)
    stripped = source.strip()
    begins, ends = _DOUBLE.match(stripped), _DOUBLE.fullmatch(stripped[-1:])
    first, last = len(target) - len(target.lstrip()), len(target.rstrip())
    if not there and len(given) == 2:
        if begins and ends:
            yield [(first, first, opening), (last, last, closing)]
        yield from _verbatim(source, target, (opening, closing))
    elif len(there) % 2:
        if begins and there[0].start() > first:
            yield [(first, first, opening)]
        if ends and there[-1].end() < last:
            yield [(last, last, closing)]


def _exchanged(target: str, there: list[re.Match[str]], marks: tuple[str, str], *, plain: bool) -> Iterator[list[Edit]]:
    edits: list[Edit] = []
    for number, match in enumerate(there):
        opens = number % 2 == 0
        start, end = match.span()
        if (opens and target[:start][-1:].isalnum()) or (not opens and target[end:][:1].isalnum()):
            return  # what belongs together is not plain
        if plain and match[0] in '"″':
            continue
        if opens:  # with the spaces inside, which French has and others have not
            end += len(target[end:]) - len(target[end:].lstrip(" \xa0\u202f"))
        else:
            start -= len(target[:start]) - len(target[:start].rstrip(" \xa0\u202f"))
        mark = marks[0] if opens else marks[1]
        if target[start:end] != mark:
            edits.append((start, end, mark))
    yield edits


def _verbatim(source: str, target: str, marks: tuple[str, str]) -> Iterator[list[Edit]]:
    """What the source quotes stands in the translation as it is: a name."""
    one, two = list(_DOUBLE.finditer(source))[:2]
    quoted = source[one.end() : two.start()].strip()
    at = target.find(quoted)
    if len(quoted) > 1 and at >= 0 and target.find(quoted, at + 1) < 0:
        yield [(at, at, marks[0]), (at + len(quoted), at + len(quoted), marks[1])]


def endings(source: str, target: str, ours: str, theirs: str) -> Iterator[list[Edit]]:
    """The last mark of the source in the target's form, in the place of another, or where none is; ¿ and ¡."""
    wanted, there = ending(source, ours), ending(target, theirs)
    inverted = _inverted(target) if base_language(theirs) in _INVERTING else []
    if wanted == there:
        yield inverted
        return
    sign = _sign(wanted, theirs)
    tail = _TRAILING.search(target)
    closed = tail.start() if tail else len(target)
    standing = _LAST_SIGNS.search(target[:closed]) or (_LAST_SIGNS.search(target.rstrip()) if closed else None)
    if standing:
        yield [*_opened(target, sign, theirs), (standing.start(), standing.end(), sign)]
    elif sign:
        # As in the source: before what closes there, or behind it.
        outer = len(target.rstrip())
        inside = bool(re.search(rf"[{re.escape(_SIGNS)}][{re.escape(_CLOSERS)}]+\s*\Z", source))
        for place in (closed, outer) if inside else (outer, closed):
            yield [*_opened(target, sign, theirs), (place, place, sign)]


def _sign(kind: str, tag: str) -> str:
    """A mark of a kind as a language writes it, with the no-break space that French sets before it."""
    name = base_language(tag)
    if kind == "full stop":
        return _FULL_STOPS.get(name, ".")
    if kind == "question" and name in _QUESTIONS:
        return _QUESTIONS[name]
    if name in ("zh", "ja") and kind in _WIDE:
        return _WIDE[kind]
    sign = _PLAIN.get(kind, "")
    if name == "fr" and sign:
        if sign == ":":
            return f"{_NO_BREAK}:"
        if sign in "?!" and territory(tag) not in ("CA", "CH"):
            return f"{_NARROW}{sign}"
    return sign


def _opened(target: str, sign: str, tag: str) -> list[Edit]:
    """The mark that opens a Spanish question which is to end with ``sign``."""
    mark = _SPANISH.get(sign) if base_language(tag) in _INVERTING else None
    if mark is None or mark in target:
        return []
    place = _begin(target, len(target))
    return [(place, place, mark)]


def _inverted(target: str) -> list[Edit]:
    edits: list[Edit] = []
    for sign, mark in _SPANISH.items():
        if mark in target:
            continue
        places = dict.fromkeys(_begin(target, match.start()) for match in re.finditer(re.escape(sign), target))
        edits += [(place, place, mark) for place in places]
    return edits


def _begin(text: str, end: int) -> int:
    """Where the sentence begins that ends before ``end``, behind marks that open it."""
    before = list(_SENTENCE_END.finditer(text, max(0, end - _LONGEST_SENTENCE), end))
    at = before[-1].end() if before else 0
    while at < end and (text[at].isspace() or text[at] in '"“„«‘‚([—–-'):
        at += 1
    return at


_DOUBLED: Final = re.compile(r"(?<=\S)[ \xa0]{2,}(?=\S)")
_BEFORE: Final = re.compile(r"(?<=\w)[ \xa0\u202f]+(?=[,.;:!?،؛؟۔](?:\s|\Z)|[，。；：！？、])")
_AFTER: Final = re.compile(r"(?<=[^\W\d_]{2}[,;:!?.])(?=[^\W\d_]{2})")
_FRENCH: Final = re.compile(r"(?<=[\w)»”]) ?(?=[;!?](?:\s|\Z))")
_FRENCH_WIDE: Final = re.compile(r"(?<=[\w)»”]) ?(?=:(?:\s|\Z)|»)|(?<=«) ?(?=[\w(])")


def spaces(_source: str, target: str, _ours: str, theirs: str) -> Iterator[list[Edit]]:
    """One space for two, none before a comma, one behind it; no-break spaces in French. All of them, then each kind."""
    name = base_language(theirs)
    kinds: list[list[Edit]] = [[(match.start(), match.end(), " ") for match in _DOUBLED.finditer(target)]]
    if name == "fr":
        kinds += [_set(_FRENCH_WIDE, target, _NO_BREAK)]
        kinds += [] if territory(theirs) in ("CA", "CH") else [_set(_FRENCH, target, _NARROW)]
    else:
        kinds += [_set(_BEFORE, target, "")]
    if name not in UNSPACED:
        kinds += [_set(_AFTER, target, " ")]
    kinds = [kind for kind in kinds if kind]
    yield _apart([edit for kind in kinds for edit in kind])
    yield from kinds


def _set(pattern: re.Pattern[str], target: str, space: str) -> list[Edit]:
    return [(match.start(), match.end(), space) for match in pattern.finditer(target)]


def _apart(edits: list[Edit]) -> list[Edit]:
    """Without those that overlap one before."""
    kept: list[Edit] = []
    for edit in sorted(edits):
        if not kept or edit[0] >= kept[-1][1]:
            kept.append(edit)
    return kept
