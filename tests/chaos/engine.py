"""The fake engine, as a package of somebody else would bring an engine; it writes down how much it was asked."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from pipeline.engines.contract import Installed
from pipeline.engines.fake import FakeEngine

COUNT = "SECTIONWIRE_CHAOS_COUNT"
"""The file in which each call adds a line: how many sentences it was asked for."""


class ChaosEngine(FakeEngine):
    """Translates as the fake engine does."""

    name = "chaos"

    def installed(self) -> list[Installed]:
        return [replace(model, hop=replace(model.hop, engine=self.name)) for model in super().installed()]

    def translate(self, sentences: Sequence[str], source: str, target: str) -> list[str]:
        with Path(os.environ[COUNT]).open("a", encoding="ascii") as file:
            file.write(f"{len(sentences)}\n")  # one short write at the end of the file: processes don't mix
        return super().translate(sentences, source, target)


def register(folder: Path) -> None:
    """Make the engine known to every process that has the folder on its PYTHONPATH."""
    about = folder / "sectionwire_chaos-1.dist-info"
    about.mkdir(parents=True)
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: sectionwire-chaos\nVersion: 1\n", encoding="utf-8")
    points = f"[sectionwire.engines]\nchaos = {__name__}:{ChaosEngine.__name__}\n"
    (about / "entry_points.txt").write_text(points, encoding="utf-8")


def asked(file: Path) -> int:
    """How many sentences the engines were asked for."""
    return sum(map(int, file.read_text(encoding="ascii").split())) if file.exists() else 0
