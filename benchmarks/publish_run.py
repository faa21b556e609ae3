"""What ``benchmarks/publish.py`` measures, in a process whose environment says where the ledger is."""

from __future__ import annotations

import hashlib
import logging
import resource
import statistics
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import django

django.setup()

from django.conf import settings  # noqa: E402 - Django must be set up before the ledger is imported
from django.core.management import call_command  # noqa: E402
from django.db import connection, models  # noqa: E402
from django.db.models import F  # noqa: E402
from django.db.models.functions import Now  # noqa: E402
from django.test.utils import CaptureQueriesContext  # noqa: E402

from benchmarks import corpus  # noqa: E402
from benchmarks.publish import REGIONS  # noqa: E402
from config import log  # noqa: E402
from pipeline.documents import Metadata, Sent, Submission  # noqa: E402
from pipeline.flow import bell, decisions, installation, lanes, prepare, publish, refresh, verify, work  # noqa: E402
from pipeline.flow.submit import submit  # noqa: E402
from pipeline.ledger import models as ledger  # noqa: E402
from pipeline.stages.publish.outputs.folder import FolderOutput  # noqa: E402
from pipeline.stages.publish.outputs.manifest import Entry, file_name  # noqa: E402

SMALL: Final = 100
GROWTH: Final = 1.2
PAGES_A_SECOND: Final = 200
APPROVALS: Final = 1_000
SETTLE: Final = 10
STEP: Final = 20
"""So many approvals come between two looks of the publishing worker."""
PATIENCE: Final = 60.0
"""Seconds for what is left to write after the last approval: each page waits for SETTLE."""
WRITES: Final = 60
COPY: Final = b"copy"
COPY_DIGEST: Final = hashlib.sha256(COPY).hexdigest()
OFFSET: Final = 10_000_000
"""Where the ids of copied rows begin."""
_Copied = tuple[type[models.Model], int, dict[str, str]]


def measure(large: int, times: int, pages: int, seconds: float) -> int:
    """Measure and print everything; gives 1 when a target is missed."""
    log.configure()
    handler = logging.getLogger().handlers[0]
    assert isinstance(handler, logging.StreamHandler)
    handler.setStream((Path(settings.SECTIONWIRE_HOME) / "log").open("w", encoding="utf-8"))
    call_command("migrate", verbosity=0)
    bench = Bench()
    with bell.muffled():
        missed = [
            bench.growth(large, times),
            bench.verified(),
            bench.rate(pages),
            bench.minute(seconds),
            bench.editions(),
        ]
    return int(any(missed))


@dataclass(slots=True)
class Cost:
    """Seconds, by the clock and of the processor."""

    wall: float = 0.0
    cpu: float = 0.0


@contextmanager
def timed() -> Iterator[Cost]:
    """The cost of a block."""
    cost, wall, cpu = Cost(), time.perf_counter(), time.process_time()
    yield cost
    cost.wall, cost.cpu = time.perf_counter() - wall, time.process_time() - cpu


@contextmanager
def writes() -> Iterator[Counter[str]]:
    """How often each page was handed to a folder, by its key."""
    counted: Counter[str] = Counter()
    original = FolderOutput.put

    def put(self: FolderOutput, path: str, files: Mapping[str, bytes], key: str, *rest: Any) -> Sent:
        counted[key] += 1
        return original(self, path, files, key, *rest)

    FolderOutput.put = put  # type: ignore[assignment,method-assign]
    try:
        yield counted
    finally:
        FolderOutput.put = original  # type: ignore[method-assign]


