"""What a translation did to the markup of a body, counted on html5lib trees.

Nothing here uses the translate room: what it overlooks, this must see.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field

import html5lib

from tests.quality.spans import TRANSLATED, UNTRANSLATED, XHTML, Signature

INLINE = frozenset(
    [
        *("a", "abbr", "acronym", "b", "bdi", "bdo", "big", "cite", "code", "data", "del", "dfn", "em", "font", "i"),
        *("img", "ins", "kbd", "label", "mark", "q", "rb", "rp", "rt", "ruby", "s", "samp", "small", "span", "strike"),
        *("strong", "sub", "sup", "time", "tt", "u", "var", "wbr"),
    ]
)
_ADDRESSES = ("href", "src", "cite", "poster")
_URL = re.compile(r"(?:https?://|www\.|mailto:|tel:)[^\s<>“”\"»]*[^\s<>“”\"».,;:!?)\]’]|[\w.+%-]+@[\w-]+(?:\.[\w-]+)+")
_PLUGIN = re.compile(r"\{(\w+)[^{}]*\}(?:[^{}]*\{/\1\})?")
_AND = re.compile(r"(?<=\s)&(?=\s)")
_NUMBER_AND_UNIT = re.compile(r"\d\xa0(?![ap]\.?m\b)\S")  # 8 p.m. becomes 20:00 or “8 da noite”
_BARE = re.compile(r"&(?!(?:[a-zA-Z][a-zA-Z0-9]*|#\d+|#[xX][0-9a-fA-F]+);)")
_OPENING, _CLOSING, _DASHES = "([{“‘«„", ")]}”’»,.;:!?…", "–—"

Wrong = Callable[[str, str, str], bool]
"""Of the characters on both sides of a tag, and the tag: whether they should not meet."""


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that is wrong: ``kind`` is a name in floors.toml."""

    kind: str
    message: str


@dataclass(frozen=True, slots=True)
class Seen:
    """An inline element: in which run of text it stands, in which inline element, and whether it holds words."""

    unit: int
    signature: Signature
    parent: Signature
    filled: bool


@dataclass(slots=True)
class Reading:
    """A body as it is counted. A *unit* is a run of inline content between borders of blocks or ``<br>``."""

    blocks: list[str] = field(default_factory=list)  # borders of blocks, in order
    elements: list[Seen] = field(default_factory=list)
    texts: list[str] = field(default_factory=lambda: [""])  # of each unit
    borders: list[tuple[int, int, str]] = field(default_factory=list)  # unit, position in its text, tag
    code: list[str] = field(default_factory=list)
    pre: list[str] = field(default_factory=list)
    addresses: list[str] = field(default_factory=list)


def read(html: str) -> Reading:
    """Read a body."""
    reader = _Reader()
    root = html5lib.parseFragment(html, container="div")
    reader.content(root, ())
    return reader.reading


class _Reader:
    def __init__(self) -> None:
        self.reading = Reading()

    @property
    def unit(self) -> int:
        return len(self.reading.texts) - 1

    def content(self, element, parent: Signature) -> None:
        self._text(element.text)
        for child in element:
            if isinstance(child.tag, str):
                self._element(child, parent)
            self._text(child.tail)

    def _element(self, child, parent: Signature) -> None:
        tag = child.tag.removeprefix(XHTML)
        signature = (tag, *sorted(f"{name}={value}" for name, value in child.attrib.items() if name not in TRANSLATED))
        self.reading.addresses += [f"{tag} {child.attrib[name]}" for name in _ADDRESSES if name in child.attrib]
        if tag in INLINE:
            self._inline(child, tag, signature, parent)
        else:
            self._block(child, tag, signature, parent)

    def _inline(self, child, tag: str, signature: Signature, parent: Signature) -> None:
        unit = self.unit
        self._border(f"<{' '.join(signature)}>")
        self.content(child, signature)
        self._border(f"</{' '.join(signature)}>")
        text = "".join(child.itertext())
        self.reading.elements.append(Seen(unit, signature, parent, any(map(str.isalnum, text))))
        if tag in UNTRANSLATED:
            self.reading.code.append(f"{tag} {text}")

    def _block(self, child, tag: str, signature: Signature, parent: Signature) -> None:
        if tag == "pre":
            self.reading.pre.append(f"{signature} {_outline(child)}")
        self.reading.blocks.append(" ".join(signature))
        self.reading.texts.append("")
        self.content(child, parent if tag == "br" else ())
        if tag != "br":
            self.reading.blocks.append("/" + tag)
            self.reading.texts.append("")

    def _border(self, tag: str) -> None:
        self.reading.borders.append((self.unit, len(self.reading.texts[-1]), tag))

    def _text(self, text: str | None) -> None:
        self.reading.texts[-1] += text or ""


