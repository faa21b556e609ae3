"""Every sentence that the flow writes for people is said in the languages of the desk."""

from __future__ import annotations

import ast
import itertools
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.utils import translation

from pipeline.desk import sentences

ROOT = Path(__file__).resolve().parents[2]

WRITERS = {"event", "_event", "tell", "_tell"}
"""Functions of the flow that write an event: one of their arguments is its message."""

REASONS = {
    *("changed_below", "_over_person", "_how_it_stands", "no_engine_reason", "_update", "_not_wanted", "_translation"),
    *(
        "_delivered",
        "_without_edition",
    ),
}
"""Functions that give a reason, alone or beside a place."""

NAMES = {"message", "told", "reason"}
"""Variables in which a sentence is kept before it is written."""

ANSWERING = (
    *("corrections", "decisions", "editing", "findings", "restore", "second"),
    *("slugs", "undo", "urgent", "withdraw"),
)
"""Modules whose failures a person meets at the desk; others answer to commands and programs."""

ELSEWHERE = {"webhooks", "webhook_sends", "tokens"}
"""Modules whose rows the desk does not show."""

FILLED = "7"
"""What stands for a value in a sentence: the forms that are known take anything there."""


def written(path: Path) -> Iterator[tuple[int, str]]:
    """Each sentence that a module writes into the ledger or answers with, and its line; values are filled in."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        for value in told(node, answering=path.stem in ANSWERING):
            for text in texts(value):
                if any(letter.isalpha() for letter in text):
                    yield value.lineno, text


def told(node: ast.AST, *, answering: bool) -> Iterator[ast.expr]:
    """The expressions in which a sentence for a person stands."""
    if isinstance(node, ast.Call):
        name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
        yield from (each.value for each in node.keywords if each.arg in ("message", "reason") and name != "warning")
        if name in WRITERS:
            yield from node.args
        if name == "Decision":
            yield from node.args[1:]
        if name in ("Permanent", "Transient") and answering:
            yield from node.args
    elif isinstance(node, ast.Assign):
        for target in node.targets:
            yield from assigned(target, node.value)
    elif isinstance(node, ast.FunctionDef) and node.name in REASONS:
        for each in ast.walk(node):
            if isinstance(each, ast.Return) and each.value is not None:
                yield from each.value.elts[1:] if isinstance(each.value, ast.Tuple) else [each.value]


def assigned(target: ast.expr, value: ast.expr) -> Iterator[ast.expr]:
    """What is written into a ``reason``; also where several things are written at once."""
    if isinstance(target, ast.Tuple) and isinstance(value, ast.Tuple):
        for each, part in zip(target.elts, value.elts, strict=True):
            yield from assigned(each, part)
    elif getattr(target, "attr", "") == "reason" or getattr(target, "id", "") in NAMES:
        yield value


def texts(node: ast.expr) -> Iterator[str]:
    """What an expression may say: each branch of a condition; of a sentence in pieces, every combination."""
    if isinstance(node, ast.Constant):
        yield str(node.value) if isinstance(node.value, str) else ""
    elif isinstance(node, ast.IfExp):
        yield from itertools.chain(texts(node.body), texts(node.orelse))
    elif isinstance(node, ast.BoolOp):
        yield from itertools.chain.from_iterable(map(texts, node.values))
    elif isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        yield from map("".join, itertools.product(texts(node.left), texts(node.right)))
    elif isinstance(node, ast.JoinedStr):
        for pieces in itertools.product(*map(list, map(piece, node.values))):
            yield "".join(pieces)


def piece(node: ast.expr) -> Iterator[str]:
    """A part of a sentence: words, or a value; a plural's ending is both."""
    if isinstance(node, ast.FormattedValue):
        chosen = isinstance(node.value, ast.IfExp) and isinstance(node.value.body, ast.Constant | ast.JoinedStr)
        yield from texts(node.value) if chosen else [FILLED]
    else:
        yield from texts(node)


def modules() -> list[Path]:
    """All of the flow but what the desk has no page of, and the policies, whose reasons it writes."""
    flow = [path for path in sorted((ROOT / "pipeline" / "flow").glob("*.py")) if path.stem not in ELSEWHERE]
    return [*flow, ROOT / "pipeline" / "stages" / "review.py"]


def is_said(text: str) -> bool:
    """Whether there is a translation, also of a reason without the key before it, as the pages show it."""
    return any(sentences.translated(each) is not None for each in (text, text.removeprefix(f"{FILLED}: ")))


def test_the_sentences_of_the_flow_are_found():
    """Constants, f-strings, both branches of a condition, plurals, what is written beside a state."""
    found = {text for path in modules() for _line, text in written(path)}
    assert {
        "version 7 approved",
        "waits for an editor of 7",
        "approved by 7, waits for a second person",
        "7 segment changed under the section's own wording",
        "7 segments changed under the section's own wording",
        "Read that one and decide again.",
    } <= found


@pytest.mark.parametrize("language", ["pt", "ur"])
def test_every_sentence_of_the_flow_is_translated(language):
    """Add what fails here to pipeline/desk/sentences.py, with %(name)s where a value stands; then script/messages."""
    with translation.override(language):
        missing = [
            f"{path.name}:{line}: {text}" for path in modules() for line, text in written(path) if not is_said(text)
        ]
    assert missing == []
