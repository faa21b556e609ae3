"""Batch runs: due times become runs, one at a time; a killed worker's run goes on; the report tells what came of it."""

from __future__ import annotations

import io
import json
import re
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.contrib.auth.models import User
from django.core import mail
from django.core.management import call_command
from django.db.models.functions import Now
from django.test import Client
from standardwebhooks import Webhook

from pipeline.errors import Permanent, Transient
from pipeline.flow import installation, lanes, publish
from pipeline.flow.batches import actions, overview, report, steps, stopping
from pipeline.flow.batches import run as runs
from pipeline.flow.batches.steps import Action, Did, Later, Problem, Step
from pipeline.flow.batches.tick import run_of, tick
from pipeline.ledger import claim as claims
from pipeline.ledger import invariants
from pipeline.ledger.models import (
    BatchRun,
    Delivery,
    Draft,
    Edition,
    Membership,
    Rendering,
    ScheduleState,
    Source,
    Status,
    Translation,
)
from tests.receiver import Reply, Request, serving

NIGHT = datetime(2026, 1, 22, 2, tzinfo=UTC)
SECRET = "whsec_dGhlIHRpZGUgcmlzZXMgYXQgbmlnaHQh"
SCHEDULE = """
[[schedules]]
key = "night"
name = "Every night"
cron = "0 2 * * *"
time_zone = "Europe/Lisbon"
actions = {actions}
"""


@pytest.fixture
def network(desk, settings):
    """Adds schedules to the network file."""

    def add(lines: str = "", names: str = '["tidy"]') -> Any:
        base = settings.NETWORK_FILE.read_text(encoding="utf-8").partition("\n[[schedules]]")[0]
        settings.NETWORK_FILE.write_text(base + SCHEDULE.format(actions=names) + lines, encoding="utf-8")
        installation._load.cache_clear()
        return installation.network()

    return add


def tock(net: Any, *moments: datetime) -> list[BatchRun]:
    """Ticks at these moments; gives the runs that were made."""
    return [run for moment in moments for run in tick(net, moment)]


def hours(*numbers: float) -> list[datetime]:
    """Moments after the night's."""
    return [NIGHT + timedelta(hours=number) for number in numbers]


def work(run: BatchRun | None = None) -> BatchRun:
    """Work the lane until nothing is due; what waits for a moment is due at once."""
    for _ in range(50):
        BatchRun.objects.filter(status=Status.READY).update(due_at=Now())
        if runs.run() == (0, False):
            break
    newest = BatchRun.objects.order_by("-planned_at", "-pk").first()
    assert newest
    return BatchRun.objects.get(pk=run.pk) if run else newest


def act(monkeypatch: Any, name: str, pieces: list[str], do: Any) -> None:
    """Puts another action in the place of one."""
    monkeypatch.setattr(actions, "ACTIONS", {**actions.ACTIONS, name: Action(lambda job: pieces, do)})


# -- due times ---------------------------------------------------------------------------------------------------------


def test_a_due_time_is_one_run_however_many_clocks_tick(network):
    net = network()
    assert tock(net, *hours(-1)) == []  # the first sight: nothing is made up for
    (run,) = tock(net, *hours(0.01, 0.01, 0.02))
    assert (run.planned_at, run.status, run.lane, run.actions) == (NIGHT, Status.READY, "batch", ["tidy"])
    ScheduleState.objects.update(looked_at=NIGHT - timedelta(hours=1))  # as a second clock saw it a moment ago
    assert [each.pk for each in tock(net, *hours(0.03))] == [run.pk]
    assert BatchRun.objects.count() == 1


@pytest.mark.parametrize(
    ("catch_up", "expected"),
    [("once", [(2, 2, "")]), ("all", [(0, 0, ""), (1, 0, ""), (2, 0, "")]), ("none", [(2, 2, "skipped")])],
)
def test_after_three_nights_without_a_clock(network, catch_up, expected):
    net = network(f'catch_up = "{catch_up}"\n')
    made = tock(net, *hours(-1, 53))
    assert [((run.planned_at - NIGHT).days, run.missed, run.outcome) for run in made] == expected
    assert all(run.reason for run in made if run.outcome)


