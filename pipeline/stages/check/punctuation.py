"""Are marks set as the source and the target language want them?"""

from __future__ import annotations

import re
from typing import Final

from pipeline.stages.check.contract import Read, TextCheck
from pipeline.stages.check.languages import UNSPACED, territory
from pipeline.stages.check.reading import OBJECT
from pipeline.stages.translate.words import base_language

_MARKS: Final = {
    "question": "?？؟⸮՞፧",
    "exclamation": "!！¡՜",
    "colon": ":：፦",
    "ellipsis": "…⋯",
    "full stop": ".。．｡।॥۔።։",
}
_CLASS: Final = {mark: name for name, marks in _MARKS.items() for mark in marks}
_CLOSING: Final = "\"'”“’‘»«›‹」』）)]}】〉》*_" + OBJECT
_TAIL: Final = 40
"""Characters at the end in which the last marks are looked for."""

_GREEK_QUESTION: Final = ";\u037e"
_ARMENIAN_QUESTION: Final = "՞"
_NO_FULL_STOP: Final = frozenset(["th", "lo", "km", "my", "bo"])
"""Languages whose sentences need no full stop."""

_ABBREVIATED: Final = re.compile(r"(?:^|[\s(])(?:[^\W\d_]{1,3}\.){1,4}$|(?:^|\s)[^\W\d_]{1,4}\.$")
_INVERTED: Final = {"?": "¿", "!": "¡"}
_INVERTING: Final = frozenset(["es", "ast"])


class Ending(TextCheck):
    """The last mark of a segment is of the same kind: a question stays one, a headline gets no full stop."""

    id = "punctuation"
    name = "The last mark is of the same kind"

    def problem(self, read: Read) -> str:
        target = read.translation.target_language
        source_text, target_text = read.source.prose, read.target.prose
        ours = ending(source_text, read.translation.source_language)
        theirs = ending(target_text, target)
        if ours != theirs and not _may_differ(ours, theirs, read):
            return f"The source ends with {_called(ours)}, the translation with {_called(theirs)}."
        if base_language(target) in _INVERTING:
            for mark, inverted in _INVERTED.items():
                if mark in source_text and mark in target_text and inverted not in target_text:
                    return f"“{inverted}” is missing."
        return ""


def ending(text: str, tag: str) -> str:
    """The kind of the last mark, whatever closes behind it: ``question`` of *“Why?”*, *(Why?)* and *Why”?*."""
    tail = text.rstrip()[-_TAIL:]
    if base_language(tag) == "hy" and _ARMENIAN_QUESTION in tail:
        return "question"
    found = ""
    while tail:
        last, tail = tail[-1], tail[:-1]
        if last in _CLASS or (last in _GREEK_QUESTION and base_language(tag) == "el"):
            kind = _CLASS.get(last, "question")
            if kind == "full stop" and tail.endswith(last * 2):
                kind = "ellipsis"
            # “So what?”. has two: the stronger one says what it is.
            if found in ("", "full stop") or (found == "ellipsis" and kind == "question"):
                found = kind
        elif last not in _CLOSING and not last.isspace():
            break
    return found


def _may_differ(ours: str, theirs: str, read: Read) -> bool:
    pair = {ours, theirs}
    if pair <= {"", "full stop"}:
        # An abbreviation ends with a full stop of its own: p.m., a.C., km.
        tags = {base_language(read.translation.source_language), base_language(read.translation.target_language)}
        dotted = read.source.prose if ours else read.target.prose
        return bool(tags & _NO_FULL_STOP) or bool(_ABBREVIATED.search(dotted.rstrip(_CLOSING + " ")[-_TAIL:]))
    # One mark or three dots for a thought that breaks off, with a full stop or without.
    return pair <= {"ellipsis", "full stop"} and "…" not in read.source.prose[-_TAIL:]


def _called(kind: str) -> str:
    if not kind:
        return "no mark"
    return f"{'an' if kind[0] in 'aeiou' else 'a'} {kind}{' mark' if kind in ('question', 'exclamation') else ''}"


_DOUBLE_SPACE: Final = re.compile(r"(?<=\S)[ \xa0]{2,}(?=\S)")
_DOUBLE_IN_HTML: Final = re.compile(r"\xa0[ \xa0]| \xa0")  # of other spaces a browser makes one
_SPACE_BEFORE: Final = re.compile(r"(?<=\w)[ \xa0\u202f]+(?:[,.;:!?،؛؟۔](?=\s|$)|[，。；：！？、])")
_NO_SPACE_AFTER: Final = re.compile(r"[^\W\d_]{2}[,;:!?.](?=[^\W\d_]{2})")
_HOST_LIKE: Final = re.compile(r"@|//|www\.|\w\.(?:\w{2,24}\.)*[a-z]{2,24}\b")
_FRENCH: Final = re.compile(r"(?<=[\w)»”])( ?)([;!?](?=\s|$)|:(?=\s|$)|»)|(«)( ?)(?=[\w(])")
_FRENCH_CANADIAN: Final = re.compile(r"(?<=[\w)»”])( ?)(:(?=\s|$)|»)|(«)( ?)(?=[\w(])")


class Spacing(TextCheck):
    """Spaces at marks: none doubled, none before a comma, one after; French sets no-break spaces."""

    id = "spacing"
    name = "Spaces stand where the language wants them"

    def problem(self, read: Read) -> str:
        source, target, tag = read.source.prose, read.target.prose, read.translation.target_language
        double = _DOUBLE_IN_HTML if read.segment.markup else _DOUBLE_SPACE
        if len(double.findall(target)) > len(double.findall(source)):
            return "There are two spaces in a row."
        if base_language(tag) == "fr":
            if message := _french(target, tag):
                return message
        elif len(before := _SPACE_BEFORE.findall(target)) > len(_SPACE_BEFORE.findall(source)):
            return f"There is a space before “{before[0].strip()}”."
        if base_language(tag) not in UNSPACED:
            found = [each[0] for each in _NO_SPACE_AFTER.finditer(target)]
            if len(found) > len(_NO_SPACE_AFTER.findall(source)) and not _HOST_LIKE.search(source):
                return f"There is no space after “{found[0]}”."
        return ""


def _french(text: str, tag: str) -> str:
    """Imprimerie nationale, *Lexique des règles typographiques*: a no-break space before ; : ! ? » and after «. Canada
    sets one only with the colon and the guillemets (Office québécois de la langue française)."""
    if not any(mark in text for mark in ";:!?«»"):
        return ""
    pattern = _FRENCH_CANADIAN if territory(tag) in ("CA", "CH") else _FRENCH
    if match := pattern.search(text):
        mark = match[2] or match[3]
        return f"French sets a no-break space {'after' if mark == '«' else 'before'} “{mark}”."
    return ""
