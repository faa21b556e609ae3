"""Plain text as it should be: characters that every tool carries, no tags, single spaces."""

from __future__ import annotations

import re
from html import unescape

_SPACES = re.compile("[ \t\n\r\f]+")
"""What HTML means by white space; a no-break space is none of it."""

_ODD = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u2028\u2029\ufeff\ud800-\udfff\ufffe\uffff]")
_MEANT = {
    **dict.fromkeys(range(0x20), ""),
    **{ord(kept): kept for kept in "\t\n\r"},
    0x7F: "",
    **{code: bytes([code]).decode("cp1252", errors="replace") for code in range(0x80, 0xA0)},
    **dict.fromkeys((0, *range(0xD800, 0xE000), 0xFFFE, 0xFFFF), "\ufffd"),
    **dict.fromkeys((0x0B, 0x0C, 0x2028, 0x2029), "\n"),  # the first is Word's line break
    **dict.fromkeys((0x1C, 0x1D), " "),
    0x1E: "\u2011",  # Word's no-break hyphen
    0x1F: "\u00ad",  # Word's optional hyphen
    0xFEFF: "",  # a byte order mark in the middle: two files were joined
}


def characters(text: str) -> str:
    """``text`` with only characters that every later tool can carry.

    NULs, lone surrogates and non-characters become U+FFFD; C1 controls are read as the Windows-1252 characters that
    they were meant to be; other controls go.
    """
    return text.translate(_MEANT) if _ODD.search(text) else text


def collapse(text: str) -> str:
    """``text`` on one line: runs of white space become one space, none at the ends; inner no-break spaces stay."""
    return _SPACES.sub(" ", text).strip()


_REFERENCE = re.compile(r"&(?:#\d{1,7}|#[xX][0-9a-fA-F]{1,6}|[a-zA-Z][a-zA-Z0-9]{1,31});")
_TAG = re.compile(
    r"</?(?:(?P<block>blockquote|br|center|div|h[1-6]|hr|li|ol|p|ul)|a|abbr|b|big|cite|code|del|em|font|i|img|ins|mark|"
    r"s|script|small|span|strong|style|sub|sup|u|wbr)(?:\s[^<>]{0,2000})?/?>",
    re.IGNORECASE,
)


def plain(text: str) -> str:
    """A field that should be plain text, as plain text: no tags, no character references, single spaces.

    Only names of HTML elements count as tags, so “a < b” and “<Tidewater>” stand.

    >>> plain("Boats &amp;amp; <b>nets</b>")
    'Boats & nets'
    """
    for _ in range(5):  # references are often escaped twice; more than that is not by accident
        bare = _TAG.sub(lambda tag: " " if tag["block"] else "", _REFERENCE.sub(lambda ref: unescape(ref[0]), text))
        if bare == text:
            break
        text = bare
    return collapse(characters(text))


_SENTENCE_END = re.compile("[.!?…]+[”\"’')\\]»]*(?=\\s)|[。！？][」』”]*")


def shorten(text: str, limit: int = 300) -> str:
    """``text`` cut at the end of a sentence, or else of a word, to at most ``limit`` characters."""
    if len(text) <= limit:
        return text
    ends = [match.end() for match in _SENTENCE_END.finditer(text[: limit + 1]) if match.end() <= limit]
    if ends and ends[-1] >= limit // 4:
        return text[: ends[-1]]
    cut = text.rfind(" ", 0, limit - 1)
    return text[: cut if cut > limit // 2 else limit - 1].rstrip(" ,;:–—-") + "…"


def without_alt(text: str, alt: str) -> str:
    """``text`` without a picture's alternative text that some export has glued to its beginning.

    >>> without_alt("Volunteers on the quayThe coast is long.", "Volunteers on the quay")
    'The coast is long.'

    Prose that merely begins with the same words stands: what follows must begin a sentence, without a space before it
    or after at least three words.
    """
    alt = alt.strip()
    if not alt or not text.startswith(alt):
        return text
    rest = text[len(alt) :]
    glued = rest[:1].isupper()
    spaced = rest[:1].isspace() and rest.lstrip()[:1].isupper() and len(alt.split()) >= 3
    return rest.lstrip() if glued or spaced else text