def test_what_is_new_changed_or_written_by_a_wrong_clock_begins_now(network, settings):
    net = network()
    tock(net, *hours(-1))
    changed = installation.network()
    text = settings.NETWORK_FILE.read_text(encoding="utf-8").replace("0 2 * * *", "0 1 * * *")
    settings.NETWORK_FILE.write_text(text, encoding="utf-8")
    installation._load.cache_clear()
    changed = installation.network()
    assert tock(changed, *hours(1, 2)) == []  # not last night's 01:00
    assert len(tock(changed, *hours(23.5))) == 1
    ScheduleState.objects.update(looked_at=NIGHT + timedelta(days=400))
    assert tock(changed, *hours(24)) == []
    assert len(tock(changed, *hours(47.5))) == 1


def test_while_it_is_paused_due_times_pass(network):
    net = network()
    tock(net, *hours(-1))
    waiting = tock(net, *hours(0.01))[0]
    assert overview.pause(net.schedule("night"), "ada")
    assert not overview.pause(net.schedule("night"), "ines")
    waiting.refresh_from_db()
    assert (waiting.outcome, waiting.reason) == ("skipped", "ada has paused the schedule.")
    assert tock(net, *hours(24.01)) == []
    asked, new = overview.request(net.schedule("night"), "ada")  # a person still may
    assert new
    assert overview.request(net.schedule("night"), "ines") == (asked, False)
    assert overview.resume(net.schedule("night"))
    ScheduleState.objects.update(looked_at=NIGHT + timedelta(hours=25))
    assert len(tock(net, *hours(48.01))) == 1


def test_a_run_that_waits_for_its_turn_stands_for_the_next_due_times(network):
    net = network()
    tock(net, *hours(-1))
    (first,) = tock(net, *hours(0.01))
    (second,) = tock(net, *hours(24.01))
    assert (first.outcome, second.outcome) == ("", "skipped")
    assert "stands for this one" in second.reason


# -- running -----------------------------------------------------------------------------------------------------------


def test_two_runs_of_a_schedule_never_overlap(network, monkeypatch):
    net = network('catch_up = "all"\n')
    order: list[int] = []

    def do(job: Any, piece: str, memo: Any, told: Any) -> Did | Later:
        order.append(job.run)
        return Did() if memo else Later(30, "waits", 1, {"seen": True})

    act(monkeypatch, "tidy", ["one"], do)
    tock(net, *hours(-1))
    first, second = tock(net, *hours(24.01))
    assert runs.run()[0] == 2  # both are claimed
    second.refresh_from_db()
    assert (second.started_at, second.reason) == (None, "The run before is still at work: this one comes after it.")
    assert work(second).outcome == "done"
    assert order == [first.pk, first.pk, second.pk, second.pk]
    assert invariants.broken() == []


def test_a_killed_workers_run_goes_on_with_the_piece_at_which_it_was(network, monkeypatch):
    """What was done is not done again; the one that was in hand is."""
    net = network(names='["tidy", "align"]')
    done: list[str] = []

    def do(job: Any, piece: str, memo: Any, told: Any) -> Did:
        done.append(piece)
        if piece == "b" and done.count("b") == 1:
            # The worker is gone without a word: another one's token stands in the row.
            BatchRun.objects.update(lease_until=NIGHT)
            raise SystemExit
        return Did({"pieces": 1})

    act(monkeypatch, "tidy", ["a", "b", "c"], do)
    tock(net, *hours(-1, 0.01))
    with pytest.raises(SystemExit):
        runs.run()
    row = BatchRun.objects.get()
    assert row.status == Status.RUNNING
    assert claims.release_expired() == 1
    row = work()
    assert done == ["a", "b", "b", "c"]
    assert (row.outcome, row.deaths) == ("done", 0)
    assert [step.action for step in overview.steps_of(row)] == ["tidy", "align", "report"]
    assert overview.steps_of(row)[0].counts == {"pieces": 3}


def test_a_late_result_of_a_lost_claim_is_thrown_away(network, monkeypatch):
    net = network()

    def do(job: Any, piece: str, memo: Any, told: Any) -> Did:
        BatchRun.objects.update(token="00000000-0000-0000-0000-000000000001")
        return Did({"late": 1})

    act(monkeypatch, "tidy", ["one"], do)
    tock(net, *hours(-1, 0.01))
    runs.run()
    assert overview.steps_of(BatchRun.objects.get())[0].counts == {}


