"""Is the translation in the language that was asked for?"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Final

import langcodes

from pipeline.documents import CheckFinding, Origin, Severity
from pipeline.stages.check.contract import Translation
from pipeline.stages.check.identify import in_script, label, other_language

_SEGMENT: Final = 60
"""Letters below which a text may be names and loan words."""

_ENOUGH: Final = 200
"""Characters of a segment that are looked at. Measured on the 342 segments of tests/quality/pages that are long enough,
English and Portuguese: none is taken for the other, and each is when it should be the other."""

_DOCUMENT: Final = 120
_SAMPLE: Final = 6
"""Long segments, from all over a document, by which it is judged as a whole."""

_PLUGIN: Final = re.compile(r"\{[^{}]{0,500}\}")
_CODE: Final = re.compile(r"[@/_\d{}=]|\w\.\w")

_OWN_SCRIPT: Final = 0.3
"""Of a text in another script, so much is expected in its own: the rest may be names in Latin letters."""


class WrongLanguage:
    """Blocks a document that is in another language as a whole, and warns of single segments.

    ``languages`` are those that an engine might give (BCP 47): the network's. Source and target always count. Nobody
    has to choose between languages that are no business of this network, so that no Galician is seen in Portuguese.
    """

    id = "language"
    name = "The translation is in the right language"
    severity = Severity.WARN

    def __init__(self, languages: Iterable[str] = ()) -> None:
        self.languages = frozenset(map(label, languages))

    def run(self, translation: Translation) -> Iterator[CheckFinding]:
        source, target = label(translation.source_language), label(translation.target_language)
        reads = [read for read in translation.read if read.translated.origin not in (Origin.SOURCE, Origin.PERSON)]
        if source == target or not reads:
            return
        pair = frozenset([source, target])
        sample = []
        for read in reads:
            text = _words(read.target.prose)
            if _letters(text) >= _SEGMENT:
                sample.append(text)
                # A single segment is only asked whether it is still in the source language: that is cheap, and sure.
                if what := _wrong(text, translation.target_language, pair):
                    message = f"The translation seems to be in {what}."
                    yield CheckFinding(self.id, self.severity, read.segment.key, message)
        sample = sample or [_words(read.target.prose) for read in reads]
        text = "\n".join(sample[:: 1 + len(sample) // _SAMPLE])
        if _letters(text) < _DOCUMENT:
            return
        if what := _wrong(text, translation.target_language, self.languages | pair):
            message = f"The whole text seems to be in {what}: the engine may lack this language."
            yield CheckFinding(self.id, Severity.BLOCK, "", message)


def _words(text: str) -> str:
    """The beginning of a text without addresses, numbers and plugin tags, which are in no language."""
    text = text[:_ENOUGH]
    if "{" in text:
        text = _PLUGIN.sub(" ", text)
    return " ".join(word for word in text.split() if not _CODE.search(word))


def _letters(text: str) -> int:
    return sum(map(str.isalpha, text))


def _wrong(text: str, tag: str, languages: frozenset[str]) -> str:
    """What a text is in, when it is not the language of ``tag``; else nothing."""
    if in_script(text, tag) < _OWN_SCRIPT:
        return f"another script than {langcodes.get(tag).maximize().script_name('en')}"
    found = other_language(text, label(tag), languages)
    return langcodes.get(found).display_name("en") if found else ""
