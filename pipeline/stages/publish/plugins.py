"""Plugin tags of other systems (``{youtube}id{/youtube}``): rendered or dropped, by one table.

They travel through cleaning and translation as they are. What the table does not know is left as text: a brace may be
what the author meant.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from html import escape, unescape

# Neither half runs past the next brace, so that matching takes linear time.
_TAG = re.compile(
    r"\{(?P<name>[a-z][a-z0-9_-]{0,39})(?P<arguments>\s[^{}]*)?\}(?:(?P<content>[^{}]*)\{/(?P=name)\})?",
    re.IGNORECASE,
)
_YOUTUBE = re.compile(
    r"(?:https?://(?:(?:www|m)\.)?(?:youtube(?:-nocookie)?\.com/(?:watch\?(?:\S*&)?v=|embed/|shorts/|live/)|youtu\.be/))?"
    r"([A-Za-z0-9_-]{11})(?:[?&#]\S*)?"
)
_VIMEO = re.compile(r"(?:https?://(?:www\.|player\.)?vimeo\.com/(?:video/)?)?([0-9]{6,12})(?:[?&#/]\S*)?")


@dataclass(frozen=True, slots=True)
class Setting:
    """What plugin tags may become: frames only from ``embed_hosts``, with ``video`` as their title."""

    embed_hosts: tuple[str, ...]
    video: str


Render = Callable[[str | None, Setting], str | None]
"""The content of a tag, as plain text (``None``: it has no closing tag) → HTML, or ``None`` to leave it as it is."""


def _drop(_content: str | None, _setting: Setting) -> str | None:
    return ""


def _youtube(content: str | None, setting: Setting) -> str | None:
    if (video := _identify(_YOUTUBE, content)) is None:
        return None
    return _video("www.youtube-nocookie.com", f"/embed/{video}", f"https://www.youtube.com/watch?v={video}", setting)


def _vimeo(content: str | None, setting: Setting) -> str | None:
    if (video := _identify(_VIMEO, content)) is None:
        return None
    return _video("player.vimeo.com", f"/video/{video}?dnt=1", f"https://vimeo.com/{video}", setting)


_TABLE: Mapping[str, Render] = {
    "youtube": _youtube,
    "vimeo": _vimeo,
    "gallery": _drop,
    "loadposition": _drop,
    "loadmodule": _drop,
    "loadmoduleid": _drop,
}


def render(text: str, setting: Setting) -> str:
    """``text`` is HTML text (no tags, entities escaped) that may hold plugin tags; the result is HTML."""

    def replace(match: re.Match[str]) -> str:
        renderer, content = _TABLE.get(match["name"].lower()), match["content"]
        rendered = renderer and renderer(content and unescape(content), setting)
        return match[0] if rendered is None else rendered

    return _TAG.sub(replace, text)


def plain(text: str) -> str:
    """Plain text without the plugin tags that the table knows, for teasers and descriptions."""
    return _TAG.sub(lambda match: "" if match["name"].lower() in _TABLE else match[0], text)


def _identify(pattern: re.Pattern[str], content: str | None) -> str | None:
    """The video's id; editors write ``id``, ``id|600|450`` or a whole address."""
    found = pattern.fullmatch((content or "").partition("|")[0].strip())
    return found[1] if found else None


def _video(host: str, path: str, watch: str, setting: Setting) -> str:
    if host not in setting.embed_hosts:
        return f'<a href="{escape(watch)}">{escape(watch)}</a>'
    return (
        f'<iframe src="{escape(f"https://{host}{path}")}" title="{escape(setting.video)}" loading="lazy" '
        'referrerpolicy="strict-origin-when-cross-origin" allowfullscreen=""></iframe>'
    )
