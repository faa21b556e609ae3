"""What kind of file a name stands for."""

from __future__ import annotations

from mimetypes import MimeTypes
from typing import Final

_OURS: Final = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".txt": "text/plain; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".xml": "application/xml",
    ".atom": "application/atom+xml",
    ".rss": "application/rss+xml",
    ".json": "application/json",
}
_TYPES: Final = MimeTypes()  # Python's own table: what the machine has in /etc must not change what is published


def content_type(name: str) -> str:
    """The Content-Type of a file of a site, by the end of its name.

    >>> content_type("pt-pt/index.html")
    'text/html; charset=utf-8'
    """
    for ending, known in _OURS.items():
        if name.endswith(ending):
            return known
    return _TYPES.guess_type(name)[0] or "application/octet-stream"
