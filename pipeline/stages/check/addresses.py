"""Are e-mail and web addresses in the text what they were?

Addresses in attributes are the check ``links``. translate-toolkit has ``emails`` and ``urls`` as well, but compares
them in order, so that a sentence which names its two addresses the other way round would be wrong.
"""

from __future__ import annotations

import re
from collections import Counter
from typing import Final

from pipeline.stages.check.compared import differing, sentence
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
        return sentence("E-mail addresses", differing(emails(read.source.visible), emails(read.target.visible)))


class Urls(TextCheck):
    id = "urls"
    name = "Web addresses in the text are what they were"

    def problem(self, read: Read) -> str:
        source, target = read.source.visible, read.target.visible
        ours, theirs = urls(source), urls(target)
        # A host without http:// looks like two sentences that lack a space: only its loss is told.
        lost = _hosts(source) - _hosts(target)
        hosts = Counter(host for host in lost if host not in target and not host.startswith("www."))
        return sentence("Web addresses", differing(ours + hosts, theirs))


def emails(text: str) -> Counter[str]:
    """The e-mail addresses of a text."""
    return Counter(match[0].rstrip(_TRAILING).casefold() for match in _EMAIL.finditer(text))


def urls(text: str) -> Counter[str]:
    """The web addresses of a text that say that they are such: by ``http://`` or ``www.``."""
    if "://" not in text and "www." not in text.casefold():
        return Counter()
    return Counter(match[0].rstrip(_TRAILING) for match in _URL.finditer(text))


def _hosts(text: str) -> set[str]:
    return set(_HOST.findall(text)) if "." in text else set()
