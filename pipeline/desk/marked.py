"""What differs between two texts, word by word, as marked text: in coded form, so that links and marks stay what they
are. Nothing of a text is ever markup: all of it is escaped."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe

from pipeline.desk import coded
from pipeline.stages.translate.approved import CODE
from pipeline.stages.translate.words import WORD

_TOKEN: Final = re.compile(rf"{CODE.pattern}|\s+|{WORD.pattern}|.", re.DOTALL)
_MOST: Final = 1_000_000
"""Pairs of differing words beyond which two texts are told apart as wholes: difflib may look at all of them."""

_AROUND: Final = 6
"""Words and spaces beside a change that an excerpt shows."""

_SHOWN: Final = str.maketrans({"\xa0": "⍽", "\u202f": "⍽"})


Step = tuple[str, int, int, int, int]
"""As difflib has them: what happens, and the tokens of the old and the new list that it is about."""


@dataclass(frozen=True, slots=True)
class Hunk:
    """One place that differs: what went and what came, as people read it."""

    went: str
    came: str


def tokens(text: str) -> list[str]:
    """A coded text in codes, words, spaces and marks; joined, they give it back."""
    return [match[0] for match in _TOKEN.finditer(text)]


def opcodes(old: Sequence[str], new: Sequence[str]) -> list[Step]:
    """The steps from one list of tokens to the other; one step in the middle where very many differ.

    Changes between which only a space is the same are one: *a b* for *c d* is read as two words for two.
    """
    shorter = min(len(old), len(new))
    head = next((at for at in range(shorter) if old[at] != new[at]), shorter)
    tail = next((at for at in range(shorter - head) if old[-1 - at] != new[-1 - at]), shorter - head)
    a, b = old[head : len(old) - tail], new[head : len(new) - tail]
    if len(a) * len(b) > _MOST:
        found: list[Step] = [("replace", head, head + len(a), head, head + len(b))]
    else:
        steps = difflib.SequenceMatcher(None, a, b, autojunk=False).get_opcodes()
        found = [(kind, i + head, j + head, k + head, m + head) for kind, i, j, k, m in steps]
    found = _joined(old, found)
    if head:
        found.insert(0, ("equal", 0, head, 0, head))
    if tail:
        found.append(("equal", len(old) - tail, len(old), len(new) - tail, len(new)))
    return found


def _joined(old: Sequence[str], steps: Sequence[Step]) -> list[Step]:
    joined: list[Step] = []
    for number, step in enumerate(steps):
        kind, a, b, _, d = step
        between = 0 < number < len(steps) - 1 and kind == "equal" and not "".join(old[a:b]).strip()
        if between or (joined and joined[-1][0] != "equal" and kind != "equal"):
            _, start, _, first, _ = joined.pop()
            joined.append(("replace", start, b, first, d))
        else:
            joined.append(step)
    return joined


def differences(old: str, new: str, tags: Mapping[int, str] | None = None) -> SafeString:
    """Two coded texts in one: what went is in ``del``, what came in ``ins``; elements are those of the new one.

    ``tags`` are the opening tags by number; without them, or where they do not fit, only the words are shown.
    """
    fits = bool(tags) and coded.fits(new, tags or {})
    out: list[str] = []
    before, after = tokens(old), tokens(new)
    for kind, a, b, c, d in opcodes(before, after):
        if kind != "equal" and (went := words(before[a:b])):
            out.append(f"<del>{escape(_shown(went))}</del>")
        out += _new(after[c:d], "" if kind == "equal" else "ins", tags if fits and tags else {})
    return mark_safe("".join(out))  # noqa: S308 - our own marks around escaped text


def owned(pieces: Sequence[tuple[str, str]], tags: Mapping[int, str]) -> SafeString:
    """A coded text in pieces of which each names whose change it is (a class of ``ins``), or nobody's."""
    text = "".join(piece for piece, _ in pieces)
    fits = coded.fits(text, tags)
    out: list[str] = []
    for piece, owner in pieces:
        out += _new(tokens(piece), owner and f'ins class="{owner}"', tags if fits else {})
    return mark_safe("".join(out))  # noqa: S308 - our own marks around escaped text


def _new(part: Sequence[str], mark: str, tags: Mapping[int, str]) -> Iterator[str]:
    """Tokens of the new text: elements as they are, runs of words in the mark."""
    run: list[str] = []
    for token in [*part, None]:
        is_code = token is not None and is_element(token)
        if token is not None and not is_code:
            run.append(token)
            continue
        if run and (text := words(run)):
            name = mark.split(" ", 1)[0]
            yield f"<{mark}>{escape(_shown(text))}</{name}>" if mark else str(escape(text))
        run = []
        if token is not None and tags:
            yield coded.element(token, tags, moved=bool(mark))


def is_element(token: str) -> bool:
    """Whether a token is a code: a doubled brace is a brace of the text."""
    match = CODE.fullmatch(token)
    return match is not None and match["number"] is not None


def words(part: Sequence[str]) -> str:
    """The text of tokens as people read it, without codes."""
    return "".join("" if is_element(token) else token[0] if token in ("{{", "}}") else token for token in part)


def hunks(old: str, new: str) -> list[Hunk]:
    """The places in which two coded texts differ; where only spaces do, with the words beside them."""
    before, after = ([each for each in tokens(text) if not is_element(each)] for text in (old, new))
    found = []
    for kind, a, b, c, d in opcodes(before, after):
        if kind == "equal":
            continue
        went, came = before[a:b], after[c:d]
        if not words(went).strip() or not words(came).strip():
            # Only spaces, or only something more or less: the word before it says where, else the one behind it.
            left = _words_beside(before[:a][::-1])
            right = 0 if left and words([*went, *came]).strip() else _words_beside(before[b:])
            went, came = before[a - left : b + right], after[c - left : d + right]
        found.append(Hunk(_shown(words(went)).strip(), _shown(words(came)).strip()))
    return found


def _words_beside(part: Sequence[str]) -> int:
    """How many tokens it is to the first that is no space, with it; none where there is none."""
    return next((at + 1 for at, token in enumerate(part) if token.strip()), 0)


def excerpt(old: str, new: str) -> SafeString:
    """What differs between two coded texts, with a few words around each place."""
    before, after = ([each for each in tokens(text) if not is_element(each)] for text in (old, new))
    out: list[str] = []
    steps = opcodes(before, after)
    for number, (kind, a, b, c, d) in enumerate(steps):
        if kind == "equal":
            out.append(str(escape(_cut(after[c:d], first=number == 0, last=number == len(steps) - 1))))
        else:
            went, came = (escape(_shown(words(each))) for each in (before[a:b], after[c:d]))
            out.append((f"<del>{went}</del>" if went else "") + (f"<ins>{came}</ins>" if came else ""))
    return mark_safe("".join(out))  # noqa: S308 - our own marks around escaped text


def _cut(part: Sequence[str], *, first: bool, last: bool) -> str:
    head, tail = ([] if first else part[:_AROUND]), ([] if last else part[-_AROUND:])
    if len(head) + len(tail) >= len(part):
        return words(part)
    return f"{words(head)}…{words(tail)}"


def _shown(text: str) -> str:
    """Changed text with the spaces that nobody sees: no-break ones, and two in a row."""
    return re.sub(r" {2,}", lambda match: "␣" * len(match[0]), text.translate(_SHOWN))