def _outline(element) -> str:
    """The very content of an element, with its tags."""
    parts = [element.text or ""]
    for child in element:
        if isinstance(child.tag, str):
            parts.append(f"<{child.tag.removeprefix(XHTML)} {sorted(child.attrib.items())}>{_outline(child)}</>")
        parts.append(child.tail or "")
    return "".join(parts)


def paragraphs(html: str) -> list[str]:
    """The text of each run of inline content that has words, white space collapsed; none of ``pre``."""
    root = html5lib.parseFragment(html, container="div")
    for parent in list(root.iter()):
        for child in [child for child in parent if child.tag == f"{XHTML}pre"]:
            for inner in list(child):
                child.remove(inner)
            child.text = ""
    reader = _Reader()
    reader.content(root, ())
    return [" ".join(text.split()) for text in reader.reading.texts if any(map(str.isalpha, text))]


def faults(source: str, target: str) -> list[Fault]:
    """Everything that is wrong with ``target``, a translation of the body ``source``."""
    ours, theirs = read(source), read(target)
    return [
        *_block_faults(ours, theirs),
        *_element_faults(ours, theirs),
        *_emptied(ours, theirs),
        *_changed("code", ours.code, theirs.code),
        *_changed("pre", ours.pre, theirs.pre),
        *_changed("urls", ours.addresses + _found(_URL, ours), theirs.addresses + _found(_URL, theirs)),
        *_changed("plugins", _found(_PLUGIN, ours), _found(_PLUGIN, theirs)),
        *_entity_faults(source, target, ours, theirs),
        *_nbsp_faults(ours, theirs),
        *_border_faults("joined", ours, theirs),
        *_border_faults("spaces", ours, theirs),
    ]


def _block_faults(ours: Reading, theirs: Reading) -> Iterator[Fault]:
    if ours.blocks != theirs.blocks:
        changed = (Counter(ours.blocks) - Counter(theirs.blocks)) + (Counter(theirs.blocks) - Counter(ours.blocks))
        yield from (Fault("blocks", f"<{tag}> came or went") for tag in changed.elements())
        if not changed:
            yield Fault("blocks", "the blocks stand in another order")


def _element_faults(ours: Reading, theirs: Reading) -> Iterator[Fault]:
    """An element that is lost in one unit and new in another one is moved, once."""
    before, after = (Counter(each.signature for each in reading.elements) for reading in (ours, theirs))
    yield from _faults("lost", "is lost", before - after)
    yield from _faults("doubled", "is new", after - before)
    left, came = _places(ours), _places(theirs)
    strayed = Counter(signature for (_, signature, _), n in (left - came).items() for _ in range(n))
    yield from _faults("moved", "stands elsewhere", strayed - (before - after))


def _places(reading: Reading) -> Counter[tuple[int, Signature, Signature]]:
    return Counter((each.unit, each.signature, each.parent) for each in reading.elements)


def _faults(kind: str, what: str, signatures: Counter[Signature]) -> Iterator[Fault]:
    yield from (Fault(kind, f"<{' '.join(signature)}> {what}") for signature in signatures.elements())


def _emptied(ours: Reading, theirs: Reading) -> Iterator[Fault]:
    before, after = (Counter(e.signature for e in reading.elements if not e.filled) for reading in (ours, theirs))
    both = Counter(e.signature for e in ours.elements) & Counter(e.signature for e in theirs.elements)
    for signature, count in (after - before).items():
        yield from _faults("emptied", "has no words left", Counter({signature: min(count, both[signature])}))
    for text, other in _units(ours, theirs):
        if any(map(str.isalnum, text)) and not any(map(str.isalnum, other)):
            yield Fault("emptied", f"nothing is left of “{text.strip()[:60]}”")


