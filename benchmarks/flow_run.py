"""One run of the whole flow in a fresh installation, with what it cost."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path

import django
import psutil

django.setup()

from django.core.management import call_command  # noqa: E402 - the applications are loaded now
from django.db.models import F  # noqa: E402

from pipeline.documents import Metadata, Submission  # noqa: E402
from pipeline.flow.submit import submit  # noqa: E402
from pipeline.ledger.models import Delivery, Receipt, Refresh, Translation, Version, WorkerBeat  # noqa: E402
from pipeline.management.homes import ensure_home  # noqa: E402
from workers import bell  # noqa: E402
from workers.embedded import Embedded, standard_children, wait_for  # noqa: E402


def measure(home: Path, articles: Sequence[str], sections: int) -> dict[str, float]:
    """Seconds from the first submit to the last confirmation, CPU seconds outside the engine, memory in MB."""
    ensure_home(home)
    call_command("migrate", verbosity=0, interactive=False)
    with (home / "log.txt").open("w") as log, Embedded(home, standard_children(), log_to=log).running() as embedded:
        bell.use_broker(embedded.broker_url)
        if not wait_for(lambda: WorkerBeat.objects.count() == 2, 60):
            raise SystemExit((home / "log.txt").read_text())
        time.sleep(3)  # models are being loaded
        ours = [psutil.Process(child.process.pid) for child in embedded.children if child.process]
        translator = ours[1]
        cpu_before = sum(_cpu(process) for process in ours) + _cpu(psutil.Process())
        started = time.monotonic()
        for number, html in enumerate(articles):
            meta = Metadata(title=f"Report of the river post number {number}", key=f"r-{number}", language="en")
            submit(Submission(f"{number}.html", html.encode(), meta))
        wanted = len(articles) * sections
        early = _watch(translator, len(articles), wanted)
        seconds = time.monotonic() - started
        rss = _resident(translator)
        cpu = sum(_cpu(process) for process in ours) + _cpu(psutil.Process()) - cpu_before
    pages = Receipt.objects.filter(outcome="confirmed").count() + sum(
        Refresh.objects.values_list("done_seq", flat=True)
    )
    return {
        "seconds": seconds,
        "cpu": cpu,
        "pages": pages,
        "published": Delivery.objects.filter(confirmed_seq__gt=0).count(),
        "versions": Version.objects.exclude(origin="source").count(),
        "rss": rss,
        "early_rss": early,
        "late_rss": rss,
    }


def _watch(translator: psutil.Process, articles: int, wanted: int) -> float:
    """Wait until everything is confirmed; gives the memory after the first fifth of the articles."""
    early = 0.0
    while True:
        if not early and Translation.objects.filter(status="done").count() >= articles / 5:
            early = _resident(translator)
        confirmed = Delivery.objects.filter(status="done", confirmed_seq=F("wanted_seq")).count()
        if confirmed >= wanted:
            return early
        time.sleep(0.2)


def _cpu(process: psutil.Process) -> float:
    """CPU seconds of a process itself, without its children."""
    times = process.cpu_times()
    return times.user + times.system


def _resident(process: psutil.Process) -> float:
    return sum(each.memory_info().rss for each in [process, *process.children(recursive=True)]) / 1e6
