"""A page that leads on to another address, for outputs that hold nothing but files."""

from __future__ import annotations

import re
from html import escape

from pipeline.errors import Permanent

_UNFIT = r"\s\x00-\x20\x7f-\x9f<>\"\\^`{|}\ud800-\udfff"
_ADDRESS = re.compile(rf"https?://[^{_UNFIT}/@]+(?:/[^{_UNFIT}]*)?")
_PAGE = (
    '<!doctype html>\n<html>\n<head>\n<meta charset="utf-8">\n<title>{to}</title>\n'
    '<link rel="canonical" href="{to}">\n<meta name="robots" content="noindex">\n'
    '<meta http-equiv="refresh" content="0; url={to}">\n</head>\n<body>\n<p><a href="{to}">{to}</a></p>\n'
    "</body>\n</html>\n"
)


def page(to: str) -> bytes:
    """The page; readers of any language see nothing but the address, should their browser not follow it.

    Raises:
        Permanent: ``to`` is no web address.
    """
    return _PAGE.format(to=escape(checked(to))).encode()


def checked(to: str) -> str:
    """``to`` as it is.

    Raises:
        Permanent: it is no web address.
    """
    if not is_address(to):
        raise Permanent(f"“{to!r}” is no address that readers can be led to.", "Give one that begins with https://.")
    return to


def is_address(text: str) -> bool:
    """Whether readers can be led to it: it begins with http(s):// and has nothing in it that no address has."""
    return bool(_ADDRESS.fullmatch(text))
