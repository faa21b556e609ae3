"""What the import contracts in pyproject.toml can't say of single modules of a package."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

PURE = ["pipeline/stages", "pipeline/engines", "pipeline/documents.py", "pipeline/network.py", "pipeline/errors.py"]
IMPURE = ("django.db", "django.conf", "django.apps", "django.core.management")


def modules() -> list[Path]:
    """Every module that must be plain functions."""
    roots = [Path(name) for name in PURE]
    return [module for root in roots for module in ([root] if root.is_file() else sorted(root.rglob("*.py")))]


def imported(module: Path) -> set[str]:
    """The full names of what a module imports."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(module.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return names


@pytest.mark.parametrize("module", modules(), ids=str)
def test_stages_and_engines_know_no_ledger_and_no_settings(module):
    """They are given what they need."""
    found = {name for name in imported(module) if name.startswith(IMPURE) or name.startswith("pipeline.ledger")}
    assert not found


def test_there_are_modules_to_look_at():
    """The test above would pass on an empty folder."""
    assert len(modules()) > 20