def _found(pattern: re.Pattern[str], reading: Reading) -> list[str]:
    return [match[0] for text in reading.texts for match in pattern.finditer(text)]


def _changed(kind: str, before: Iterable[str], after: Iterable[str]) -> Iterator[Fault]:
    ours, theirs = Counter(before), Counter(after)
    lost, new = sorted((ours - theirs).elements()), sorted((theirs - ours).elements())
    for index in range(max(len(lost), len(new))):
        yield Fault(kind, f"{lost[index] if index < len(lost) else ''} → {new[index] if index < len(new) else ''}")


def _entity_faults(source: str, target: str, ours: Reading, theirs: Reading) -> Iterator[Fault]:
    """Signs that are written as entities: as often as before in each unit, and no level up or down."""
    for text, other in _units(ours, theirs):
        for sign in "<>&":
            free = len(_AND.findall(text)) if sign == "&" else 0  # "poppies & mallows": may become a word
            if not text.count(sign) - free <= other.count(sign) <= text.count(sign):
                yield Fault("entities", f"{text.count(sign)} × {sign} → {other.count(sign)} × in “{other[:80]}”")
    bare = len(_BARE.findall(target)) - len(_BARE.findall(source))
    yield from (Fault("entities", "a bare &") for _ in range(bare))


def _nbsp_faults(ours: Reading, theirs: Reading) -> Iterator[Fault]:
    """Only between a number and what it counts: elsewhere the words around it may come apart in translation."""
    for text, other in _units(ours, theirs):
        for match in list(_NUMBER_AND_UNIT.finditer(text))[len(_NUMBER_AND_UNIT.findall(other)) :]:
            yield Fault("nbsp", f"after {text[: match.end()][-15:]!r} in “{other.strip()[:80]}”")


def _units(ours: Reading, theirs: Reading) -> Iterator[tuple[str, str]]:
    """The texts of each unit; nothing when blocks came or went, which is a fault of its own."""
    if len(ours.texts) == len(theirs.texts):
        yield from zip(ours.texts, theirs.texts, strict=True)


def _border_faults(kind: str, ours: Reading, theirs: Reading) -> Iterator[Fault]:
    wrong: Wrong = _joined if kind == "joined" else _tight
    before, after = _borders(ours, wrong), _borders(theirs, wrong)
    same = len(ours.texts) == len(theirs.texts)  # else units can't be compared one by one
    known: Counter[tuple[int, str]] = Counter()
    for (unit, tag), places in before.items():
        known[unit * same, tag] += len(places)
    for (unit, tag), places in after.items():
        for place in places[known[unit * same, tag] :]:
            yield Fault(kind, f"{tag} in “{place}”")


def _borders(reading: Reading, wrong: Wrong) -> dict[tuple[int, str], list[str]]:
    found: dict[tuple[int, str], list[str]] = {}
    for unit, at, tag in reading.borders:
        text = reading.texts[unit]
        if 0 < at < len(text) and wrong(text[at - 1], text[at], tag):
            found.setdefault((unit, tag), []).append(text[max(0, at - 25) : at] + "|" + text[at : at + 25])
    return found


def _joined(left: str, right: str, tag: str) -> bool:
    """Whether two words touch. The number of a footnote belongs to the word before it: *river¹*."""
    reference = tag.startswith(("<sup", "<sub", "<a href=#")) and left.isalpha() and right.isdigit()
    return left.isalnum() and right.isalnum() and not reference


def _tight(left: str, right: str, tag: str) -> bool:
    """Whether a space is missing between a word and a mark that belongs to the next word, or the other way round."""
    if tag.startswith(("<sup", "<sub", "<a href=#")):
        return False
    after_mark = left in _CLOSING + _DASHES and (right.isalnum() or right in _OPENING)
    return after_mark or (left.isalnum() and right in _OPENING + _DASHES)
