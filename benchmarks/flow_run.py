"""One run of the whole flow in a fresh installation, with what it cost."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

import django
import psutil

django.setup()

from django.core.management import call_command  # noqa: E402 - the applications are loaded now
from django.db.models import F  # noqa: E402

from benchmarks import corpus  # noqa: E402
from pipeline.documents import Metadata, Submission  # noqa: E402
from pipeline.flow.submit import submit  # noqa: E402
from pipeline.ledger.models import Delivery, Receipt, Translation, Version, WorkerBeat  # noqa: E402
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
        # Two articles ahead: models are loaded then, and every module that is needed first when it is needed.
        _submit(corpus.article(number, 500, first=9_000_000 + number * 1_000) for number in range(1_000_000, 1_000_002))
        _until(lambda: Delivery.objects.filter(confirmed_seq__gt=0).count() >= 2 * sections)
        ours = [psutil.Process(child.process.pid) for child in embedded.children if child.process]
        translator, ahead = ours[1], _sent()
        before = [_cpu(process) for process in ours]
        started, submitting = time.monotonic(), time.process_time()
        _submit(articles)
        submitting = time.process_time() - submitting
        _until(lambda: Translation.objects.filter(status="done").count() >= len(articles) / 5)
        early = _resident(translator)
        wanted = (len(articles) + 2) * sections
        _until(lambda: Delivery.objects.filter(confirmed_seq__gt=0).count() >= wanted)
        seconds = time.monotonic() - started
        late = _resident(translator)
        # What follows belongs to the cost: each page is written once more, with the links to its siblings.
        _until(lambda: Delivery.objects.filter(status="done", confirmed_seq=F("wanted_seq")).count() >= wanted)
        cpu = [_cpu(process) - earlier for process, earlier in zip(ours, before, strict=True)]
    return {
        "seconds": seconds,
        "cpu": sum(cpu) + submitting,
        "cpu_submit": submitting,
        **dict(zip(("cpu_pages", "cpu_translate", "cpu_beat"), cpu, strict=True)),
        "pages": _sent() - ahead,
        "published": wanted - 2 * sections,
        "versions": Version.objects.exclude(origin="source").count() - 2,
        "rss": late,
        "early_rss": early,
    }


def _submit(articles: Iterable[str]) -> None:
    for html in articles:
        key = hashlib.sha256(html.encode()).hexdigest()[:12]
        meta = Metadata(title=f"Report {key} of the river post", key=key, language="en")
        submit(Submission(f"{key}.html", html.encode(), meta))


def _until(condition: Callable[[], bool]) -> None:
    if not wait_for(condition, 1_800, every=0.2):
        raise SystemExit("The flow has stopped: look at log.txt.")


def _sent() -> int:
    return Receipt.objects.filter(outcome="confirmed").count()


def _cpu(process: psutil.Process) -> float:
    """CPU seconds of a process itself, without its children."""
    times = process.cpu_times()
    return times.user + times.system


def _resident(process: psutil.Process) -> float:
    return sum(each.memory_info().rss for each in [process, *process.children(recursive=True)]) / 1e6
