"""Approved segments as TMX 1.4, the exchange format of translation memories: written and read as a stream.

Neither side ever holds a memory as a whole. translate-toolkit, which reads TMX as well, builds the tree of the whole
file and gives the text of a segment without its inline codes; the tests use it as a second opinion. The file is read by
expat, with its line numbers in every message: entities other than XML's own are refused, and nothing outside the file
is ever loaded.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import IO, Any, Final
from xml.parsers import expat
from xml.sax.saxutils import escape, quoteattr

from pipeline.errors import Permanent
from pipeline.stages.translate.approved import CODE, braced, spaced

BLOCK: Final = 65_536
LONGEST_UNIT: Final = 1_000_000  # characters of one translation unit as it is written: texts, codes, properties, tags
DEEPEST: Final = 32
_TIME: Final = "%Y%m%dT%H%M%SZ"
_NOT_XML: Final = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_CODES: Final = frozenset(["bpt", "ept", "ph", "it", "ut", "hi"])
_OPEN, _CLOSE, _EMPTY = "open", "close", "empty"


@dataclass(frozen=True, slots=True)
class Exchanged:
    """One unit as it stands in a TMX file: texts in normal form by language tag as written, and what is known of them.

    ``source`` is the tag of the source language, or empty where the file does not say. ``properties`` are ``<prop>``
    elements by type. ``line`` is where the unit begins.
    """

    source: str
    texts: dict[str, str]
    author: str = ""
    approver: str = ""
    created_at: datetime | None = None
    approved_at: datetime | None = None
    properties: dict[str, str] = field(default_factory=dict)
    line: int = 0


def write(units: Iterable[Exchanged], out: IO[str], tool_version: str) -> int:
    """Write units as a TMX file. Returns their number."""
    out.write(
        '<?xml version="1.0" encoding="utf-8"?>\n<tmx version="1.4">\n'
        f'<header creationtool="Sectionwire" creationtoolversion={quoteattr(tool_version)} segtype="block" '
        'o-tmf="Sectionwire" adminlang="en" srclang="*all*" datatype="html"/>\n<body>\n'
    )
    number = 0
    for number, unit in enumerate(units, 1):  # noqa: B007 - counted
        out.write(_unit(unit))
    out.write("</body>\n</tmx>\n")
    return number


def _unit(unit: Exchanged) -> str:
    said = {
        "srclang": unit.source,
        "creationdate": unit.created_at.astimezone(UTC).strftime(_TIME) if unit.created_at else "",
        "creationid": unit.author,
        "changedate": unit.approved_at.astimezone(UTC).strftime(_TIME) if unit.approved_at else "",
        "changeid": unit.approver,
    }
    attributes = "".join(f" {name}={quoteattr(_xml(value))}" for name, value in said.items() if value)
    properties = "".join(
        f'<prop type="{name}">{escape(_xml(value))}</prop>' for name, value in unit.properties.items() if value
    )
    texts = "".join(f'<tuv xml:lang="{tag}"><seg>{_segment(text)}</seg></tuv>\n' for tag, text in unit.texts.items())
    return f"<tu{attributes}>{properties}\n{texts}</tu>\n"


def _segment(text: str) -> str:
    parts, at = [], 0
    for match in CODE.finditer(text):
        parts.append(escape(_xml(text[at : match.start()])))
        at = match.end()
        number = match["number"]
        if number is None:
            parts.append(match[0][0])
        elif match["empty"]:
            parts.append(f'<ph x="{number}">{match[0]}</ph>')
        elif match["close"]:
            parts.append(f'<ept i="{number}">{match[0]}</ept>')
        else:
            parts.append(f'<bpt i="{number}" x="{number}">{match[0]}</bpt>')
    return "".join([*parts, escape(_xml(text[at:]))])


def _xml(text: str) -> str:
    return _NOT_XML.sub("\ufffd", text)


def read(stream: IO[bytes], name: str) -> Iterator[Exchanged]:
    """The units of a TMX file, as they come.

    A unit with codes that have no partner has no texts: it fits nothing. ``name`` stands in the messages.

    Raises:
        Permanent: it is no TMX, not well-formed, declares entities or holds a unit beyond all measure; the message
            names the line. What came before has been yielded.
    """
    reader = _Reader(name)
    block = b"\n"
    while block:
        block = stream.read(BLOCK)
        try:
            reader.feed(block, last=not block)
        finally:
            yield from reader.taken()
    if not reader.is_tmx:
        raise Permanent(f"{name} is no TMX file: it is empty.", "Give a file that a translation memory has exported.")


@dataclass(slots=True)
class _Variant:
    """One ``<tuv>``: its text in pieces, codes as (shape, number) of their own numbering."""

    language: str
    pieces: list[str | tuple[str, str]] = field(default_factory=list)
    highlights: int = 0


class _Reader:
    def __init__(self, name: str) -> None:
        self.name = name
        self.is_tmx = False
        self.source = ""
        self.units: list[Exchanged] = []
        self.fed = 0  # bytes
        self.path: list[str] = []
        self.unit: dict[str, str] = {}
        self.line = 0
        self.length = 0
        self.properties: dict[str, str] = {}
        self.property = ""
        self.variants: list[_Variant] = []
        self.shut = 0  # how many elements whose text is not the segment's are open
        self.highlights: list[str] = []
        self.parser = self._parser()

    def _parser(self) -> expat.XMLParserType:
        parser = expat.ParserCreate()
        parser.buffer_text = True
        parser.SetParamEntityParsing(expat.XML_PARAM_ENTITY_PARSING_NEVER)
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._text
        parser.EntityDeclHandler = self._refuse
        parser.UnparsedEntityDeclHandler = self._refuse
        parser.ExternalEntityRefHandler = self._refuse
        parser.SkippedEntityHandler = self._unknown
        return parser

    def feed(self, block: bytes, *, last: bool = False) -> None:
        if last and not self.is_tmx and not self.parser.CurrentByteIndex > 0:
            return
        self.fed += len(block)
        try:
            self.parser.Parse(block, last)
        except expat.ExpatError as error:
            what = expat.errors.messages[error.code]
            raise Permanent(
                f"{self.name}:{error.lineno}: this is not well-formed XML: {what}.",
                "Export the file again, or mend this line.",
            ) from None
        except (LookupError, ValueError) as error:
            raise Permanent(
                f"{self.name}:{self.parser.CurrentLineNumber}: {error}.", "Save the file in UTF-8."
            ) from None
        # A tag or a comment that does not end is kept by expat, who shows it to nobody before.
        if self.fed - self.parser.CurrentByteIndex > 4 * LONGEST_UNIT:
            raise self._too_long()

    def taken(self) -> list[Exchanged]:
        units, self.units = self.units, []
        return units

    def _fault(self, what: str, remedy: str) -> Permanent:
        return Permanent(f"{self.name}:{self.parser.CurrentLineNumber}: {what}.", remedy)

    def _too_long(self) -> Permanent:
        return self._fault(f"a unit has more than {LONGEST_UNIT:,} characters", "Take it out of the file.")

    def _grow(self, characters: int) -> None:
        self.length += characters
        if self.length > LONGEST_UNIT:
            raise self._too_long()

    def _refuse(self, *_: Any) -> int:
        raise self._fault(
            "the file declares entities of its own, which can hide anything", "Export it without a document type."
        )

    def _unknown(self, name: str, *_: Any) -> None:
        raise self._fault(f"the file does not say what &{name[:40]}; is", "Write the character itself.")

    def _start(self, tag: str, attributes: dict[str, str]) -> None:
        tag = tag.rpartition(":")[2]
        if not self.is_tmx:
            if tag != "tmx":
                raise self._fault(f"this is no TMX file: it begins with <{tag}>", "Give a file that ends in .tmx.")
            self.is_tmx = True
        if tag == "tu":
            self.length = 0
        self._grow(len(tag) + 2 + sum(len(name) + len(value) + 4 for name, value in attributes.items()))
        self.path.append(tag)
        if len(self.path) > DEEPEST:
            raise self._fault(f"elements are nested more than {DEEPEST} deep", "Export the file again.")
        if handler := _STARTS.get(tag):
            handler(self, attributes)
        elif tag in _CODES and self._in_segment():
            self._code(tag, attributes)

    def _header(self, attributes: dict[str, str]) -> None:
        self.source = _language(attributes.get("srclang", ""))

    def _tu(self, attributes: dict[str, str]) -> None:
        self.unit, self.line = attributes, self.parser.CurrentLineNumber
        self.properties, self.variants, self.highlights, self.shut = {}, [], [], 0

    def _tuv(self, attributes: dict[str, str]) -> None:
        self.variants.append(_Variant(attributes.get("xml:lang", attributes.get("lang", ""))))

    def _prop(self, attributes: dict[str, str]) -> None:
        self.property = attributes.get("type", "") if self.path[-2:] == ["tu", "prop"] else ""
        if self.property:
            self.properties[self.property] = ""

    def _in_segment(self) -> bool:
        return bool(self.variants) and "seg" in self.path and not self.shut

    def _code(self, tag: str, attributes: dict[str, str]) -> None:
        shape = {"bpt": _OPEN, "ept": _CLOSE, "hi": _OPEN, "ph": _EMPTY}.get(tag, "")
        variant = self.variants[-1]
        number = attributes.get("i", "")
        if tag == "hi":
            variant.highlights += 1
            number = f"hi{variant.highlights}"
            self.highlights.append(number)
        variant.pieces.append((shape, f"{number}\n{attributes.get('x', '')}"))
        self.shut += tag != "hi"

    def _text(self, text: str) -> None:
        self._grow(len(text))
        if self.property and self.path[-1] == "prop":
            self.properties[self.property] += text
        elif self._in_segment():
            self.variants[-1].pieces.append(text)

    def _end(self, tag: str) -> None:
        tag = self.path.pop()
        if tag in _CODES and "seg" in self.path and self.variants:
            if tag == "hi":
                if not self.shut and self.highlights:
                    self.variants[-1].pieces.append((_CLOSE, f"{self.highlights.pop()}\n"))
            elif not any(each in _CODES - {"hi"} for each in self.path):
                self.shut = 0
        elif tag == "tu":
            self.units.append(self._finished())

    def _finished(self) -> Exchanged:
        source = _language(self.unit.get("srclang", "")) or self.source
        numbers: dict[str, int] = {}
        ordered = sorted(self.variants, key=lambda each: each.language.casefold() != source.casefold())
        texts = {each.language: _normal(each, numbers) for each in ordered}
        if None in texts.values():
            texts = {}
        return Exchanged(
            source=source,
            texts={language: text for language, text in texts.items() if text},
            author=self.unit.get("creationid", ""),
            approver=self.unit.get("changeid", ""),
            created_at=_time(self.unit.get("creationdate", "")),
            approved_at=_time(self.unit.get("changedate", "")),
            properties=self.properties,
            line=self.line,
        )


_STARTS: Final[dict[str, Callable[[_Reader, dict[str, str]], None]]] = {
    "header": _Reader._header,  # noqa: SLF001 - its own module
    "tu": _Reader._tu,  # noqa: SLF001
    "tuv": _Reader._tuv,  # noqa: SLF001
    "prop": _Reader._prop,  # noqa: SLF001
}


def _normal(variant: _Variant, numbers: dict[str, int]) -> str | None:
    """The normal form; ``None`` when a code has no partner. ``numbers`` are those of the unit's codes so far.

    A code is the same in all languages by its ``x``, else by its ``i``, else by its place among the empty ones.
    """
    parts: list[str] = []
    open_: dict[str, int] = {}
    empty = 0
    for piece in variant.pieces:
        if isinstance(piece, str):
            parts.append(braced(piece))
            continue
        shape, name = piece
        own, _, across = name.partition("\n")
        if shape == _CLOSE:
            if own not in open_:
                return None
            parts.append(f"{{/{open_.pop(own)}}}")
        elif shape in (_OPEN, _EMPTY):
            empty += shape == _EMPTY
            same = f"x{across}" if across else f"e{empty}" if shape == _EMPTY else f"i{own}"
            number = numbers.setdefault(same, len(numbers) + 1)
            if shape == _OPEN:
                open_[own] = number
            parts.append(f"{{{number}}}" if shape == _OPEN else f"{{{number}/}}")
        else:
            return None
    return None if open_ else spaced("".join(parts))


def _language(tag: str) -> str:
    return "" if tag == "*all*" else tag


def _time(text: str) -> datetime | None:
    try:
        return datetime.strptime(text, _TIME).replace(tzinfo=UTC)
    except ValueError:
        return None