def test_what_goes_wrong_is_tried_again_then_told_and_the_run_goes_on(network, monkeypatch):
    net = network(names='["tidy", "retry"]')
    tried: list[str] = []

    def do(job: Any, piece: str, memo: Any, told: Any) -> Did:
        tried.append(piece)
        raise {
            "server": Transient("The server is down."),
            "key": Permanent("The key is wrong.", "Mend it."),
            "bug": ZeroDivisionError("division"),
        }[piece]

    act(monkeypatch, "tidy", ["server", "key", "bug"], do)
    tock(net, *hours(-1, 0.01))
    row = work()
    assert tried == ["server"] * 3 + ["key"] + ["bug"] * 3
    assert row.outcome == "trouble"
    problems = overview.steps_of(row)[0].problems
    assert problems[0] == Problem("server", "The server is down.", "The next run tries it again.")
    assert problems[1] == Problem("key", "The key is wrong.", "Mend it.")
    assert "Unexpected ZeroDivisionError" in problems[2].why
    assert overview.steps_of(row)[1].state == "done"


def test_a_run_is_not_given_up_however_many_of_its_pieces_go_wrong(network, monkeypatch):
    """An output that is down goes wrong for every section; each is told of, soon, and no password with it."""
    net = network()
    pieces = [f"section{number}@archive" for number in range(claims.MAX_ATTEMPTS)]

    def do(job: Any, piece: str, memo: Any, told: Any) -> Did:
        raise Transient("redis://:hunter2@archive is down.")

    act(monkeypatch, "tidy", pieces, do)
    tock(net, *hours(-1, 0.01))
    pauses = []
    while runs.run()[0]:
        row = BatchRun.objects.get()
        if row.status == Status.READY:
            assert overview.steps_of(row)[0].said == "redis://:•••@archive is down."
            pauses.append((row.due_at - datetime.now(UTC)).total_seconds())
            BatchRun.objects.update(due_at=Now())
    (row,) = BatchRun.objects.all()
    assert (row.outcome, row.report["outcome"]) == ("trouble", "trouble")
    found = [(problem.what, problem.why) for problem in overview.steps_of(row)[0].problems]
    assert found == [(piece, "redis://:•••@archive is down.") for piece in pieces]
    assert len(pauses) == 2 * len(pieces)
    assert max(pauses) <= 6  # the second pause of a piece, at its longest


def test_a_run_whose_workers_die_five_times_is_over_and_the_next_one_runs(network):
    net = network(names='["retry"]')
    tock(net, *hours(-1, 0.01))
    for _ in range(claims.MAX_DEATHS):
        claims.take(BatchRun, lanes.BATCH, 1, -1)
        claims.release_expired()
    dead = BatchRun.objects.get()
    assert dead.status == Status.FAILED
    (second,) = tock(net, *hours(24.01))
    dead.refresh_from_db()
    assert overview.phase(dead) == "failed"
    assert work(second).outcome == "done"
    dead.refresh_from_db()
    assert (dead.status, dead.outcome) == (Status.DONE, "failed")  # it has been told of long enough


def test_a_schedule_that_is_gone_runs_no_more(network):
    net = network()
    tock(net, *hours(-1, 0.01))
    network("", '["tidy"]')
    BatchRun.objects.update(schedule="noon")
    assert (work().outcome, work().reason) == ("skipped", "There is no such schedule in network.toml any more.")


# -- stopping ----------------------------------------------------------------------------------------------------------


@pytest.fixture
def three_pieces(network, monkeypatch):
    """A run of three pieces and another action; ``asked`` has who wants it stopped while the second is in hand."""
    net = network('[schedules.report]\nemail = ["desk@example.org"]\nonly = "trouble"\n', names='["tidy", "retry"]')
    asked: list[str] = []
    done: list[str] = []

    def do(job: Any, piece: str, memo: Any, told: Any) -> Did:
        done.append(piece)
        if piece == "b" and asked:
            assert stopping.request(job.run, asked[0]) is stopping.Answer.ASKED
        if piece == "b" and asked[1:] == ["dies"]:
            BatchRun.objects.update(lease_until=NIGHT)  # the worker is gone without a word
            raise SystemExit
        return Did({"pieces": 1})

    act(monkeypatch, "tidy", ["a", "b", "c"], do)
    tock(net, *hours(-1, 0.01))
    return net, asked, done


