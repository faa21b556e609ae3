"""What is checked before any parser sees a submission: size, kind of file, characters, elements and depth.

Measured without these bounds: 50 MB take BeautifulSoup 36 s and 2.2 GB. Everything here is linear in the length of the
text: 50 MB of ``<``, ``<!--``, ``<a <a``, ``&``, ``</p>`` or of one attribute take 0.1 to 7 s, the usual bound of 5 MB
a tenth of that; 50 MB of ``<div>`` are refused at the 20,001st.
"""

from __future__ import annotations

import codecs
import re
from collections import Counter
from itertools import islice

from pipeline.errors import Permanent
from pipeline.stages.intake.text import characters
from pipeline.stages.intake.tree import VOID, names

SAVE_AS = "Save the article as HTML, Markdown or JSON, and submit that."

_KINDS = (
    (b"%PDF-", "a PDF"),
    (b"PK\x03\x04", "a ZIP archive (a .docx or .odt document is one, too)"),
    (b"\xd0\xcf\x11\xe0", "an old Word document"),
    (b"{\\rtf", "an RTF document"),
    (b"\x89PNG", "a PNG picture"),
    (b"\xff\xd8\xff", "a JPEG picture"),
    (b"GIF87a", "a GIF picture"),
    (b"GIF89a", "a GIF picture"),
    (b"\x1f\x8b", "a gzip archive"),
    (b"7z\xbc\xaf", "a 7-Zip archive"),
    (b"Rar!\x1a", "a RAR archive"),
    (b"\x7fELF", "a program"),
    (b"MZ\x90", "a program"),
    (b"OggS", "an Ogg sound or video file"),
    (b"ID3\x03", "an MP3 sound file"),
    (b"ID3\x04", "an MP3 sound file"),
    (b"SQLite format 3", "an SQLite database"),
)
_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_AS_BROWSERS = {"iso8859-1": "cp1252", "ascii": "cp1252", "gb2312": "gb18030"}  # which have more characters
_CHARSET = re.compile(rb"<meta[^>]{0,200}?charset\s{0,20}=\s{0,20}[\"']?\s{0,20}([\w.:-]{2,40})", re.IGNORECASE)
_LEGACY = re.compile(
    r"(?:iso8859|cp125\d|cp866|cp874|cp932|cp949|cp950|koi8|mac|gb|hz|big5|euc|shift_jis|johab|iso2022)"
)


def check_size(name: str, data: bytes, limit: int) -> None:
    """Raises Permanent when there is nothing, or more than ``limit`` bytes."""
    if not data.strip():
        raise Permanent(f"{name} is empty.", "Submit a file with an article in it.")
    if len(data) > limit:
        raise Permanent(
            f"{name} has {_megabytes(len(data))}; at most {_megabytes(limit)} are taken.",
            "Submit only the article, without embedded pictures; link to those instead.",
        )


def _megabytes(count: int) -> str:
    return f"{count / 1_000_000:,.1f} MB" if count >= 100_000 else f"{count:,} bytes"


def decode(name: str, data: bytes) -> str:
    """The text in ``data``: by its byte order mark, else UTF-8, else by the charset that its ``<meta>`` declares.

    Bytes that are valid UTF-8 beyond ASCII hardly ever mean anything else, while pages that were converted to UTF-8 and
    still declare Latin-1 are common: hence the order. Characters that no tool can carry are replaced.

    Raises:
        Permanent: it is a binary file, or its bytes are not what they are declared to be; names the offset.
    """
    marked, rest = byte_order(data)
    if marked:
        return characters(_decode(name, rest, marked, len(data) - len(rest), "its byte order mark says"))
    _refuse_binary(name, data)
    declared = _declared(data)
    if declared and declared.startswith(("iso2022", "hz")):  # these look like ASCII
        return characters(_decode(name, data, declared, 0, "its <meta> says"))
    try:
        return characters(data.decode("utf-8"))
    except UnicodeDecodeError:
        if declared and declared != "utf-8":
            return characters(_decode(name, data, declared, 0, "its <meta> says"))
    return characters(_decode(name, data, "utf-8", 0, "expected, as nothing else is declared"))


def byte_order(data: bytes) -> tuple[str, bytes]:
    """The encoding that a byte order mark says, and what follows it; without one it is empty, and ``data`` whole."""
    return next(((encoding, data[len(mark) :]) for mark, encoding in _MARKS if data.startswith(mark)), ("", data))


def encoding_of(charset: str) -> str:
    """The encoding that a declared charset means, under Python's name; empty when there is none of that name.

    As browsers have it: UTF-8 for what is no encoding of texts. Python knows some of these; for punycode it takes a
    time that grows with the square of the length.
    """
    try:
        encoding = codecs.lookup(charset.strip().lower().removeprefix("x-")).name
    except (LookupError, ValueError):  # a name with a NUL in it is a ValueError
        return ""
    if encoding.startswith(("utf-16", "utf-32")):
        return encoding
    return _AS_BROWSERS.get(encoding, encoding) if _LEGACY.match(encoding) or encoding == "ascii" else "utf-8"


