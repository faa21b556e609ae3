"""What every translation engine promises."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from pipeline.documents import Failure, Hop
from pipeline.errors import Permanent

THREADS = "SECTIONWIRE_ENGINE_THREADS"
"""The variable in which a process of an engine finds how many threads it may use."""


@dataclass(frozen=True, slots=True)
class Installed:
    """One installed model: the hop it makes possible, where it lies and what it takes on disk (bytes)."""

    hop: Hop
    path: Path
    size: int
    note: str = ""  # "comes with Sectionwire", for example: such a model cannot be removed


class Engine(Protocol):
    """A translation engine. It is made as ``EngineClass(models)``: the folder in which models are installed.

    Making an engine and asking for its models must be cheap and import nothing heavy. ``translate`` runs in a child
    process of the host, on one thread; it may be killed at any moment.

    A class may have ``batch_characters``: how many characters of source text it likes in one call (3,000 if it says
    nothing). An engine that batches well takes more; a call should last some seconds at most.

    A class may have ``parallel = True``: its one process then runs as many threads as the variable ``THREADS``
    says, so that a model is in memory once and not once per core. Its calls have so many times ``batch_characters``.

    An engine that knows how sure it is of a translation gives it as a :class:`~pipeline.documents.Scored`.
    """

    name: str

    def __init__(self, models: Path) -> None: ...

    def installed(self) -> list[Installed]:
        """Every model that is installed now, read afresh. Codes are declared as BCP 47."""
        ...

    def translate(self, sentences: Sequence[str], source: str, target: str) -> list[str]:
        """Translate plain sentences, in order; the result has the same length.

        ``source`` and ``target`` are codes of one of the ``installed()`` hops. An empty list only loads the model.

        Raises:
            NoModel: there is no model for this pair, or its files are damaged.
        """
        ...


class NoModel(Permanent):
    """There is no model for a pair, or its files are damaged: nothing can be translated until a person acts."""


Batch = Mapping[str, str | Failure]
"""Some translations as they come from the host, by source sentence."""
