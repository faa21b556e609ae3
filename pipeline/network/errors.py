"""What is wrong with a network file: each fault with its line and its remedy."""

from __future__ import annotations

import re
from typing import Any

_REMEDIES = {
    "extra_forbidden": ("unknown key", "Remove it, or mend its spelling"),
    "missing": ("a key is missing", "Add it"),
    "literal_error": ("this is none of the allowed values", "Use one of them"),
}


def explain(text: str, name: str, fault: dict[str, Any]) -> str:
    loc: list[str | int] = [part for part in fault["loc"] if part != "[key]"]
    context = fault.get("ctx", {})
    if fault["type"] == "network":
        loc += context["where"]
        message, remedy = context["message"], context["remedy"]
    else:
        message, remedy = _REMEDIES.get(fault["type"], (fault["msg"], "Mend this value"))
        message = f"{'.'.join(str(part) for part in loc)}: {message}."
        if allowed := context.get("expected"):
            remedy = f"{remedy}: {allowed}"
        remedy += "."
    return f"{name}:{line_of(text, loc)}: {message} {remedy}"


def line_of(text: str, loc: list[str | int]) -> int:
    """The line (from 1) where the key at ``loc`` stands, or the nearest table around it.

    tomllib gives no positions; a scan of headers and key names finds what a person needs to see.
    """
    best, depth = 1, 0
    table: list[str | int] = []
    counts: dict[str, int] = {}
    for number, line in enumerate(text.splitlines(), 1):
        stripped = line.strip()
        if header := re.match(r"\[\[?([^\]]+)\]\]?", stripped):
            table = _table_path(header[1], counts, is_array=stripped.startswith("[["))
            here = table
        elif key := re.match(r"""["']?([\w>-]+)["']?\s*=""", stripped):
            here = [*table, key[1]]
        else:
            continue
        common = _common(here, loc)
        if common == len(here) and common > depth:
            best, depth = number, common
    return best


def _table_path(header: str, counts: dict[str, int], *, is_array: bool) -> list[str | int]:
    names = [name.strip().strip("\"'") for name in header.split(".")]
    if is_array:
        counts[header] = counts.get(header, -1) + 1
    path: list[str | int] = []
    for depth, name in enumerate(names, 1):
        path.append(name)
        if (index := counts.get(".".join(names[:depth]))) is not None:
            path.append(index)
    return path


def _common(here: list[str | int], loc: list[str | int]) -> int:
    length = 0
    for mine, theirs in zip(here, loc, strict=False):
        if mine != theirs:
            break
        length += 1
    return length
