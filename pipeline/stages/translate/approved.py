"""What a person approved, segment by segment: in which form it is remembered, and how it stands in a text again.

The *normal form* of a segment is plain text in which each inline element is a numbered code: ``{1}…{/1}``, ``{2/}`` for
one without content. Attributes do not belong to it, so that a sentence is recognised although its link leads elsewhere
by now; the numbers are those of the source, in both languages. Braces of the text itself are doubled.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from html import unescape
from math import log
from typing import Final

from rapidfuzz.distance import Indel

from pipeline.documents import Metadata, Segment, SegmentedDocument, SegmentKind
from pipeline.stages import markup
from pipeline.stages.markup import Kind
from pipeline.stages.translate import verify
from pipeline.stages.translate.words import UNSPACED, words

CODE: Final = re.compile(r"\{\{|\}\}|\{(?P<close>/?)(?P<number>\d{1,4})(?P<empty>/?)\}")
"""A code of the normal form, or a doubled brace."""

SKETCH: Final = 6
"""How many words, or pairs of them, stand for a segment in the index of similar ones."""

ASKED: Final = 2 * SKETCH
"""How many words of a text are looked up there: what was added to a sentence must not hide what it shares."""

_SPACES: Final = re.compile(r"\s+")
_PLAIN_SPACES: Final = re.compile(r"[ \t\r\n\f]+")  # a no-break space of a translation is meant
_UNSPACED: Final = re.compile(f"[{UNSPACED}]")
_FEWEST_UNSPACED: Final = 6  # characters of Chinese, Japanese or Thai that are more than a word
_STEM: Final = 6
_WEIGHTS: Final = (0.0, 0.02, 0.03, 0.05, 0.3, 0.6)  # of short words, by length: they are the common ones


@dataclass(frozen=True, slots=True)
class Known:
    """One segment of a document as the memory knows it: normal form, and the hash of what stands around it."""

    text: str
    context: str  # empty when nothing stands around it


@dataclass(frozen=True, slots=True)
class _Part:
    """``text`` of the fragment, or the tag of the element ``number``."""

    kind: Kind
    raw: str
    number: int = 0


def normal(segment: Segment) -> str:
    """The normal form of a source text; empty when its markup can't be read."""
    if not segment.markup:
        return spaced(braced(segment.source), _SPACES, compose=True)
    parts = _parts(segment.source)
    return spaced(_coded(parts, {}), _SPACES, compose=True) if parts else ""


def normal_target(segment: Segment, target: str) -> str:
    """The normal form of a translation, with the codes of its source; empty when an element of it has no such code.

    Elements are recognised by their whole tag, else by their name, in order: existing translations have tags of their
    own.
    """
    if not segment.markup:
        return spaced(braced(target))
    source, parts = _parts(segment.source), _parts(target)
    numbers = _paired(source, parts)
    return "" if numbers is None else spaced(_coded(parts, numbers))


def fill(segment: Segment, target: str) -> str:
    """A normal form as a translation of this segment: with the segment's own tags; empty when they don't fit.

    Literals (code, keys) are taken over as they stand in the segment, white space and all.
    """
    if not segment.markup:
        return "" if any(match["number"] for match in CODE.finditer(target)) else _unbraced(target)
    elements = _elements(segment.source)
    written: list[str] = []
    at, literal = 0, 0
    for match in CODE.finditer(target):
        if not literal:
            written.append(markup.escape_text(target[at : match.start()]))
        at = match.end()
        if match["number"] is None:
            written += [] if literal else match[0][0]
            continue
        element = elements.get(int(match["number"]))
        if element is None:
            return ""
        if literal:
            literal = 0 if match["close"] and int(match["number"]) == literal else literal
        elif element.whole and not match["close"]:
            literal = int(match["number"])
            written.append(element.whole)
        else:
            written.append(element.close if match["close"] else element.open)
    written.append(markup.escape_text(target[at:]))
    filled = "".join(written)
    return filled if not literal and _parts(filled) else ""


def tags(segment: Segment) -> dict[int, str]:
    """The opening tag of each element of a source text, by its number in the normal form."""
    return {number: element.open for number, element in _elements(segment.source).items()} if segment.markup else {}


