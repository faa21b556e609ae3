"""Are e-mail and web addresses in the text what they were?

Addresses in attributes are the check ``links``. translate-toolkit has ``emails`` and ``urls`` as well, but compares
them in order, so that a sentence which names its two addresses the other way round would be wrong.
"""

from __future__ import annotations

import re
from collections import Counter
from itertools import islice
from typing import Final

from pipeline.stages.check.contract import Read, TextCheck

_EMAIL: Final = re.compile(r"(?<![\w.+%-])[\w.+%-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,8}")
_URL: Final = re.compile(
    r"(?:https?|ftp)://[^\s<>\"“”«»()]{1,2000}|(?<![\w.@/])www\.[^\s<>\"“”«»()]{1,2000}", re.IGNORECASE
)
_HOST: Final = re.compile(r"(?<![\w@./-])(?:[a-z0-9-]{2,63}\.){1,5}[a-z]{2,24}(?![\w@-])")
_TRAILING: Final = ".,;:!?'’\")]}…。，、؟؛۔।"


class Emails(TextCheck):
    id = "emails"
    name = "E-mail addresses are what they were"

    def problem(self, read: Read) -> str:
        if "@" not in read.source.visible and "@" not in read.target.visible:
            return ""
        return _differing("E-mail addresses", emails(read.source.visible), emails(read.target.visible))


class Urls(TextCheck):
    id = "urls"
    name = "Web addresses in the text are what they were"

    def problem(self, read: Read) -> str:
        source, target = read.source.visible, read.target.visible
        if "." not in source and "://" not in target:
            return ""
        if message := _differing("Web addresses", urls(source), urls(target)):
            return message
        # A host without http:// looks like two sentences that lack a space: only its loss is told.
        there = set(_HOST.findall(target))
        hosts = dict.fromkeys(_HOST.findall(source))
        lost = list(islice((host for host in hosts if host not in there and host not in target), 5))
        return f"Web addresses differ from the source (missing: {', '.join(lost)})." if lost else ""


def emails(text: str) -> Counter[str]:
    """The e-mail addresses of a text."""
    return Counter(match[0].rstrip(_TRAILING).casefold() for match in _EMAIL.finditer(text))


def urls(text: str) -> Counter[str]:
    """The web addresses of a text that say that they are such: by ``http://`` or ``www.``."""
    return Counter(match[0].rstrip(_TRAILING) for match in _URL.finditer(text))


def _differing(what: str, ours: Counter[str], theirs: Counter[str]) -> str:
    if ours == theirs:
        return ""
    lost, added = sorted((ours - theirs).elements())[:5], sorted((theirs - ours).elements())[:5]
    parts = [f"missing: {', '.join(lost)}"] if lost else []
    parts += [f"not in the source: {', '.join(added)}"] if added else []
    return f"{what} differ from the source ({'; '.join(parts)})."
