"""Two runs over the same articles, and what they are compared by."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final, Protocol

from django.core.management import call_command
from django.db import connection

from tests.chaos.judge import judge, memory
from tests.chaos.plan import plan
from tests.chaos.processes import Staff
from tests.chaos.receiver import FaultyReceiver
from tests.chaos.run import Options, Result, Run, Stuck
from tests.chaos.services import Broker, Database

MANY: Final = 100
"""Articles for which two processes of each kind are worth their start, which costs as much as a hundred pages."""


FEW_HANGS: Final = 2
"""So many requests hang in the small form."""


class Wanted(Protocol):
    """What the command line says."""

    articles: int
    kills: int
    outages: int
    faulty: float
    seed: int
    limit: float


def compare(wanted: Wanted, folder: Path, database: Database, broker: Broker, report: dict[str, Any]) -> list[str]:
    """Run undisturbed, then disturbed; fills the report, and gives what is not as it must be."""
    is_full = wanted.articles > MANY
    options = Options(
        articles=wanted.articles,
        updates=max(1, wanted.articles // 10),
        staff=Staff() if is_full else Staff(translators=1, clocks=1, forked=True),
        delay=0.01,
        limit=wanted.limit,
    )
    try:
        calm = Run(folder / "undisturbed", database, broker, options, FaultyReceiver()).work()
        _tell("undisturbed", calm, report)
        known = memory()
        call_command("flush", verbosity=0, interactive=False)
        broker.flush()
        steps = plan(wanted.seed, wanted.kills, wanted.outages)
        receiver = FaultyReceiver(wanted.seed, wanted.faulty)
        if not is_full:
            receiver.hangs, receiver.most = FEW_HANGS, 1
        hurt = Run(folder / "disturbed", database, broker, options, receiver, steps).work()
    except Stuck as stuck:
        return [str(stuck)]
    _tell("disturbed", hurt, report)
    _repeated(hurt, calm, report)
    return [
        *(f"undisturbed, verify: {drift}" for drift in calm.drifts),  # else both might lack the same
        *judge(hurt, calm, known, options, folder / "disturbed"),
    ]


def hang_up() -> None:
    """Close this process's connection to the database, which is about to stop."""
    connection.close()


def _tell(name: str, result: Result, report: dict[str, Any]) -> None:
    """The figures of a run, printed and into the report."""
    figures = {
        "seconds": round(result.seconds, 1),
        "faults": {fault: result.faults.count(fault) for fault in sorted(set(result.faults))},
        "seconds to recover": round(result.recovery, 1),
        "rows left at the last fault": result.left,
        "requests": result.requests,
        "faults met by requests": dict(result.met),
        "sends confirmed": result.receipts,
        "sentences asked": result.asked,
        "files": len(result.trees),
    }
    report[name] = figures
    print(f"── {name}")
    for key, value in figures.items():
        if value:
            print(f"   {key}: {value}", flush=True)


def _repeated(hurt: Result, calm: Result, report: dict[str, Any]) -> None:
    pairs = {
        "requests": (hurt.requests, calm.requests),
        "sends confirmed": (hurt.receipts, calm.receipts),
        "sentences asked": (hurt.asked, calm.asked),
    }
    report["repeated"] = {name: round(ours / theirs, 3) for name, (ours, theirs) in pairs.items() if theirs}
    print("── repeated, against undisturbed")
    for name, share in report["repeated"].items():
        print(f"   {name}: {share:.2f} times as many", flush=True)