def problems(segment: Segment, target: str) -> list[str]:
    """What is broken in a translation that was filled in; see :mod:`verify`."""
    return verify.problems(segment.source, target) if segment.markup else []


def settled(source: str, target: str) -> tuple[str, str]:
    """A pair of texts from elsewhere in normal form: codes numbered in the order of the source, white space as ours."""
    numbers: dict[str, int] = {}

    def renumbered(match: re.Match[str]) -> str:
        if match["number"] is None:
            return match[0]
        number = numbers.setdefault(match["number"], len(numbers) + 1)
        return f"{{{match['close']}{number}{match['empty']}}}"

    source = CODE.sub(renumbered, source)
    return spaced(source, _SPACES, compose=True), spaced(CODE.sub(renumbered, target))


def known(document: SegmentedDocument) -> dict[str, Known]:
    """Each segment of a document that has a normal form, by key, with its context: its neighbours to both sides.

    Attributes stand beside the text, not in it: they are no neighbours, and have those of the run around them.
    """
    texts = {segment.key: normal(segment) for segment in document.segments}
    running = [each.key for each in document.segments if each.kind is not SegmentKind.ATTRIBUTE]
    found: dict[str, Known] = {}
    at = -1
    for segment in document.segments:
        beside = segment.kind is SegmentKind.ATTRIBUTE
        at += not beside
        before = texts[running[at - (not beside)]] if at - (not beside) >= 0 else ""
        after = texts[running[at + 1]] if at + 1 < len(running) else ""
        if texts[segment.key]:
            context = digest(f"{segment.kind.value}\n{before}\n{after}") if before or after else ""
            found[segment.key] = Known(texts[segment.key], context)
    return found


def home(metadata: Metadata) -> str:
    """What tells the segments of one article from those of others, through all its revisions; empty when nothing does.

    An article with neither key nor canonical URL has no later revisions.
    """
    if metadata.key:
        return digest(f"key={metadata.key}")
    return digest(f"url={metadata.canonical_url}") if metadata.canonical_url else ""


def is_ambiguous(kind: SegmentKind, text: str) -> bool:
    """Whether a normal form says too little to be translated alike everywhere: a headline, a title, a single word."""
    if kind in (SegmentKind.TITLE, SegmentKind.HEADLINE):
        return True
    plain = visible(text)
    if _UNSPACED.search(plain):
        return len(words(plain)) < _FEWEST_UNSPACED
    return sum(markup.has_letter(word.text) for word in words(plain)) < 2


def visible(text: str) -> str:
    """A normal form without its codes."""
    if "{" not in text and "}" not in text:
        return text
    return spaced(CODE.sub(lambda match: match[0][0] if match["number"] is None else "", text))


