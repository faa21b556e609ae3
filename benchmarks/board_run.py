"""What ``benchmarks/board.py`` measures, in a process whose environment says where the ledger is."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import django

django.setup()

from django.conf import settings  # noqa: E402 - Django must be set up before the ledger is imported
from django.contrib.auth.models import User  # noqa: E402
from django.core.cache import cache  # noqa: E402
from django.core.management import call_command  # noqa: E402
from django.db import connection  # noqa: E402
from django.db.models import QuerySet  # noqa: E402
from django.test import Client  # noqa: E402
from django.test.utils import CaptureQueriesContext  # noqa: E402
from django.utils import timezone  # noqa: E402

from benchmarks import desk_data  # noqa: E402
from benchmarks.board import COLD_TARGET, TARGET, TEN  # noqa: E402
from pipeline.flow import board, installation, people, tokens  # noqa: E402
from pipeline.ledger.models import Article, Membership  # noqa: E402

EDITOR = {"portugal": "editor", "egypt": "editor", "pakistan": "chief", "spain": "chief"}
MORE = (
    """
INSERT INTO ledger_receipt (delivery_id, sequence, outcome, digest, url, detail, at)
SELECT id, 1, 'confirmed', confirmed_digest, url, '', confirmed_at FROM ledger_delivery
""",
    """
INSERT INTO ledger_passage (edition_id, version_id, section, language, source, target, engine, by_person, is_first,
  submitted_at, approved_at, published_at, lead, review, characters, distance, is_edited)
SELECT e.id, v.id, e.section, e.language, 'en', t.base, CASE WHEN v.origin = 'machine' THEN 'fake' ELSE '' END,
  e.section <> 'spain', true, r.submitted_at, r.submitted_at + draw * interval '1 minute',
  r.submitted_at + draw * interval '2 minutes', draw * 120, draw * 60, 900, draw % 90, draw % 3 = 0
FROM (SELECT *, id * 37 % 5000 AS draw FROM ledger_edition) AS e JOIN ledger_version v ON v.id = e.approved_id
  JOIN ledger_translation t ON t.id = e.translation_id JOIN ledger_revision r ON r.id = v.revision_id
""",
    "UPDATE ledger_delivery SET status = 'failed', reason = 'The disk is full. Make room.' WHERE id % 400 = 0",
    "UPDATE ledger_translation SET status = 'failed', reason = 'The text has no words.' WHERE id % 3001 = 0",
    """