def test_a_run_is_stopped_after_the_piece_in_hand_and_says_so(three_pieces):
    """Its report and its e-mail name who stopped it and what was left out; the next due time is as usual."""
    net, asked, done = three_pieces
    asked[:] = ["ada"]
    run = work()
    assert done == ["a", "b"]
    assert (run.status, overview.phase(run), run.reason) == (Status.DONE, "stopped", "ada has stopped it.")
    tidied, retried, told = overview.steps_of(run)
    assert (tidied.state, tidied.counts, retried.state, told.state) == ("stopped", {"pieces": 2}, "left_out", "done")
    assert tidied.notes == ("Stopped: 1 of 3 left out: c.",)
    assert (run.report["outcome"], run.report["stop"]["by"]) == ("stopped", "ada")
    assert [step["state"] for step in run.report["steps"]] == ["stopped", "left_out"]
    (message,) = mail.outbox
    assert message.subject == "Every night: stopped · Tidewater Relief"
    assert "ada has stopped it" in message.body
    assert "Stopped: 1 of 3 left out: c." in message.body
    assert stopping.request(run.pk, "ines") is stopping.Answer.OVER
    asked.clear()
    (second,) = tock(net, *hours(24.01))
    assert work(second).outcome == "done"
    assert done == ["a", "b", "a", "b", "c"]
    assert invariants.broken() == []


def test_a_worker_that_is_killed_while_a_run_is_being_stopped_changes_nothing(three_pieces):
    _, asked, done = three_pieces
    asked[:] = ["ada", "dies"]
    with pytest.raises(SystemExit):
        runs.run()
    assert claims.release_expired() == 1
    assert stopping.request(BatchRun.objects.get().pk, "ines") is stopping.Answer.ALREADY
    run = work()
    assert done == ["a", "b"]  # what it had in hand is not done again
    assert (overview.phase(run), run.reason) == ("stopped", "ada has stopped it.")
    assert overview.steps_of(run)[0].notes == ("Stopped: 2 of 3 left out: b, c.",)


def test_a_run_that_waits_for_others_is_stopped_at_once(network, monkeypatch):
    net = network()
    act(monkeypatch, "tidy", ["one"], lambda *_: Later(3_600, "waits", 1, {"seen": True}))
    run = ask(net)
    runs.run()
    assert stopping.current(net.schedule("night")) == run
    assert stopping.request(run.pk, "ada") is stopping.Answer.ASKED
    while runs.run()[0]:  # nobody makes it due
        pass
    assert overview.phase(BatchRun.objects.get()) == "stopped"


def test_a_run_that_has_not_begun_is_left_out_and_one_that_is_at_its_report_ends_by_itself(network, monkeypatch):
    net = network()
    run = ask(net)
    assert stopping.request(run.pk, "ada") is stopping.Answer.LEFT_OUT
    run.refresh_from_db()
    assert (overview.phase(run), run.reason) == ("skipped", "ada has stopped it before it began.")
    answers: list[str] = []
    compose = report.compose

    def late(row: BatchRun, *more: Any) -> Any:
        answers.append(stopping.request(row.pk, "ada"))
        return compose(row, *more)

    monkeypatch.setattr(report, "compose", late)
    assert overview.phase(work(ask(net))) == "done"
    assert answers == [stopping.Answer.ENDING]


# -- actions -----------------------------------------------------------------------------------------------------------


def ask(net: Any) -> BatchRun:
    """A run that somebody asked for, begun."""
    run, _ = overview.request(net.schedule("night"), "ada")
    return run


def counts(run: BatchRun) -> dict[str, dict[str, int]]:
    """What each action did."""
    return {step.action: dict(step.counts) for step in overview.steps_of(run)}


