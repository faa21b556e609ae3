"""Sources: feeds, folders and sites in which articles appear, and how each is to be treated."""

from __future__ import annotations

import re
from typing import Annotated, Final, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from pipeline.network.outputs import WebAddress
from pipeline.network.values import Key, Table, fault_of, language_tag

AUTO: Final = "auto"

_TAKEN: Final = frozenset({"submit", "api", "import", "desk"})
"""Who else hands articles in: their keys must not meet those of a source."""


def _language_or_auto(tag: str) -> str:
    if tag == AUTO:
        return tag
    try:
        return language_tag(tag)
    except ValueError:
        raise fault_of(
            f"“{tag}” is no language.", 'Give a BCP 47 tag such as pt, pt-BR or zh-Hant; or "auto".'
        ) from None


def _agent(text: str) -> str:
    if not re.fullmatch(r"[\x20-\x7e]{0,200}", text) or re.search(r"[()\\]", text):
        raise fault_of(
            "this can't stand in a user agent.",
            "Use at most 200 plain letters without brackets, such as https://example.org/bots.",
        )
    return text


LanguageOrAuto = Annotated[str, AfterValidator(_language_or_auto)]
Agent = Annotated[str, AfterValidator(_agent)]


class Source(Table):
    """A place that is watched for articles.

    A ``feed`` has ``url``; a ``site`` the address of its front page or of a sitemap; a ``folder`` ``path``, relative to
    the installation's folder. ``language`` is what everything in it is written in; ``auto`` believes each article,
    then the feed, and else reads the text. ``kind`` is for articles that say none, ``tags`` are for all.

    ``content`` of a feed: its own text (``feed``), the page that it links to (``page``), or whichever is whole
    (``auto``). ``only`` and ``never`` are the beginnings of paths at a site, such as ``/news/``.

    ``limit`` is how many articles one run takes at most, ``minutes`` how long it lasts, ``megabytes`` how large a feed,
    a sitemap or robots.txt may be (an article: see ``[limits]``). ``politeness_seconds`` pass between two requests to a
    host, or more, where its robots.txt asks for more. ``user_agent`` is appended to ours. ``settle_seconds``: a file
    younger than that is still being written. ``deletions``: what is gone is told (``notice``), withdrawn from all
    readers (``withdraw``), or not looked for (``ignore``). ``allow_private``: it may stand inside the own network.
    """

    key: Key
    type: Literal["feed", "folder", "site"]
    url: WebAddress = ""
    path: str = ""
    language: LanguageOrAuto = AUTO
    kind: str = Field(default="", max_length=40)
    tags: tuple[str, ...] = ()
    content: Literal["auto", "feed", "page"] = "auto"
    only: tuple[str, ...] = ()
    never: tuple[str, ...] = ()
    limit: int = Field(default=200, gt=0, le=10_000)
    minutes: float = Field(default=15, gt=0, le=24 * 60)
    megabytes: float = Field(default=50, gt=0, le=200)
    timeout_seconds: float = Field(default=30, gt=0, le=600)
    politeness_seconds: float = Field(default=1, ge=0, le=600)
    user_agent: Agent = ""
    settle_seconds: float = Field(default=5, ge=0, le=3600)
    deletions: Literal["notice", "withdraw", "ignore"] = "notice"
    allow_private: bool = False

    @model_validator(mode="after")
    def _is_of_its_type(self) -> Self:
        if self.key in _TAKEN:
            raise fault_of(f"“{self.key}” is a name that Sectionwire uses itself.", "Choose another key.", "key")
        wanted, other = ("path", "url") if self.type == "folder" else ("url", "path")
        if not getattr(self, wanted):
            raise fault_of(f"a {self.type} needs “{wanted}”.", f'Add {wanted} = "…".', "type")
        if getattr(self, other):
            raise fault_of(f"a {self.type} has no “{other}”.", f"Remove it, or mend the type: {wanted} is set.", other)
        for name in self._strangers():
            raise fault_of(f"“{name}” means nothing for a {self.type}.", "Remove it.", name)
        for name in ("only", "never"):
            for path in getattr(self, name):
                if not path.startswith("/"):
                    raise fault_of(f"“{path}” is no path.", "Begin it with a slash, such as /news/.", name)
        return self

    def _strangers(self) -> list[str]:
        """Keys that were given, and that only another type knows."""
        of_types = {"content": "feed", "only": "site", "never": "site", "settle_seconds": "folder"}
        return [name for name, type_ in of_types.items() if name in self.model_fields_set and type_ != self.type]