def digest(text: str) -> str:
    """The hash under which a text is looked up: 32 hexadecimal digits of its SHA-256."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:32]


def likeness(first: str, second: str) -> float:
    """How much two normal forms say the same: 0 to 1, by the letters that both have in order (Indel distance).

    Codes and the size of letters count little: what a translator can set right at a glance.
    """
    plain = Indel.normalized_similarity(visible(first).casefold(), visible(second).casefold())
    return plain if first == second or plain < 1 else 0.99


def sketch(pair: tuple[str, str], text: str, size: int = SKETCH) -> tuple[int, ...]:
    """What similar segments of a pair of languages are found by: a few words and pairs of words, as numbers below 2⁶³.

    Consistent weighted sampling: a word's rank is drawn by its hash, long words (the rare ones, mostly) are favoured.
    Two texts that share most words so share most of their sketch, whatever else the memory holds.
    """
    ranks = {}
    for stem, weight in _stems(visible(text)):
        name = f"{pair[0]}\n{pair[1]}\n{stem}".encode("utf-8", "surrogatepass")
        number = int.from_bytes(hashlib.blake2b(name, digest_size=8).digest()) >> 1
        ranks[number] = -log((number + 1) / 2**63) / weight
    return tuple(sorted(ranks, key=ranks.__getitem__)[:size])


def _stems(text: str) -> Iterator[tuple[str, float]]:
    """Words and pairs of neighbours, with their weights: pairs are rarer, a word survives when its neighbour changes.

    Inflections mostly share their beginning. A character of an unspaced script counts with the one before it.
    """
    before, weight_before = "", 0.0
    previous = ""
    for word in words(text):
        character = word.norm if _UNSPACED.match(word.norm) else ""
        stem = previous + character if character else word.norm[:_STEM]
        weight = 1.0 if character or len(word.norm) >= len(_WEIGHTS) else _WEIGHTS[len(word.norm)]
        yield stem, weight / 2
        if before:
            yield f"{before} {stem}", (weight_before + weight) / 2
        before, weight_before, previous = stem, weight, character


def _parts(html: str) -> list[_Part]:
    """The fragment in parts, its elements numbered from 1; an empty list when they are not well nested."""
    parts: list[_Part] = []
    stack: list[tuple[int, str]] = []
    number = 0
    for token in markup.tokenize(html):
        raw = html[token.start : token.end]
        if token.kind is Kind.TEXT:
            parts.append(_Part(token.kind, raw))
        elif token.kind is Kind.CLOSE:
            if not stack or stack[-1][1] != token.name:
                return []
            parts.append(_Part(token.kind, raw, stack.pop()[0]))
        else:
            number += 1
            if token.kind is Kind.OPEN:
                stack.append((number, token.name))
            parts.append(_Part(Kind.OPEN if token.kind is Kind.OPEN else Kind.VOID, raw, number))
    return [] if stack else parts


def _coded(parts: Sequence[_Part], numbers: Mapping[int, int]) -> str:
    shapes = {Kind.OPEN: "{%d}", Kind.CLOSE: "{/%d}", Kind.VOID: "{%d/}"}
    return "".join(
        braced(unescape(part.raw))
        if part.kind is Kind.TEXT
        else shapes[part.kind] % numbers.get(part.number, part.number)
        for part in parts
    )


def _paired(source: Sequence[_Part], target: Sequence[_Part]) -> dict[int, int] | None:
    """For each element of a target the number of its counterpart in the source; ``None`` when one has none."""
    free = [part for part in source if part.kind in (Kind.OPEN, Kind.VOID)]
    numbers: dict[int, int] = {}
    for exact in (True, False):
        waiting: dict[tuple[Kind, str], list[int]] = defaultdict(list)
        for part in reversed(free):
            waiting[part.kind, part.raw if exact else _name(part.raw)].append(part.number)
        for part in target:
            if part.kind not in (Kind.OPEN, Kind.VOID) or part.number in numbers:
                continue
            if matching := waiting[part.kind, part.raw if exact else _name(part.raw)]:
                numbers[part.number] = matching.pop()
            elif not exact:
                return None
        taken = set(numbers.values())
        free = [part for part in free if part.number not in taken]
    return numbers if target else None


def _name(tag: str) -> str:
    return re.split(r"[\s/>]", tag[1:], maxsplit=1)[0].lower()


@dataclass(frozen=True, slots=True)
class _Element:
    """The tags of an element as written; ``whole`` with all that is in it, for a literal."""

    open: str
    close: str = ""
    whole: str = ""


def _elements(html: str) -> dict[int, _Element]:
    parts = _parts(html)
    starts = {part.number: at for at, part in enumerate(parts) if part.kind in (Kind.OPEN, Kind.VOID)}
    ends = {part.number: at for at, part in enumerate(parts) if part.kind is Kind.CLOSE}
    found = {}
    for number, start in starts.items():
        tag = parts[start].raw
        if number not in ends:
            found[number] = _Element(tag)
            continue
        end = ends[number]
        literal = _name(tag) in markup.LITERAL
        found[number] = _Element(
            tag, parts[end].raw, "".join(part.raw for part in parts[start : end + 1]) if literal else ""
        )
    return found


def spaced(text: str, spaces: re.Pattern[str] = _PLAIN_SPACES, *, compose: bool = False) -> str:
    """Text of a normal form with single spaces, and none around it."""
    return spaces.sub(" ", unicodedata.normalize("NFC", text) if compose else text).strip()


def braced(text: str) -> str:
    """Plain text as it stands in a normal form."""
    return text.replace("{", "{{").replace("}", "}}")


def _unbraced(text: str) -> str:
    return text.replace("{{", "{").replace("}}", "}")
