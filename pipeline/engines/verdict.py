"""What needs no engine, and what can't be a translation."""

from __future__ import annotations

import re

from pipeline.errors import Permanent

_ENDLESS = re.compile(r"(\S.{0,59}?)\1{9,}", re.DOTALL)
"""Ten times the same, at once: what a model says that lost its way."""


def has_words(sentence: str) -> bool:
    """Whether there is anything to translate: a letter, in any script.

    >>> has_words("12 – 14 %"), has_words("مرحبا")
    (False, True)
    """
    return any(character.isalpha() for character in sentence)


def check_text(sentence: str) -> None:
    """Raise Permanent for a string that is no text: it holds a lone surrogate, which has no bytes in UTF-8."""
    try:
        sentence.encode()
    except UnicodeEncodeError as error:
        raise Permanent(f"This is no text: {error}.", "Remove the damaged character.") from None


def absurd(source: str, target: str) -> str:
    """Why ``target`` can't be a translation of ``source``; empty when it may be one."""
    if not target.strip() and has_words(source):
        return "The engine's answer is empty."
    if len(target) > 20 * len(source) + 200:
        return f"The engine's answer is absurdly long: {len(target):,} characters for {len(source):,}."
    if _ENDLESS.search(target) and not _ENDLESS.search(source):
        return "The engine's answer repeats itself without end."
    return ""
