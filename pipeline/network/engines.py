"""Engines: who translates, and how they run."""

from __future__ import annotations

from typing import Self

from pydantic import Field, model_validator

from pipeline.network.values import Language, Table, fault_of, is_canonical


class Engines(Table):
    """Which engines translate, in order of preference, and how they run.

    ``processes`` is the number of engine processes of a translation worker (0: one per core), ``deadline_seconds`` how
    long one batch may take before the process is killed.
    """

    order: tuple[str, ...] = ("firefox", "argos")
    pivot: Language | None = "en"
    processes: int = Field(default=0, ge=0, le=256)
    deadline_seconds: float = Field(default=60, gt=0)
    pairs: dict[str, tuple[str, ...]] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _pairs_are_pairs(self) -> Self:
        for pair, names in self.pairs.items():
            source, sign, target = pair.partition(">")
            if not sign or not all(map(is_canonical, (source, target))):
                raise fault_of(f"“{pair}” is no pair.", 'Write both bases with > between them: "es>pt".', "pairs", pair)
            if not names:
                raise fault_of(f"{pair} has no engine.", "Name one, or remove this line.", "pairs", pair)
        return self

    @property
    def names(self) -> tuple[str, ...]:
        """Every engine that is named, for all pairs or for one."""
        return tuple(dict.fromkeys((*self.order, *(name for names in self.pairs.values() for name in names))))

    def preference(self, source: str, target: str) -> tuple[str, ...]:
        """The engines to try for a pair of bases, best first."""
        return self.pairs.get(f"{source}>{target}", self.order)