def test_a_night_translates_releases_and_reports(desk, network, monkeypatch):
    """It waits for workers without holding one, and says what came in, went out and waits for whom."""

    def fetch(job: Any, piece: str, memo: Any, told: Any) -> Did:
        desk.submit("<p>The tide rose.</p>", key="tide")
        return Did({"new": 1})

    act(monkeypatch, "fetch", ["feed"], fetch)
    net = network(names='["fetch", "translate", "release"]')
    run = ask(net)
    runs.run()
    run.refresh_from_db()
    step = overview.steps_of(run)[1]
    assert (run.status, step.state, step.total) == (Status.READY, "running", 1)
    desk.work(publishing=False)
    BatchRun.objects.update(due_at=Now())
    runs.run()
    publish.run("site")
    run = work(run)
    told = run.report
    assert run.outcome == "done", run.steps
    assert told["came_in"] == {
        "articles": 1,
        "updates": 0,
        "sources": {"submit": 1},
        "named": [
            {"uid": desk.edition("brazil").article.uid, "key": "tide", "title": "Tide report", "language": "en"}
            | {"source": "submit"}
        ],
    }
    assert told["translated"] == {"pt": 1}
    assert {"section": "brazil", "output": "site", "action": "put", "pages": 1} in told["went_out"]
    assert {"section": "portugal", "state": "in_review", "editions": 1} in told["waits"]["people"]
    assert told["failed"] == {"counts": {}, "named": []}


def test_a_night_fetches_from_the_sources_that_it_selects(desk, network):
    """What is new is taken; what cannot be is told with its reason; a source that is not selected is left alone."""
    for name in ("news", "other"):
        (desk.home / name).mkdir()
        (desk.home / name / f"{name}.html").write_text("<h1>The tide rose</h1><p>By a metre.</p>", encoding="utf-8")
    (desk.home / "news" / "broken.html").write_bytes(b"")
    source = '[[sources]]\nkey = "{0}"\ntype = "folder"\npath = "{0}"\nlanguage = "en"\nsettle_seconds = 0\n'
    lines = 'selection = { sources = ["news"] }\n' + source.format("news") + source.format("other")
    held = Source.objects.create(key="news", token=uuid4(), lease_until=datetime.now(UTC) + timedelta(minutes=2))
    run = ask(network(lines, names='["fetch"]'))
    runs.run()  # somebody else is at it, or has died with it: the run waits
    run.refresh_from_db()
    assert "being fetched by another process" in overview.steps_of(run)[0].said
    Source.objects.filter(pk=held.pk).update(token=None, lease_until=None)
    run = work(run)
    step = overview.steps_of(run)[0]
    assert step.pieces == ("news",)
    assert (step.counts["new"], step.counts["failed"]) == (1, 1)
    assert run.report["came_in"]["sources"] == {"news": 1}
    (problem,) = step.problems
    assert problem.what == "news: broken.html"
    assert "sectionwire sources items news" in problem.remedy


def test_a_run_says_who_is_missing_and_waits_no_longer_than_it_may(desk, network):
    net = network("patience_hours = 1\n", names='["translate"]')
    desk.submit("<p>The tide rose.</p>", key="tide")
    run = ask(net)
    runs.run()
    run.refresh_from_db()
    assert "No worker serves prepare" in overview.steps_of(run)[0].said
    steps = run.steps
    steps[0]["started_at"] = (NIGHT - timedelta(days=30)).isoformat()
    BatchRun.objects.update(due_at=Now(), steps=steps)
    run = work(run)
    (problem,) = overview.steps_of(run)[0].problems
    assert run.outcome == "trouble"
    assert "1 are not done yet" in problem.why


def test_retry_and_translate_tell_of_what_fails_again(desk, network):
    desk.submit("<p>The tide rose.</p>", key="tide")
    desk.work(publishing=False)
    Translation.objects.filter(base="pt").update(status=Status.FAILED, reason="The engine broke.")
    net = network(names='["retry", "translate"]')
    run = ask(net)
    runs.run()
    assert Translation.objects.get(base="pt").status == Status.READY
    Translation.objects.filter(base="pt").update(status=Status.FAILED, reason="It broke again.")
    run = work(run)
    assert counts(run)["retry"] == {"retried": 1}
    (problem,) = overview.steps_of(run)[1].problems
    assert problem == Problem("tide in pt", "It broke again.", "Once that is mended: sectionwire retry tide")
    assert run.report["failed"]["counts"] == {"translate": 1}


