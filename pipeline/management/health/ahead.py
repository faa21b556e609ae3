"""A look that needs neither ledger nor network file begins at once, and is told when its turn comes."""

from __future__ import annotations

from collections.abc import Iterator
from threading import Thread
from typing import Final

from pipeline.management.health.result import Look, Result

PATIENCE: Final = 3.0
"""Seconds that are waited for it at its turn; a little longer than it waits itself."""


class Ahead:
    """Looks in a thread that nobody has to wait for. The look must not ask the database, and name its matter."""

    def __init__(self, look: Look) -> None:
        self.__name__ = look.__name__
        self._look = look
        self._found: list[Result] = []
        self._error: Exception | None = None
        self._thread = Thread(target=self._run, name=look.__name__, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        try:
            self._found.extend(self._look())
        except Exception as error:  # noqa: BLE001 - raised again where somebody hears of it
            self._error = error

    def __call__(self) -> Iterator[Result]:
        """What it has shown; it raises what the look has raised."""
        self._thread.join(PATIENCE)
        if self._error is not None:
            raise self._error
        if self._thread.is_alive():
            why = f"There was no answer within {PATIENCE:.0f} seconds."
            yield Result("notice", self.__name__, why, "Look whether it is up.")
            return
        yield from self._found