UPDATE ledger_translation SET status = 'waiting', reason = 'no_engine: no worker has a model.' WHERE id % 2003 = 0
""",
    "VACUUM ANALYZE",
)
"""What the desk's rows have not: receipts, passages through the sections, and what failed or waits. At the end what
PostgreSQL does by itself within minutes."""

Ask = Callable[[], Any]


@dataclass(frozen=True, slots=True)
class Probe:
    """What is timed; with a small page of the same kind, whose queries are counted as well."""

    name: str
    ask: Ask
    small: Ask | None = None
    target: float = TARGET


@dataclass(frozen=True, slots=True)
class Figure:
    """Milliseconds of server time; queries of a small page (where there is one) and a large one; bytes of the large."""

    name: str
    median: float
    best: float
    many: int
    few: int | None
    bytes: int
    target: float


def measure(articles: int, times: int, *, explain: bool) -> tuple[dict[str, int], list[Figure]]:
    """Make the ledger and time its pages. Returns rows by name, and the figures."""
    assert not settings.DEBUG
    call_command("migrate", verbosity=0)
    editor, operator = User.objects.create_user("editor-1"), User.objects.create_user("operator", is_staff=True)
    Membership.objects.bulk_create(Membership(user=editor, section=key, role=role) for key, role in EDITOR.items())
    rows = desk_data.fill(articles, editor.pk, TEN)
    with connection.cursor() as cursor:
        for statement in MORE:
            cursor.execute(statement)
    stranger = User.objects.create_user("stranger")
    if explain:
        _explain([editor, operator, stranger])
    return rows, _timed(_probes(editor, operator, stranger), times)


def _client(user: User) -> Client:
    client = Client(SERVER_NAME="localhost")
    client.force_login(user)
    return client


def _probes(editor: User, operator: User, stranger: User) -> list[Probe]:
    people_ = {"editor": _client(editor), "operator": _client(operator), "stranger": _client(stranger)}
    oldest, newest = Article.objects.order_by("created_at")[60], Article.objects.order_by("-created_at")[0]
    near_the_end = f"at=o{int(oldest.created_at.timestamp() * 1_000_000)}-{oldest.pk}"
    few = "text=report-99"
    found = []
    for who, client in people_.items():
        found += [
            Probe(f"board, {who}", _got(client, "/board/"), _got(client, f"/board/?{few}")),
            Probe(f"board by languages, {who}", _got(client, "/board/?by=languages"), _got(client, f"/board/?{few}")),
            Probe(f"board, its last page, {who}", _got(client, f"/board/?{near_the_end}")),
            Probe(f"board, search, {who}", _got(client, "/board/?text=lighthouse")),
            Probe(f"board, in review, {who}", _got(client, "/board/?state=review")),
            Probe(f"board, failed, {who}", _got(client, "/board/?state=failed")),
            Probe(f"board, held by a check in Spain, {who}", _got(client, "/board/?state=held&section=spain")),
            Probe(f"board, findings that block, {who}", _got(client, "/board/?findings=block")),
            Probe(f"board, nothing has happened, {who}", _unchanged(client)),
            Probe(f"article page, {who}", _got(client, f"/articles/{newest.uid}/")),
        ]
    run = people_["operator"]
    found += [
        Probe("deliveries that failed, operator", _got(run, "/deliveries/")),
        Probe("all deliveries, operator", _got(run, "/deliveries/?status=all")),
        Probe("workers, operator", _got(run, "/workers/")),
    ]
    # All that there is: the articles are of the last seven weeks.
    numbers = f"/numbers/?since={(timezone.now() - timedelta(days=60)).date()}"
    for who in ("editor", "operator"):
        found += [
            Probe(f"numbers, cold, {who}", _cold(people_[who], numbers), target=COLD_TARGET),
            Probe(f"numbers, warm, {who}", _got(people_[who], numbers)),  # as the one before has left them
        ]
    return [*found, *_api()]


def _api() -> list[Probe]:
    made = tokens.create("benchmark", [tokens.Right.READ], None, installation.network())
    client = Client(SERVER_NAME="localhost", headers={"Authorization": f"Bearer {made.secret}"})
    return [
        Probe("API, articles", _got(client, "/api/v1/articles"), _got(client, "/api/v1/articles?limit=1")),
        Probe("API, articles in review", _got(client, "/api/v1/articles?state=in_review")),
        Probe("API, search", _got(client, "/api/v1/articles?q=lighthouse")),
    ]


def _got(client: Client, address: str) -> Ask:
    def ask() -> Any:
        answer = client.get(address)
        assert answer.status_code == 200, (address, answer.status_code, answer.content[:500])
        return answer

    return ask


def _cold(client: Client, address: str) -> Ask:
    """As the first one of a process that asks after something has happened: all is counted."""
    got = _got(client, address)

    def ask() -> Any:
        cache.clear()
        return got()

    return ask


def _unchanged(client: Client) -> Ask:
    etags: dict[str, str] = {}

    def ask() -> Any:
        answer = client.get("/board/", headers={"If-None-Match": etags.get("seen", "")})
        if answer.status_code == 200:  # at first, and once a minute
            etags["seen"] = answer.headers["ETag"]
            return client.get("/board/", headers={"If-None-Match": etags["seen"]})
        return answer

    return ask


def _timed(probes: Sequence[Probe], times: int) -> list[Figure]:
    """All of them in turn, round after round: so a slow minute of the machine is everybody's."""
    spent: dict[str, list[float]] = {probe.name: [] for probe in probes}
    for round_ in range(times + 1):
        for probe in probes:
            started = time.perf_counter()
            probe.ask()
            if round_:  # in the first one templates are compiled
                spent[probe.name].append(1000 * (time.perf_counter() - started))
    return [_figure(probe, spent[probe.name]) for probe in probes]


def _figure(probe: Probe, spent: Sequence[float]) -> Figure:
    many, weight = _queries(probe.ask)
    few = _queries(probe.small)[0] if probe.small else None
    return Figure(probe.name, statistics.median(spent), min(spent), many, few, weight, probe.target)


def _queries(ask: Ask) -> tuple[int, int]:
    with CaptureQueriesContext(connection) as captured:
        answer = ask()
    return len(captured), len(answer.content)


def _explain(users: Sequence[User]) -> None:
    for user in users:
        rights = people.rights(user)
        for name, filters in (
            ("everything", board.Filters()),
            ("search", board.Filters(text="lighthouse")),
            ("in review", board.Filters(state="review")),
            ("failed", board.Filters(state="failed")),
        ):
            found: QuerySet[Article] = board.find(rights, filters).order_by("-created_at", "-pk")[:51]
            print(f"-- {name}, for {user.get_username()}\n{found.explain(analyze=True)}\n")
