"""What ``sectionwire doctor`` looks at: one function per matter, each with a remedy for what is not in order."""

from __future__ import annotations

from collections.abc import Generator, Iterator

from django.db import DatabaseError

from pipeline.errors import PipelineError
from pipeline.management.console import explain
from pipeline.management.health import folder, ledger, machinery, outputs, surroundings
from pipeline.management.health.ahead import Ahead
from pipeline.management.health.result import Level, Look, Result
from pipeline.masking import mask

__all__ = ["Level", "Look", "Result", "examine"]


def examine(*more: Look) -> Iterator[Result]:
    """Look at everything, one matter after the other; ``more`` are further matters, which need no database.

    What needs the network file or the ledger is left out when these are broken: that is told once.
    """
    others = [Ahead(look) for look in more]  # they may wait for an answer while we look at the rest
    probes = outputs.Probes()
    yield from _guarded("home", folder.home)
    readable = yield from _told("network", folder.network)
    if readable:
        probes.begin()  # they answer while we look at the rest
    for look in (folder.system, folder.disk, surroundings.desk, surroundings.email, surroundings.secrets):
        yield from _guarded(look.__name__, look)
    sound = yield from _told("ledger", ledger.ledger)
    looks: list[Look] = [
        *((ledger.clock, ledger.invariants_hold, ledger.failures) if sound else ()),
        *others,
        *((machinery.workers, machinery.schedules, machinery.sources) if sound and readable else ()),
        *((machinery.models, probes.outputs) if readable else ()),
    ]
    for look in looks:
        yield from _guarded(look.__name__.replace("_", " "), look)


def _told(matter: str, look: Look) -> Generator[Result, None, bool]:
    """As :func:`_guarded`; gives back whether there was no fault."""
    results = list(_guarded(matter, look))
    yield from results
    return all(result.level != "fault" for result in results)


def _guarded(matter: str, look: Look) -> Iterator[Result]:
    try:
        for result in look():
            yield Result(result.level, result.matter, mask(result.message), result.remedy)
    except DatabaseError as error:
        known = explain(error)
        yield Result("fault", matter, mask(known.message), known.remedy)
    except PipelineError as error:
        yield Result("fault", matter, mask(error.message), error.remedy)
    except OSError as error:
        yield Result("fault", matter, mask(f"It can't be looked at: {error}."), "Mend that, then look again.")