def _decode(name: str, data: bytes, encoding: str, offset: int, reason: str) -> str:
    try:
        return data.decode(encoding)
    except UnicodeDecodeError as error:
        byte = data[error.start]
        raise Permanent(
            f"{name} is not valid {encoding.upper()} ({reason}): byte {error.start + offset:,} is 0x{byte:02X}.",
            'Save it as UTF-8, or declare its charset with <meta charset="…">.',
        ) from None


def _refuse_binary(name: str, data: bytes) -> None:
    for magic, kind in _KINDS:
        if data.startswith(magic):
            raise Permanent(f"{name} is {kind}, not text.", SAVE_AS)
    if data[4:8] == b"ftyp":
        raise Permanent(f"{name} is a video or a picture, not text.", SAVE_AS)
    nul = data.find(b"\0")
    if nul < 0:
        return
    sample = data[:400]
    if sample[::2].count(0) * 3 > len(sample) or sample[1::2].count(0) * 3 > len(sample):
        raise Permanent(f"{name} is in UTF-16 without a byte order mark.", "Save it as UTF-8.")
    raise Permanent(f"{name} is a binary file: byte {nul:,} is NUL.", SAVE_AS)


def _declared(data: bytes) -> str:
    """The declared encoding under Python's name; empty when none is, or one that no page may declare."""
    match = _CHARSET.search(data, 0, 4096)
    if match is None:
        return ""
    encoding = encoding_of(match[1].decode("ascii"))
    return "utf-8" if encoding.startswith("utf-") else encoding  # who can read that it is UTF-16 knows that it is not


_OPENING = re.compile(r"<(?:[^\W\d]|[!?:])")
_TOKEN = re.compile(
    r"<!--|<(/?)([a-zA-Z][^\s/>]*+)(?:[^>=]++|=\s*+(?:\"[^\"]*+\"|'[^']*+')?+)*+>?",
)
_RAW = {
    name: re.compile(rf"</{name}\b", re.IGNORECASE)
    for name in names("script style textarea title xmp iframe noembed noframes")
}
_CLOSES = {
    **dict.fromkeys(("li",), ("li", "p")),
    **dict.fromkeys(("dt", "dd"), ("dt", "dd", "p")),
    **dict.fromkeys(("td", "th"), ("td", "th", "p")),
    **dict.fromkeys(("tr", "tbody", "thead", "tfoot"), ("td", "th", "tr", "p")),
    **dict.fromkeys(("option",), ("option",)),
    **dict.fromkeys(names("p div ul ol dl table h1 h2 h3 h4 h5 h6 hr pre blockquote section article"), ("p",)),
}
_WALLS = names("table ul ol dl div section article blockquote body")


def check_markup(name: str, text: str, max_elements: int, max_depth: int) -> None:
    """Count elements and their depth in a streaming pass.

    Every opening counts as an element, be it in a comment or in an attribute: whatever a parser makes of the text, it
    makes no more. The depth is an estimate (end tags that may be left out are understood); ``tree.parse`` measures
    again what it has parsed.

    Raises:
        Permanent: there are more elements, or they are deeper, than allowed.
    """
    if next(islice(_OPENING.finditer(text), max_elements, None), None) is not None:
        raise Permanent(
            f"{name} has more than {max_elements:,} elements; no article needs as many.",
            "Submit only the article, not a whole site or a log.",
        )
    if _depth_exceeds(text, max_depth):
        raise too_deep(name, max_depth)


def too_deep(name: str, max_depth: int) -> Permanent:
    """The error for elements nested too deeply."""
    return Permanent(
        f"{name} nests elements more than {max_depth} deep.",
        "Look for tags that are opened and never closed, such as <font> or <div>.",
    )


def _depth_exceeds(text: str, limit: int) -> bool:
    open_elements = _Stack()
    position = 0
    while match := _TOKEN.search(text, position):
        position = match.end()
        if match[2] is None:
            position = text.find("-->", position)
        elif match[1]:
            open_elements.end(match[2].lower())
        else:
            tag = match[2].lower()
            open_elements.start(tag)
            if tag in _RAW:
                end = _RAW[tag].search(text, position)
                position = end.start() if end else -1
        if position < 0:
            return False  # an open comment or raw text swallows the rest
        if len(open_elements.names) > limit:
            return True
    return False


class _Stack:
    """The open elements. They are counted by name, so that a million stray end tags cost no search."""

    def __init__(self) -> None:
        self.names: list[str] = []
        self._counts: Counter[str] = Counter()

    def start(self, tag: str) -> None:
        if tag in VOID:
            return
        closes = _CLOSES.get(tag, ())
        for above in reversed(self.names[-8:]):
            if above in _WALLS:
                break
            if above in closes:
                self.end(above)
        self.names.append(tag)
        self._counts[tag] += 1

    def end(self, tag: str) -> None:
        if not self._counts[tag]:
            return
        while (above := self.names.pop()) != tag:
            self._counts[above] -= 1
        self._counts[tag] -= 1