class Bench:
    """The ledger, and articles that are handed in."""

    def __init__(self) -> None:
        self._number = 0

    def hand_in(self, number: int, tag: str) -> None:
        """Articles of 300 words, prepared: their editions wait for a decision, or to be published."""
        for _ in range(number):
            self._number += 1
            html = corpus.article(self._number, 300, first=self._number * 1_000)
            meta = Metadata(title=f"Report {self._number}", key=f"{tag}-{self._number}", language="en", tags=(tag,))
            submit(Submission(f"{self._number}.html", html.encode(), meta))
        while prepare.run()[1]:
            pass

    def growth(self, large: int, times: int) -> bool:
        """(a), and whether it misses its target."""
        for tag, number in (("small", SMALL), ("large", large)):
            self.hand_in(1, tag)
            _publish()
            _copy(tag, number - 1)
        _publish()
        costs: dict[str, list[tuple[Cost, Cost]]] = {"small": [], "large": []}
        for turn in range(times + 2):
            for tag in costs:
                self.hand_in(1, tag)
                with timed() as page:
                    _drain(ledger.Delivery)
                with timed() as lists:
                    _drain(ledger.Refresh)
                if turn > 1:  # warm
                    costs[tag].append((page, lists))
        print(f"(a) one article into a section of {SMALL} and of {large:,}, the median of {times}:")
        missed = False
        for position, what in enumerate(("page", "lists")):
            wall, cpu = ({tag: _median(costs[tag], position, name) for tag in costs} for name in ("wall", "cpu"))
            ratio = cpu["large"] / cpu["small"]
            told = f"; target at most {GROWTH}" if what == "page" else ""
            print(
                f"    {what:<6} {wall['small']:>7.1f} ms → {wall['large']:>7.1f} ms by the clock, "
                f"{cpu['small']:>6.1f} → {cpu['large']:>6.1f} ms of CPU: {ratio:.2f} ×{told}"
            )
            missed |= what == "page" and ratio > GROWTH
        return missed

    def verified(self) -> bool:
        """What a comparison of both sections costs; whether it finds something that differs."""
        net = installation.network()
        small, large = (place for place in verify.places(net, "site") if place.section.key in {"small", "large"})
        found = list(verify.compare(small, net, lambda _: None))
        before = _peak()
        with timed() as cost:
            found += verify.compare(large, net, lambda _: None)
        print(
            f"    publish verify of the large one: {large.pages / cost.wall:,.0f} pages/s, "
            f"{_peak() - before:.0f} MB more memory than for the small one; {len(found)} differ"
        )
        return bool(found)

    def rate(self, pages: int) -> bool:
        """(b), and whether it misses its target."""
        self.hand_in(20, "many")
        _publish()
        self.hand_in(pages, "many")
        with timed() as cost:
            _drain(ledger.Delivery)
        with timed() as lists:
            _drain(ledger.Refresh)
        by_clock, by_cpu = pages / cost.wall, pages / cost.cpu
        print(f"(b) {by_clock:.0f} pages/s by the clock, {by_cpu:.0f} for each second of CPU; target {PAGES_A_SECOND}")
        print(f"    and then {lists.wall:.1f} s for the lists of these {pages:,} articles")
        return by_cpu < PAGES_A_SECOND

    def minute(self, seconds: float) -> bool:
        """(c), and whether it misses its target."""
        self.hand_in(APPROVALS, "minute")
        with writes() as counted:
            approving, busy = _approve_all(seconds)
            end = time.monotonic() + PATIENCE
            while _left("slow") and time.monotonic() < end:
                publish.run("slow")
                time.sleep(0.1)
        pages, lists = _told_apart(counted)
        most, times = max(lists.items(), key=lambda pair: pair[1])
        allowed, left = int(approving / SETTLE) + 2, _left("slow")
        print(
            f"(c) {APPROVALS:,} approvals in {approving:.0f} s ({busy.cpu:.0f} s of CPU): {sum(pages.values()):,} page "
            f"writes, and {sum(lists.values()):,} of {len(lists):,} front pages, lists and feeds; “{most}” most often: "
            f"{times} times; target at most {allowed}{', and nothing left to write; MISSED' if left else ''}"
        )
        return times > allowed or left or busy.cpu > seconds

    def editions(self) -> bool:
        """(d), and whether it misses its target."""
        self.hand_in(1, "all")
        with writes() as counted:
            with CaptureQueriesContext(connection) as queries:
                _drain(ledger.Delivery)
            _publish()
        pages, _ = _told_apart(counted)
        alternates = sum(_asks_for_alternates(query["sql"]) for query in queries.captured_queries)
        print(
            f"(d) {len(pages)} editions: {sum(pages.values())} page writes, target at most {WRITES}; "
            f"{alternates} queries for their alternates: one for each claim of at most {publish.BUDGET} pages"
        )
        return sum(pages.values()) > WRITES or len(pages) != len(REGIONS)


def _approve_all(seconds: float) -> tuple[float, Cost]:
    """Approve what waits, evenly over so many seconds, and publish meanwhile. Gives how long, and what, it took."""
    net = installation.network()
    waiting = list(ledger.Edition.objects.filter(section="minute", state="in_review").values_list("pk", flat=True))
    started = time.monotonic()
    with timed() as cost:
        for number, edition in enumerate(waiting, 1):
            decisions.approve(edition, by="benchmark", net=net)
            if number % STEP == 0:
                publish.run("slow")
                time.sleep(max(0.0, started + seconds * number / APPROVALS - time.monotonic()))
    return time.monotonic() - started, cost


def _asks_for_alternates(sql: str) -> bool:
    """Whether this is the query of :func:`pipeline.flow.alternates.read`."""
    return (
        sql.startswith("SELECT") and '"ledger_edition"."article_id" IN' in sql and "\"confirmed_action\" = 'put'" in sql
    )


def _told_apart(counted: Mapping[str, int]) -> tuple[dict[str, int], dict[str, int]]:
    """The writes of articles' pages, and those of pages that are made of many."""
    uids = set(ledger.Article.objects.values_list("uid", flat=True))
    pages = {key: times for key, times in counted.items() if key.partition("/")[0] in uids}
    return pages, {key: times for key, times in counted.items() if key not in pages}