def test_a_selection_leaves_other_sections_alone(desk, network):
    desk.submit("<p>The tide rose.</p>", key="tide")
    desk.work()
    Delivery.objects.update(status=Status.FAILED, reason="The disk is full.")
    assert Delivery.objects.filter(edition__section="brazil").exists()
    net = network('selection = { sections = ["portugal"] }\n', names='["retry"]')
    assert counts(work(ask(net)))["retry"] == {}
    net = network('selection = { sections = ["brazil"] }\n', names='["retry"]')
    assert counts(work(ask(net)))["retry"]["retried"] >= 1


def test_rebuild_writes_again_what_shall_say_more_and_everything_when_templates_change(desk, network, settings):
    desk.submit("<p>The tide rose.</p>", key="tide")
    desk.work()
    net = network('selection = { sections = ["brazil"] }\n', names='["rebuild"]')
    seq = Delivery.objects.get(edition__section="brazil").wanted_seq
    first = counts(work(ask(net)))["rebuild"]["rebuilt"]
    assert first > 1  # never rebuilt before: the page, and the lists
    assert Delivery.objects.get(edition__section="brazil").wanted_seq == seq + 1
    desk.work()
    assert counts(work(ask(net)))["rebuild"] == {}
    Delivery.objects.filter(edition__section="brazil").update(wanted_digest="of an older name")
    assert counts(work(ask(net)))["rebuild"] == {"rebuilt": 1}
    desk.work()
    theme = desk.home / "theme" / "assets"
    theme.mkdir(parents=True)
    (theme / "own.css").write_text("p { color: teal }", encoding="utf-8")
    run = work(ask(net))
    assert counts(run)["rebuild"]["rebuilt"] == first
    assert "have changed since" in overview.steps_of(run)[0].notes[0]
    assert Rendering.objects.count() == 1


def test_verify_tells_of_drift_and_repair_puts_it_right(desk, network):
    desk.submit("<p>The tide rose.</p>", key="tide")
    desk.work()
    page = desk.home / "outputs" / "brazil" / desk.edition("brazil").path / "index.html"
    page.write_text("somebody else was here", encoding="utf-8")
    run = work(ask(network(names='["verify"]')))
    (problem,) = overview.steps_of(run)[0].problems
    assert (run.outcome, problem.why, problem.section) == ("trouble", "Somebody else has written there.", "brazil")
    assert counts(run)["verify"]["changed"] == 1
    run = work(ask(network(names='["repair"]')))
    assert (run.outcome, counts(run)["repair"]["changed"]) == ("done", 1)
    desk.work()
    assert "somebody else" not in page.read_text(encoding="utf-8")


def test_tidy_takes_what_is_old_and_nothing_else(desk, network):
    desk.submit("<p>The tide rose.</p>", key="tide")
    desk.work(publishing=False)
    user, edition = User.objects.create_user("ada"), desk.edition("portugal")
    for segment, days in (("b1", 8), ("b2", 6)):
        at = datetime.now(UTC) - timedelta(days=days)
        Draft.objects.create(user=user, edition=edition, segment=segment, seen="x", text="y", at=at)
    net = network("selection = { older_than_days = 7 }\n")
    old = work(ask(net))
    BatchRun.objects.filter(pk=old.pk).update(ended_at=datetime.now(UTC) - timedelta(days=9))
    run = work(ask(net))
    assert [draft.segment for draft in Draft.objects.all()] == ["b2"]
    assert list(BatchRun.objects.all()) == [run]
    assert counts(run)["tidy"] == {"runs": 1}
    assert Edition.objects.count()


def test_the_digest_goes_out_with_a_morning_run(desk, network, settings):
    desk.submit("<p>The tide rose.</p>", key="tide")
    desk.work(publishing=False)
    ada = User.objects.create_user("ada", "ada@example.org")
    Membership.objects.create(user=ada, section="portugal", role="editor")
    settings.FROZEN_CLOCK = "2026-11-22T12:00:00Z"
    assert counts(work(ask(network(names='["digest"]'))))["digest"] == {"sent": 1}
    assert [message.to for message in mail.outbox] == [["ada@example.org"]]


# -- the report --------------------------------------------------------------------------------------------------------


