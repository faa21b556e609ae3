"""The page of runs: accessible in both colour schemes, wide and narrow, from the right; a run is seen going on."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.urls import reverse
from playwright.sync_api import expect

from pipeline.flow import installation
from pipeline.flow.batches import overview, steps, tick
from pipeline.flow.batches import run as runs
from pipeline.flow.batches.steps import Problem, Step
from pipeline.ledger.models import BatchRun, Preference, Status
from tests.browser.test_accessible import WCAG

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300), pytest.mark.django_db(transaction=True)]

SCHEDULES = """
[[schedules]]
key = "night"
name = "Every night"
cron = "30 2 * * *"
time_zone = "Europe/Lisbon"
actions = ["retry", "translate", "release", "rebuild", "verify", "tidy"]

[[schedules]]
key = "morning"
cron = "0 7 * * MON-FRI"
time_zone = "America/Sao_Paulo"
actions = ["digest"]
"""


@pytest.fixture
def night(desk) -> BatchRun:
    """Two schedules: one that has run for two weeks, once with trouble, and is at work now."""
    network = desk.home / "network.toml"
    network.write_text(network.read_text(encoding="utf-8") + SCHEDULES, encoding="utf-8")
    schedule = installation.network().schedule("night")
    outcomes = ["done"] * 10 + ["skipped", "failed", "trouble"]
    now = datetime.now(UTC)
    for days, outcome in enumerate(outcomes):
        run = tick.run_of(schedule, now - timedelta(days=len(outcomes) - days))
        run.status, run.outcome, run.ended_at = Status.DONE, outcome, run.planned_at + timedelta(minutes=7)
        run.reason = (
            "The run before had not even begun: it stands for this one as well." if outcome == "skipped" else ""
        )
        run.started_at = None if outcome == "skipped" else run.planned_at
        run.save()
    desk.submit("<p>The water rose.</p>", title="Gauge report of the northern estuaries")
    desk.work()
    done, _ = overview.request(schedule, "ops")
    while overview.find(done.pk).outcome == "":
        BatchRun.objects.filter(status=Status.READY).update(due_at=now)
        runs.run()
    going, _ = overview.request(schedule, "ops")
    problem = Problem("site: pt-pt/2026/gauge-report", "Somebody else has written there.", "", "portugal")
    known = [
        Step("retry", state="done", counts={"retried": 3}),
        Step("translate", state="running", pieces=("x",), total=40, done=10, said="No worker serves translate.pt"),
        Step("verify", problems=(problem,)),
    ]
    BatchRun.objects.filter(pk=going.pk).update(steps=steps.pack(known), started_at=now)
    return done


@pytest.mark.parametrize(
    ("scheme", "width", "language"),
    [("light", 320, "ur"), ("dark", 1280, "pt")],
)
def test_axe_finds_nothing_and_nothing_is_wider_than_the_window(night, people, scheme, width, language):
    user = people.make("ops")
    user.is_staff = True
    user.save()
    Preference.objects.create(user=user, language=language)
    page = people.page("ops", color_scheme=scheme, viewport={"width": width, "height": 900})
    going = BatchRun.objects.order_by("-pk")[0]
    found = []
    for address in (reverse("runs"), reverse("run", args=[night.pk]), reverse("run", args=[going.pk])):
        page.goto(address)
        result = Axe().run(page, options=WCAG)
        found += [(address, each["id"], each["nodes"][0]["html"][:200]) for each in result.response["violations"]]
        wide = page.evaluate("document.documentElement.scrollWidth")
        if wide > width:
            found.append((address, "too wide", str(wide)))
    assert found == []


def test_a_run_is_seen_going_on_and_its_end_comes_by_itself(night, people):
    people.make("ada", portugal="editor")
    page = people.page("ada")
    going = BatchRun.objects.order_by("-pk")[0]
    page.goto(reverse("run", args=[going.pk]))
    expect(page.locator("#run")).to_contain_text("No worker serves translate.pt")
    expect(page.get_by_role("button", name="Run now")).to_have_count(0)
    BatchRun.objects.filter(pk=going.pk).update(
        report=BatchRun.objects.get(pk=night.pk).report,
        outcome="done",
        status="done",
        ended_at=datetime.now(UTC),
    )
    expect(page.locator("#run")).to_contain_text("What came in")
    expect(page.locator("#run[hx-get]")).to_have_count(0)
