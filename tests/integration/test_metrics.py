"""What monitoring asks the web: metrics, healthz, readyz."""

from __future__ import annotations

import re

import pytest
from django.db import DatabaseError, connection
from django.test.utils import CaptureQueriesContext
from prometheus_client.parser import text_string_to_metric_families

from pipeline.api import health
from pipeline.flow import engines, metrics
from pipeline.ledger.models import Article, Delivery, Edition, Event, Status


@pytest.fixture(autouse=True)
def _afresh():
    metrics.forget()
    yield
    metrics.forget()


def numbers(client, **headers) -> dict[tuple[str, ...], float]:
    """What Prometheus reads: values by name and labels."""
    answer = client.get("/metrics", headers=headers)
    assert answer.status_code == 200, answer.content
    return {
        (sample.name, *(value for _, value in sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(answer.content.decode())
        for sample in family.samples
    }


def test_the_numbers_are_those_of_the_ledger(desk, client):
    """Rows by lane and status, the oldest, editions, workers."""
    desk.submit()
    desk.work(publishing=False)
    Delivery.objects.update(due_at="2026-01-01T00:00Z")
    engines.beat("pages@tide", [], ["prepare", "publish.site"], first=True)
    told = numbers(client)
    waiting = Delivery.objects.filter(status="ready").count()
    assert waiting
    assert told["sectionwire_rows", "delivery", "publish.site", "ready"] == waiting
    assert told["sectionwire_oldest_due_seconds", "delivery", "publish.site"] > 3600
    assert told[("sectionwire_articles",)] == 1
    for section, state in Edition.objects.values_list("section", "state"):
        assert told["sectionwire_editions", section, state] == 1
    assert told[("sectionwire_workers",)] == 2
    assert told["sectionwire_lane_workers", "publish.site"] == 1
    assert told["sectionwire_worker_versions", engines.VERSION] == 2
    assert told[("sectionwire_ledger_up",)] == 1
    assert told[("process_open_fds",)] > 0


def test_failures_are_counted_and_what_is_done_is_not(desk, client):
    """A lane whose work is done has no rows."""
    desk.submit()
    desk.work()
    Delivery.objects.update(status=Status.FAILED, reason="The disk is full.", attempts=3)
    told = numbers(client)
    failed = Delivery.objects.count()
    assert told["sectionwire_rows", "delivery", "publish.site", "failed"] == failed
    assert told["sectionwire_rows_retried", "delivery", "publish.site"] == failed
    assert not [key for key in told if key[0] == "sectionwire_rows" and key[1] == "revision"]


def test_the_number_of_queries_does_not_grow_with_the_articles_and_answers_are_kept(desk, client):
    """A hundred articles more, and not a query more; asked twice, none at all."""
    desk.submit()
    desk.work()
    with CaptureQueriesContext(
        connection,
    ) as few:
        numbers(client)
    for each in range(5):
        desk.submit(f"<p>Number {each}.</p>", name=f"{each}.html", key=f"k{each}", title=f"Title {each}")
    desk.work()
    metrics.forget()
    with CaptureQueriesContext(connection) as many:
        numbers(client)
    assert len(many) == len(few)
    with CaptureQueriesContext(connection) as none:
        numbers(client)
    assert len(none) == 0
    assert not [query for query in many if re.search(r'SELECT .*"(body|segments|skeleton)"', query["sql"])]


def test_only_this_machine_may_ask_without_a_token(desk, client, settings):
    """A proxy on this machine asks for others."""
    settings.METRICS_TOKEN = ""
    assert client.get("/metrics").status_code == 200
    assert client.get("/metrics", REMOTE_ADDR="::1").status_code == 200
    for elsewhere in ("10.0.0.7", "203.0.113.9", "", "nonsense"):
        assert client.get("/metrics", REMOTE_ADDR=elsewhere).status_code == 403
    for header in ("X-Forwarded-For", "Forwarded", "X-Real-IP", "Via"):
        assert client.get("/metrics", headers={header: "127.0.0.1"}).status_code == 403
    assert client.post("/metrics").status_code == 405


def test_with_a_token_whoever_has_it_may_ask_from_anywhere_and_nobody_else(desk, client, settings):
    """Also not this machine."""
    settings.METRICS_TOKEN = "täglich-gezählt"
    assert client.get("/metrics").status_code == 401
    for wrong in ("Bearer x", "Bearer ", "Basic täglich-gezählt", "täglich-gezählt", "Bearer täglich-gezählt2"):
        assert client.get("/metrics", headers={"Authorization": wrong}).status_code == 401
    right = {"Authorization": "Bearer täglich-gezählt", "X-Forwarded-For": "203.0.113.9"}
    assert client.get("/metrics", headers=right, REMOTE_ADDR="10.0.0.7").status_code == 200


def test_labels_from_outside_cannot_break_the_format(desk, client):
    """A key of a section may be anything that somebody managed to write into the ledger."""
    desk.submit()
    desk.work(publishing=False)
    odd = 'a"b\\c\nd{}'
    Edition.objects.filter(section="brazil").update(section=odd)
    assert any(key[0] == "sectionwire_editions" and odd in key for key in numbers(client))


def test_without_a_ledger_the_metrics_say_so(desk, client, monkeypatch):
    """An answer all the same: the process's own numbers."""
    monkeypatch.setattr(metrics, "_families", _away)
    told = numbers(client)
    assert told[("sectionwire_ledger_up",)] == 0
    assert not [key for key in told if key[0] == "sectionwire_rows"]


def _away(*_: object) -> None:
    raise DatabaseError("the ledger is away")


def _older() -> None:
    raise health.NotMigratedError


def test_healthz_answers_whatever_else_is_broken(client, settings, monkeypatch):
    """It is about this process alone: no database is touched (this test has none)."""
    assert client.get("/healthz").json() == {"status": "ok"}


def test_readyz_says_what_is_missing(desk, client, settings, broker, monkeypatch):
    """Ledger, its tables, network file: not ready. The broker: what is submitted waits, and so it is only told."""
    settings.BROKER_URL = broker
    health.forget()
    assert client.get("/readyz").json() == {"status": "ready", "broker": "reachable"}
    settings.BROKER_URL = "redis://:secret-word@127.0.0.1:1/0"
    health.forget()
    answer = client.get("/readyz")
    assert (answer.status_code, answer.json()) == (200, {"status": "ready", "broker": "away"})
    settings.BROKER_URL = ""
    assert client.get("/readyz").json() == {"status": "ready", "broker": "none"}
    settings.NETWORK_FILE.write_text("nonsense", encoding="utf-8")
    answer = client.get("/readyz")
    assert (answer.status_code, answer.json()) == (503, {"status": "not ready", "why": "the network file"})
    monkeypatch.setattr(health, "_is_migrated", _older)
    assert client.get("/readyz").json()["why"] == "the ledger is older than this program"
    monkeypatch.setattr(health, "_is_migrated", _away)
    assert client.get("/readyz").json()["why"] == "the ledger"
    assert Article.objects.count() == Event.objects.count() == 0