def test_the_report_goes_out_by_e_mail_and_signed_to_a_webhook(desk, network, monkeypatch):
    asked: list[Request] = []

    def answer(request: Request) -> Reply:
        asked.append(request)
        return Reply(503 if len(asked) == 1 else 204)  # the first time it is down

    monkeypatch.setenv("NIGHT_SECRET", SECRET)
    lines = (
        '[schedules.report]\nemail = ["desk@example.org", "ops@example.org"]\nlanguage = "pt"\n'
        'webhook = { url = "URL/night", secret = "NIGHT_SECRET", allow_private = true }\n'
    )
    desk.submit("<p>The tide rose.</p>", key="tide", title="Tide <b>report</b>")
    desk.work(publishing=False)
    Translation.objects.filter(base="pt").update(status=Status.FAILED, reason="The <engine> broke.")
    with serving(answer) as url:
        run = work(ask(network(lines.replace("URL", url), names='["translate"]')))
    (message,) = mail.outbox
    assert message.to == ["desk@example.org", "ops@example.org"]
    assert "Every night" in message.subject
    html = message.alternatives[0].content
    assert "The &lt;engine&gt; broke." in html
    assert "The <engine> broke." in message.body
    assert f"/runs/{run.pk}/" in message.body
    first, second = asked
    assert first.headers["webhook-id"] == second.headers["webhook-id"]  # by which the receiver knows a repetition
    told = Webhook(SECRET).verify(second.body, dict(second.headers))
    assert told["type"] == "batch.run"
    assert told["data"]["outcome"] == "trouble"
    assert told["data"]["steps"][0]["problems"][0]["why"] == "The <engine> broke."
    assert run.report["telling"][0]["counts"] == {"emails": 2, "webhooks": 1}


def test_who_wants_to_know_of_trouble_alone_is_not_told_of_a_quiet_night(network):
    net = network('[schedules.report]\nemail = ["desk@example.org"]\nonly = "trouble"\n')
    assert work(ask(net)).outcome == "done"
    assert mail.outbox == []


def test_a_webhook_that_stays_down_is_told_of_in_the_end(network, monkeypatch):
    monkeypatch.setenv("NIGHT_SECRET", SECRET)
    net = network(
        "[schedules.report]\n"
        'webhook = { url = "http://127.0.0.1:9/night", secret = "NIGHT_SECRET", allow_private = true }\n'
    )
    run = work(ask(net))
    (problem,) = overview.steps_of(run)[-1].problems
    assert run.outcome == "trouble"
    assert problem.why.startswith("It was not sent, after 8 tries: http://127.0.0.1:9/night could not be reached")


def test_an_e_mail_that_was_perhaps_sent_is_not_sent_again(network, monkeypatch):
    """The worker is stopped when the mail server has it, and before it has said so."""
    run = ask(network('[schedules.report]\nemail = ["desk@example.org"]\n'))
    send = mail.EmailMultiAlternatives.send

    def stopped(message: Any) -> None:
        send(message)
        raise SystemExit

    monkeypatch.setattr(mail.EmailMultiAlternatives, "send", stopped)
    with pytest.raises(SystemExit):
        runs.run()
    BatchRun.objects.update(lease_until=NIGHT)
    assert claims.release_expired() == 1
    run = work(run)
    assert run.outcome == "trouble"
    assert "not known" in overview.steps_of(run)[-1].problems[0].why
    assert len(mail.outbox) == 1


# -- the command -------------------------------------------------------------------------------------------------------


def command(*arguments: str) -> str:
    """What the command prints."""
    out = io.StringIO()
    call_command("batch", *arguments, stdout=out, stderr=io.StringIO())
    return out.getvalue()


def test_the_command_lists_runs_shows_pauses_and_resumes(network):
    net = network()
    assert "next: " in command("list")
    assert command("stop", "night") == "night: no run is at work.\n"
    assert "is paused" in command("pause", "night", "--by", "ada")
    assert "paused by ada" in command("list")
    assert re.search(r"runs again: the next time on \d{4}-\d\d-\d\d 02:00", command("resume", "night"))
    assert "asked for." in command("run", "night", "--no-wait")
    assert "asked for already" in command("run", "night", "--no-wait")
    number = str(BatchRun.objects.get().pk)
    assert "had not begun, and is left out" in command("stop", "night", "--by", "ada")
    assert "is over already" in command("stop", "--run", number)
    assert "skipped: ada has stopped it before it began." in command("show", "--run", number)
    command("run", "night", "--no-wait")
    work()
    with pytest.raises(Permanent, match="Which run"):
        command("show")
    shown = command("show", "night")
    assert "tidy: done" in shown
    assert "came in: 0 articles" in shown
    listed = json.loads(command("list", "--json"))
    assert listed[0]["last"]["phase"] == "done"
    assert json.loads(command("show", "night", "--json"))["report"]["outcome"] == "done"
    with pytest.raises(Permanent, match=r"There is no schedule “noon”\. The schedules are: night"):
        command("run", "noon")
    assert net.schedule("night").title == "Every night"


