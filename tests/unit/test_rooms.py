"""What the import contracts in pyproject.toml can't say of single modules of a package."""

from __future__ import annotations

import ast
from importlib.util import find_spec
from pathlib import Path

import pytest

from pipeline.stages import STAGES

PURE = ["pipeline/stages", "pipeline/engines", "pipeline/documents.py", "pipeline/network", "pipeline/errors.py"]
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


@pytest.mark.parametrize("stage", STAGES)
def test_the_word_of_a_stage_is_its_module(stage):
    """One word for one stage, everywhere."""
    assert find_spec(f"pipeline.stages.{stage}")


def test_the_flow_and_the_readme_tell_the_stages_in_their_order():
    """What the folders say is what the documents say."""
    flow = ast.get_docstring(ast.parse(Path("pipeline/flow/__init__.py").read_text(encoding="utf-8"))) or ""
    told = [line.split()[0] for line in flow.splitlines() if line.split()[:1] and line.split()[0] in STAGES]
    assert told == list(STAGES)
    way = Path("README.md").read_text(encoding="utf-8").split("```")
    lines = next(block for block in way if block.startswith("\nsubmit")).splitlines()
    assert [line.split()[0] for line in lines if line.split()][1:-1] == [*STAGES[1:]]
