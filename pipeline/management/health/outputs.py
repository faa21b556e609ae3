"""Whether pages could be put to every output now: all are asked at once, since some answer late or never."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from threading import Thread
from typing import Final

from django.conf import settings

from pipeline.errors import PipelineError, Transient
from pipeline.flow import installation
from pipeline.management.console import count
from pipeline.management.health.result import Result
from pipeline.network import Output as OutputConfig
from pipeline.stages.publish.outputs import open_output

PATIENCE: Final = 2.0
"""Seconds that all of them together have."""

MOST: Final = 40
"""So many places are asked. Sections share stores and receivers: a hundred more would say nothing new."""


class Probes:
    """Asks every output, for every section that it serves."""

    def __init__(self) -> None:
        self._answers: dict[tuple[str, str], PipelineError | None] = {}
        self._asked: list[tuple[str, str, Thread]] = []
        self._left = 0
        self._until = 0.0

    def begin(self) -> None:
        """Ask them all, in threads that nobody has to wait for."""
        net = installation.network()
        places = [
            (name, section.key)
            for section in net.sections
            if not section.retired
            for name in section.outputs
            if name in net.outputs
        ]
        first = dict(reversed(places))
        places.sort(key=lambda place: first[place[0]] != place[1])  # one section of each output comes first
        self._left = max(0, len(places) - MOST)
        self._until = time.monotonic() + PATIENCE
        for name, section in places[:MOST]:
            asking = Thread(target=self._ask, args=(name, section, net.outputs[name]), daemon=True)
            asking.start()
            self._asked.append((name, section, asking))

    def _ask(self, name: str, section: str, config: OutputConfig) -> None:
        try:
            output = open_output(config, section, Path(settings.SECTIONWIRE_HOME))
            if hasattr(output, "probe"):  # one of somebody else may be older than this question
                output.probe()
            self._answers[name, section] = None
        except PipelineError as error:
            self._answers[name, section] = error
        except Exception as error:  # noqa: BLE001 - an output of somebody else may raise anything, and this is a thread
            self._answers[name, section] = Transient(f"It raised {type(error).__name__}: {error}.")

    def outputs(self) -> Iterator[Result]:
        """What they answered."""
        fine = 0
        for name, section, asking in self._asked:
            asking.join(max(0.0, self._until - time.monotonic()))
            if (name, section) not in self._answers:
                message = f"{name} for {section} has not answered within {PATIENCE:.0f} seconds."
                yield Result("notice", "outputs", message, "Look whether it is up; sends are repeated until it is.")
            elif (error := self._answers[name, section]) is None:
                fine += 1
            elif isinstance(error, Transient):
                remedy = error.remedy or "Look whether it is up; sends are repeated until it is."
                yield Result("notice", "outputs", f"{name} for {section}: {error.message}", remedy)
            else:
                yield Result("fault", "outputs", f"{name} for {section}: {error.message}", error.remedy)
        if fine:
            left = f"; {self._left} more were not asked" if self._left else ""
            yield Result("ok", "outputs", f"{count(fine, 'place')} can be written or reached{left}.")
