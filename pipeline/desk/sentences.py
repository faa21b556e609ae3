"""Sentences that the ledger keeps in English — findings, reasons, events — in the interface's language.

They are written once, by stages that know no interface, and read by people of many languages. Here each is known by its
form; one that is not, or has no translation, is shown as it was written, and marked as English.
"""

from __future__ import annotations

import re
from functools import cache
from typing import Final

from django.utils.translation import get_language_bidi, gettext, gettext_noop

_KNOWN: Final = (
    # findings
    gettext_noop("The segment has no translation."),
    gettext_noop("The translation of the segment is empty."),
    gettext_noop("The segment could not be translated. Translate it by hand."),
    gettext_noop("The translation is the same as the source."),
    gettext_noop("A date differs: “%(ours)s” in the source, “%(theirs)s” in the translation."),
    gettext_noop("Web addresses differ from the source (%(parts)s)."),
    gettext_noop("E-mail addresses differ from the source (%(parts)s)."),
    gettext_noop("Addresses differ from the source (%(parts)s)."),
    gettext_noop("Numbers differ from the source (%(parts)s)."),
    gettext_noop("missing: %(lost)s; not in the source: %(added)s"),
    gettext_noop("missing: %(lost)s"),
    gettext_noop("not in the source: %(added)s"),
    gettext_noop("The translation seems to be in %(language)s."),
    gettext_noop("The whole text seems to be in %(language)s: the engine may lack this language."),
    gettext_noop("The translation is unusually short (%(parts)s): look whether something is missing."),
    gettext_noop("The translation is unusually long (%(parts)s): look whether something is added or repeated."),
    gettext_noop("%(ours)s characters for %(theirs)s"),
    gettext_noop("One link or emphasis was placed by position only: look whether the right words are marked."),
    gettext_noop("%(count)s links or emphases were placed by position only: look whether the right words are marked."),
    gettext_noop("“%(mark)s” is missing."),
    gettext_noop("There are two spaces in a row."),
    gettext_noop("There is a space before “%(mark)s”."),
    gettext_noop("There is no space after “%(mark)s”."),
    gettext_noop("French sets a no-break space before “%(mark)s”."),
    gettext_noop("French sets a no-break space after “%(mark)s”."),
    gettext_noop("The quotation marks are lost."),
    gettext_noop("A quotation mark is missing, or one is too many."),
    gettext_noop("“%(mark)s” is not a quotation mark of the language, which sets %(marks)s."),
    gettext_noop("Repeated: “%(words)s”."),
    gettext_noop("The translation says the same again and again."),
    gettext_noop("The source begins with a capital letter, the translation does not."),
    gettext_noop("“%(term)s” is not to be translated: it should stand here as it is."),
    gettext_noop("“%(term)s” should be “%(target)s” here."),
    gettext_noop("“%(term)s” should not be “%(found)s” here: use “%(target)s”."),
    gettext_noop("“%(term)s” should not be “%(found)s” here."),
    # why something stands where it does
    gettext_noop("waits for an editor of %(section)s"),
    gettext_noop("follows %(section)s, which has not approved it yet"),
    gettext_noop("a check blocks it: %(parts)s"),
    gettext_noop("waits to be cleaned and segmented"),
    gettext_noop("was not asked for when the article came in"),
    gettext_noop("returned by %(name)s: %(why)s"),
    gettext_noop("rejected by %(name)s: %(why)s"),
    # what happened
    gettext_noop("revision %(number)s came in as %(name)s"),
    gettext_noop("version %(number)s approved"),
    gettext_noop("published at %(address)s"),
)

_LONGEST: Final = 2_000
"""Characters of a sentence that is looked at: the time that a pattern takes grows faster than its text."""

_SENTENCES_WITHIN: Final = "parts"
"""The part of a sentence that is a sentence of ours again."""


@cache
def _patterns() -> tuple[tuple[re.Pattern[str], str], ...]:
    """Each known sentence as a pattern; a name stands for whatever stands there."""
    found = []
    for known in _KNOWN:
        pieces = re.split(r"%\((\w+)\)s", known)
        pattern = "".join(f"(?P<{piece}>.+?)" if at % 2 else re.escape(piece) for at, piece in enumerate(pieces))
        found.append((re.compile(pattern, re.DOTALL), known))
    return tuple(found)


def translated(sentence: str) -> str | None:
    """A sentence of the ledger in the interface's language; ``None`` where it has to stay as it is."""
    if len(sentence) > _LONGEST:
        return None
    for pattern, known in _patterns():
        match = pattern.fullmatch(sentence)
        if match is None:
            continue
        words = gettext(known)
        if words == known:
            return None  # English, or a language that lacks it
        values = match.groupdict()
        if within := values.get(_SENTENCES_WITHIN):
            values[_SENTENCES_WITHIN] = translated(within) or within
        if get_language_bidi():  # a name or a note in Latin letters must not turn the sentence around it
            values = {name: f"\u2068{value}\u2069" for name, value in values.items()}
        return words % values
    return None
