"""The pictures, sounds and videos of an article's body, for teasers and feeds."""

from __future__ import annotations

import re
from dataclasses import dataclass
from html import unescape
from urllib.parse import urlsplit

from pipeline.documents import Enclosure
from pipeline.stages import markup

# The body comes from our own cleaning: attributes are quoted. Nothing here can run past the end of a tag.
_ATTRIBUTE = r'\s+([a-z-]+)(?:="([^"]*)")?'
_TAG = re.compile(rf"<(/?)(figure|figcaption|img|audio|video|source)((?:{_ATTRIBUTE})*)\s*/?>")
_ATTRIBUTES = re.compile(_ATTRIBUTE)
_MAYBE = re.compile(r"<(?:img|audio|video)\b")
_TYPES = {
    "mp3": "audio/mpeg",
    "m4a": "audio/mp4",
    "aac": "audio/aac",
    "ogg": "audio/ogg",
    "oga": "audio/ogg",
    "opus": "audio/ogg",
    "wav": "audio/wav",
    "flac": "audio/flac",
    "mp4": "video/mp4",
    "m4v": "video/mp4",
    "webm": "video/webm",
    "ogv": "video/ogg",
    "mov": "video/quicktime",
}
_COMMON = {"audio": "audio/mpeg", "video": "video/mp4"}
MOST_ENCLOSURES = 10


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture of the body; ``caption`` is plain text."""

    url: str
    alt: str
    caption: str


@dataclass(frozen=True, slots=True)
class Media:
    """What a body shows and plays, in order. Of a player with several sources, the first counts."""

    pictures: tuple[Picture, ...] = ()
    enclosures: tuple[Enclosure, ...] = ()

    def picture(self, url: str) -> Picture | None:
        """The picture with this address."""
        return next((picture for picture in self.pictures if picture.url == url), None)


def scan(body: str) -> Media:
    """What a cleaned body shows and plays."""
    if not _MAYBE.search(body):
        return Media()
    reader = _Reader(body)
    for tag in _TAG.finditer(body):
        attributes = {name: unescape(value) for name, value in _ATTRIBUTES.findall(tag[3])}
        reader.take(tag[2], attributes, tag, ends=bool(tag[1]))
    return reader.result()


class _Reader:
    """Goes through the tags of a body once, and knows in which figure and player it is."""

    def __init__(self, body: str) -> None:
        self._body = body
        self._pictures: list[Picture] = []
        self._players: dict[str, Enclosure] = {}
        self._figure: list[tuple[str, str]] | None = None  # the pictures of the open figure
        self._caption, self._caption_from = "", -1
        self._player = ""  # the open player that has no source yet

    def take(self, name: str, attributes: dict[str, str], tag: re.Match[str], *, ends: bool) -> None:
        if name == "figure":
            self._end_figure()
            self._figure = None if ends else []
        elif name == "figcaption":
            if ends and self._caption_from >= 0:
                self._caption = _text(self._body[self._caption_from : tag.start()])
            self._caption_from = -1 if ends else tag.end()
        elif name == "img":
            self._show(attributes.get("src", ""), attributes.get("alt", ""))
        elif name in _COMMON:
            self._player = "" if ends else name
            self._play(attributes.get("src", ""), "")
        elif name == "source":
            self._play(attributes.get("src", ""), attributes.get("type", ""))

    def result(self) -> Media:
        self._end_figure()
        return Media(tuple(self._pictures), tuple(self._players.values())[:MOST_ENCLOSURES])

    def _show(self, url: str, alt: str) -> None:
        if not url:
            return
        if self._figure is None:
            self._pictures.append(Picture(url, alt, ""))
        else:
            self._figure.append((url, alt))

    def _end_figure(self) -> None:
        self._pictures += [Picture(url, alt, self._caption) for url, alt in self._figure or ()]
        self._caption, self._caption_from = "", -1

    def _play(self, url: str, media_type: str) -> None:
        if self._player and url.startswith(("https://", "http://")):
            self._players.setdefault(url, Enclosure(url, _type_of(url, media_type, self._player)))
            self._player = ""


def _type_of(url: str, said: str, player: str) -> str:
    suffix = urlsplit(url).path.rpartition(".")[2].lower()
    return said.partition(";")[0].strip() or _TYPES.get(suffix, _COMMON[player])


def _text(html: str) -> str:
    return " ".join(markup.visible(html).split())