def _peak() -> float:
    """The most memory that this process has had, in MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1_024


def _median(costs: list[tuple[Cost, Cost]], position: int, name: str) -> float:
    seconds: list[float] = [getattr(cost[position], name) for cost in costs]
    return 1_000 * statistics.median(seconds)


def _drain(model: type[ledger.Delivery] | type[ledger.Refresh]) -> None:
    """Work the rows of one kind of the output ``site`` until none is due."""
    process: Any = publish._send_pages if model is ledger.Delivery else refresh.send  # noqa: SLF001 - half a lane
    while work.drain(model, lanes.publish("site"), publish.BUDGET, process)[1]:
        pass


def _publish() -> None:
    """Publish everything that is due at the output ``site``, and what follows from it."""
    while publish.run("site")[1] or _left("site", due=True):
        pass


def _left(output: str, *, due: bool = False) -> bool:
    when = {"due_at__lte": Now()} if due else {}
    rows = {"lane": lanes.publish(output), "status": "ready", **when}
    return any(model.objects.filter(**rows).exists() for model in (ledger.Delivery, ledger.Refresh))


def _copy(tag: str, number: int) -> None:
    """So many copies of the only article of a section, with everything that hangs on it, and in its folder."""
    edition = ledger.Edition.objects.select_related("article", "translation", "approved").get(section=tag)
    base = OFFSET * (1 + (tag == "large"))
    delivery = edition.deliveries.get()
    with connection.constraint_checks_disabled(), connection.cursor() as cursor:
        for model, pk, changes in _changes(edition, delivery, f"{base} + n"):
            _insert(cursor, model, pk, changes, number)
        for step, place in enumerate(ledger.Place.objects.filter(listed=delivery.pk), 1):
            new = {
                "id": f"{base * 100 + step * OFFSET} + n",
                "listed_id": f"{base} + n",
                "number": f"{place.number} + n",
            }
            _insert(cursor, ledger.Place, place.pk, new, number)
        cursor.execute("ANALYZE")
    grown = ledger.Refresh.objects.filter(section=tag, places__isnull=False)
    ledger.Refresh.objects.filter(pk__in=list(grown.values_list("pk", flat=True))).update(
        numbered=F("numbered") + number, listed=F("listed") + number
    )
    _fill_folder(Path(settings.SECTIONWIRE_HOME) / "outputs" / tag, base, number, delivery.confirmed_seq)


def _changes(edition: ledger.Edition, delivery: ledger.Delivery, new: str) -> Iterator[_Copied]:
    """The rows of an article to copy, each with the columns in which a copy differs; ``new`` is the copy's id."""
    article, version = edition.article, edition.approved
    assert version is not None
    key = f"'{edition.section}-' || ({new})"
    yield ledger.Article, article.pk, {"id": new, "uid": f"printf('%016x', {new})", "key": key, "current_id": new}
    yield ledger.Revision, version.revision_id, {"id": new, "article_id": new}
    yield ledger.RevisionText, version.revision_id, {"revision_id": new}
    translation = {"id": new, "article_id": new, "revision_id": new, "version_id": new}
    yield ledger.Translation, edition.translation_id, translation
    yield ledger.Version, version.pk, {"id": new, "translation_id": new, "revision_id": new}
    place = {"slug": "'copy-' || n", "path": "'en-gb/2020/copy-' || n || '/'"}
    yield ledger.Edition, edition.pk, {"id": new, "article_id": new, "translation_id": new, "approved_id": new, **place}
    sent = {"id": new, "edition_id": new, "version_id": new, "confirmed_digest": f"'{COPY_DIGEST}'"}
    yield ledger.Delivery, delivery.pk, sent
    yield ledger.Listed, delivery.pk, {"delivery_id": new}


def _insert(cursor: Any, model: type[models.Model], pk: int, changes: Mapping[str, str], number: int) -> None:
    """Copy a row ``number`` times; ``changes`` has the columns that differ, as SQL of the copy's number ``n``."""
    meta = model._meta
    columns = [str(field.column) for field in meta.concrete_fields]
    values = [changes.get(column, f'"{column}"') for column in columns]
    names = ", ".join(f'"{column}"' for column in columns)
    cursor.execute(
        f"WITH RECURSIVE copies(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM copies WHERE n < {number}) "
        f'INSERT INTO "{meta.db_table}" ({names}) SELECT {", ".join(values)} FROM "{meta.db_table}", copies '
        f'WHERE "{meta.pk.column}" = {pk}'
    )


def _fill_folder(root: Path, base: int, number: int, sequence: int) -> None:
    """As many pages as the ledger has, with their entries: but without waiting for the disk, and small."""
    for n in range(1, number + 1):
        key, path = f"{base + n:016x}/en-GB", f"en-gb/2020/copy-{n}/"
        page = f"{path}index.html"
        entry = Entry(key, sequence, path, f"https://x.example/{path}", COPY_DIGEST, {page: COPY_DIGEST})
        for file, data in ((root / ".sectionwire" / "pages" / file_name(key), entry.dump()), (root / page, COPY)):
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(data)