# -- the desk ----------------------------------------------------------------------------------------------------------


def browser(name: str, *, staff: bool = False, **roles: str) -> Client:
    """Somebody's browser."""
    user = User.objects.create_user(name, is_staff=staff)
    for section, role in roles.items():
        Membership.objects.create(user=user, section=section, role=role)
    client = Client()
    client.force_login(user)
    return client


def test_an_operator_runs_pauses_and_resumes_at_the_desk(network):
    net = network()
    client = browser("ops", staff=True)
    page = client.get("/runs/").content.decode()
    assert "Every night" in page
    assert "It has not run yet." in page
    answer = client.post("/runs/night/now/")
    run = BatchRun.objects.get()
    assert (answer.headers["Location"], run.requested_by) == (f"/runs/{run.pk}/", "ops")
    assert "Nobody has begun yet" in client.get(f"/runs/{run.pk}/").content.decode()
    work()
    page = client.get(f"/runs/{run.pk}/").content.decode()
    assert "What came in" in page
    assert "hx-get" not in page  # it is over
    client.post("/runs/night/pause/", {"do": "pause"})
    assert "Paused by <bdi>ops</bdi>" in client.get("/runs/").content.decode()
    client.post("/runs/night/pause/", {"do": "resume"})
    assert overview.view(net.schedule("night")).paused_at is None
    assert client.post("/runs/noon/now/").status_code == 404
    assert "<button" not in client.get(f"/runs/{run.pk}/").content.decode().partition('id="run"')[2]
    client.post("/runs/night/now/")
    run = BatchRun.objects.latest("pk")
    begun = {"started_at": NIGHT, "marks": dict.fromkeys(("article", "revision", "version", "receipt"), 0)}
    BatchRun.objects.filter(pk=run.pk).update(**begun, steps=steps.pack([Step("tidy"), Step("report")]))
    assert f'action="/runs/{run.pk}/stop/"' in client.get(f"/runs/{run.pk}/").content.decode()
    for said in ("It ends after what it has in hand", "Somebody has asked for that already"):
        assert said in client.post(f"/runs/{run.pk}/stop/", follow=True).content.decode()
    assert "<bdi>ops</bdi> has asked to stop it" in client.get(f"/runs/{run.pk}/").content.decode()
    assert "ops has asked to stop it" in command("list")
    work()
    page = client.get(f"/runs/{run.pk}/").content.decode()
    assert "<bdi>ops</bdi> has stopped it" in page
    assert "left out" in page
    assert json.loads(client.get(f"/runs/{run.pk}/report.json").content)["schedule"] == "night"


def test_an_editor_reads_of_their_own_sections_and_gets_numbers_of_others(desk, network):
    desk.submit("<p>The tide rose.</p>", key="tide")
    desk.work()
    for section in ("brazil", "portugal"):
        Delivery.objects.filter(edition__section=section).update(status=Status.FAILED, reason=f"{section} is full.")
    Edition.objects.get(section="portugal").deliveries.get_or_create(
        output="site", defaults={"lane": "publish.site", "status": Status.FAILED, "reason": "portugal is full."}
    )
    run = work(ask(network(names='["release"]')))
    page = browser("ada", portugal="editor").get(f"/runs/{run.pk}/").content.decode()
    assert "portugal is full." in page
    assert "brazil is full." not in page
    assert "brazil is full." in browser("ops", staff=True).get(f"/runs/{run.pk}/").content.decode()


def test_the_page_takes_as_many_queries_however_many_runs_there_are(network, django_assert_max_num_queries):
    net = network()
    client = browser("ops", staff=True)
    for number in (1, 40):
        made = [run_of(net.schedule("night"), NIGHT + timedelta(minutes=number + each)) for each in range(number)]
        BatchRun.objects.bulk_create(made)
        with django_assert_max_num_queries(14):
            assert client.get("/runs/").status_code == 200
