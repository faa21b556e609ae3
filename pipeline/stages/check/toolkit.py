"""Checks that translate-toolkit has, as it has them (version 3.20, ``translate.filters.checks``).

It was written for the messages of programs: each of its other filters was tried on the pages of tests/quality and not
taken. ``endpunc``, ``puncspacing`` and ``sentencecount`` are wrong about *“…,” she says.* and *“….”* most times,
``doublewords`` does not look at the source, ``emails`` and ``urls`` compare in order, ``numbers`` takes 1,000 and
1.000 for two numbers, ``acronyms`` and ``simplecaps`` don't know that NATO is OTAN; ``xmltags``, ``variables``,
``accelerators``, ``printf`` and the like are about other things than articles.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Final

from pipeline.stages.check.contract import Read, TextCheck
from pipeline.stages.check.languages import CASELESS
from pipeline.stages.translate.words import script

if TYPE_CHECKING:  # the toolkit is slow to import, and only translations are checked
    from translate.filters.checks import StandardChecker

_ROUND: Final = str.maketrans("（）［］｛｝﴾﴿", "()[]{}()")


class Brackets(TextCheck):
    id = "brackets"
    name = "Brackets are those of the source"

    def problem(self, read: Read) -> str:
        from translate.filters.checks import FilterFailure  # as above

        source, target = (text.prose.translate(_ROUND) for text in (read.source, read.target))
        try:
            _checker(read.translation.source_language, read.translation.target_language).brackets(source, target)
        except FilterFailure as failure:
            return f"Brackets differ from the source ({str(failure).strip('.').lower()})."
        return ""


class Capitals(TextCheck):
    id = "capitals"
    name = "What begins with a capital letter still does"

    def problem(self, read: Read) -> str:
        pair = read.translation
        if script(pair.source_language) in CASELESS or script(pair.target_language) in CASELESS:
            return ""
        if read.source.prose.casefold() == read.target.prose.casefold():
            return ""  # not translated at all: that is another finding
        from translate.filters.checks import FilterFailure  # as above

        checker = _checker(pair.source_language, pair.target_language)
        try:
            checker.startcaps(read.source.prose, read.target.prose)
        except FilterFailure:
            # The other way round is a matter of the language: German nouns, English days and nations.
            if checker.config.sourcelang.capsstart(read.source.prose):
                return "The source begins with a capital letter, the translation does not."
        return ""


@lru_cache(maxsize=64)
def _checker(source: str, target: str) -> StandardChecker:
    from translate.filters import checks  # as above
    from translate.lang import factory

    config = checks.CheckerConfig(targetlanguage=target.replace("-", "_"))
    config.sourcelang = factory.getlanguage(source.replace("-", "_"))
    return checks.StandardChecker(config)
