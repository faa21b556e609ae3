"""Outputs that fail in every way: each promise ends confirmed at its newest sequence, or says what a person must do."""

from __future__ import annotations

import json
import os
import re
import time
from datetime import timedelta

import pytest
from django.db.models.functions import Now
from django.utils import timezone

from pipeline.flow import installation, lanes, listing, patience, publish, retry, status
from pipeline.ledger import claim as claims
from pipeline.ledger import invariants
from pipeline.ledger.models import Article, Delivery, Receipt, Refresh, Status
from pipeline.management import sending
from pipeline.stages.publish.outputs import files as disk
from pipeline.stages.publish.outputs import webhook
from pipeline.stages.publish.outputs.folder import FolderOutput
from tests.receiver import SECRET, Receiver, Reply, serving

CMS = """
[outputs.cms]
type = "webhook"
base_url = "https://{{section}}.cms.example"
settle_seconds = 0
webhook = {{ url = "{url}/in", list_url = "{url}/list", allow_private = true, timeout_seconds = 20 }}

[[sections]]
key = "portugal"
"""


@pytest.fixture
def receiver():
    """A receiver that does what docs/outputs.md asks of it, but for its faults."""
    return Receiver()


@pytest.fixture
def newsroom(desk, receiver, settings, monkeypatch):
    """Brazil publishes into a folder and to a receiver."""
    monkeypatch.setenv("SECTIONWIRE_WEBHOOK_SECRET", SECRET)
    webhook._sent_assets.clear()
    with serving(receiver) as url:
        text = settings.NETWORK_FILE.read_text(encoding="utf-8")
        text = text.replace('[[sections]]\nkey = "portugal"\n', CMS.format(url=url).replace("{{", "{"), 1)
        text = text.replace("{{", "{").replace("}}", "}")
        brazil = text.index('key = "brazil"')
        text = text[:brazil] + text[brazil:].replace('outputs = ["site"]', 'outputs = ["site", "cms"]', 1)
        usa = text.index('key = "united-states"')
        text = text[:usa] + text[usa:].replace('policy = "auto"', 'policy = "review"', 1)  # only Brazil publishes
        settings.NETWORK_FILE.write_text(text, encoding="utf-8")
        yield desk


@pytest.fixture
def impatient(newsroom, settings):
    """The receiver has a second for its answer."""
    text = settings.NETWORK_FILE.read_text(encoding="utf-8")
    settings.NETWORK_FILE.write_text(text.replace("timeout_seconds = 20", "timeout_seconds = 1"), encoding="utf-8")
    return newsroom


def start(newsroom):
    """An article on its way: in the folder already, at the receiver not yet."""
    newsroom.submit()
    newsroom.work()
    return Delivery.objects.get(edition__section="brazil", output="cms")


def key_of(delivery):
    return f"{delivery.edition.article.uid}/{delivery.edition.language}"


def go_on():
    """The time of every retry has come."""
    Delivery.objects.filter(status=Status.READY).update(due_at=Now())
    publish.run("cms")


def assert_kept(delivery, receiver, sequence=1):
    """Confirmed at the newest sequence, by the ledger and at the receiver."""
    delivery.refresh_from_db()
    assert (delivery.status, delivery.confirmed_seq, delivery.wanted_seq) == ("done", sequence, sequence)
    assert receiver.pages[key_of(delivery)]["sequence"] == sequence
    assert invariants.broken() == []


def hang(_):
    time.sleep(1.5)
    return Reply(200)


FAULTS = {
    "500": lambda _: Reply(500),
    "503": lambda _: Reply(503, b"down for the tide", {"Content-Type": "text/plain"}),
    "408": lambda _: Reply(408),
    "429": lambda _: Reply(429, headers={"Retry-After": "120"}),
    "timeout": hang,
    "closed in the middle": lambda _: Reply(200, b"x" * 1000, broken=10),
    "closed at once": lambda _: (_ for _ in ()).throw(ConnectionResetError),
}


def test_what_may_pass_is_tried_again_with_the_same_idempotency_key(impatient, receiver):
    """Everything fails in turn, then a try is confirmed; the row says why it waits, and every try has a receipt."""
    delivery = start(impatient)
    for tries, (name, fault) in enumerate(FAULTS.items(), 1):
        receiver.faults = [fault]
        Delivery.objects.filter(pk=delivery.pk, status=Status.READY).update(due_at=Now())
        before = timezone.now()
        publish.run("cms")
        delivery.refresh_from_db()
        assert (name, delivery.status, delivery.attempts, delivery.confirmed_seq) == (name, "ready", tries, 0)
        assert "127.0.0.1" in delivery.reason
        assert delivery.due_at - before > timedelta(seconds=119 if name == "429" else 0.5)
    go_on()
    assert_kept(delivery, receiver)
    identifiers = {request.headers["idempotency-key"] for request in receiver.of(key_of(delivery))}
    assert (len(receiver.of(key_of(delivery))), len(identifiers)) == (len(FAULTS) + 1, 1)
    outcomes = list(delivery.receipts.order_by("id").values_list("outcome", flat=True))
    assert outcomes == [Receipt.Outcome.TRANSIENT] * len(FAULTS) + [Receipt.Outcome.CONFIRMED]
    assert impatient.edition("brazil").state == "live"


def test_a_receiver_that_hangs_holds_a_thread_for_one_timeout(impatient, receiver):
    """Of five pages and their lists one is tried; the others go back as if unclaimed, and wait as long as that one."""
    for number in range(5):
        impatient.submit(name=f"tide-{number}.html", key=f"tide-{number}", title=f"Tide report {number}")
    impatient.work()
    receiver.faults = [hang] * 5
    publish.run("cms")
    asked = [request for request in receiver.seen if json.loads(request.body)["action"] == "put"]
    pages = Delivery.objects.filter(output="cms").order_by("pk")
    assert (len(asked), pages.count(), Receipt.objects.filter(delivery__output="cms").count()) == (1, 5, 1)
    states = pages.values_list("status", "attempts", "confirmed_seq", "sending_seq")
    assert list(states) == [("ready", 1, 0, 1), *[("ready", 0, 0, 0)] * 4]  # these can still be undone
    soonest = pages.order_by("due_at")[0].due_at
    assert soonest - timezone.now() > timedelta(seconds=2)
    assert publish.run("cms") == (0, False)
    receiver.faults = []
    go_on()
    assert {row.status for row in pages.all()} == {"done"}
    assert invariants.broken() == []


def test_what_hangs_again_and_again_is_asked_more_and_more_rarely(newsroom, receiver):
    """The others wait with the page that is tried, at most two minutes; in the end it falls behind them."""
    for number in range(2):
        newsroom.submit(name=f"tide-{number}.html", key=f"tide-{number}", title=f"Tide report {number}")
    newsroom.work()
    waits = []
    for attempts in (1, 3, 9):
        receiver.faults = [FAULTS["closed at once"]]
        Delivery.objects.filter(output="cms").update(due_at=Now(), attempts=attempts - 1)
        publish.run("cms")
        tried, other = Delivery.objects.filter(output="cms").order_by("-attempts")
        waits.append((other.due_at - timezone.now()).total_seconds())
    assert 2 < waits[0] < waits[1] < waits[2] <= patience.LONGEST_WAIT
    assert tried.due_at > other.due_at


def test_what_there_is_no_time_for_goes_back_so_that_a_withdrawal_can_pass(newsroom, receiver, monkeypatch):
    """A claim that takes long ends after the article in hand; what is urgent is sent before the rest of it."""
    for number in range(3):
        newsroom.submit(name=f"tide-{number}.html", key=f"tide-{number}", title=f"Tide report {number}")
    newsroom.work()
    monkeypatch.setattr(publish, "SLICE_SECONDS", 0.0)
    first, *_, last = Delivery.objects.filter(output="cms").order_by("pk")

    urgent = Delivery.objects.filter(pk=last.pk)
    meanwhile(monkeypatch, publish, "_record", lambda: urgent.update(priority=lanes.URGENT))
    publish.run("cms")
    order = [json.loads(request.body)["key"] for request in receiver.seen if json.loads(request.body).get("metadata")]
    assert order[:2] == [key_of(first), key_of(last)]
    assert set(Delivery.objects.filter(output="cms").values_list("status", "attempts")) == {("done", 0)}
    assert invariants.broken() == []


def test_a_list_without_an_answer_holds_back_the_other_lists(newsroom, receiver):
    """One front page breaks off; the feed and the others of that server are not tried at once, and come later."""
    start(newsroom)
    Refresh.objects.all().delete()
    publish.run("cms")
    lists = Refresh.objects.filter(output="cms")
    assert lists.filter(status=Status.DONE).count() == lists.count() > 3
    receiver.broken = True
    assert listing.again("cms") == lists.count()
    before = len(receiver.seen)
    publish.run("cms")
    assert len(receiver.seen) == before + 1
    assert {(row.status, row.due_at > timezone.now()) for row in lists} == {("ready", True)}
    receiver.broken = False
    lists.update(due_at=Now())
    publish.run("cms")
    assert {row.status for row in lists.all()} == {"done"}


def test_one_output_that_fails_does_not_hold_up_another(newsroom, receiver):
    """The folder has the page; the edition is live when both have."""
    receiver.faults = [FAULTS["500"]]
    start(newsroom)
    publish.run("cms")
    assert Delivery.objects.get(edition__section="brazil", output="site").status == "done"
    assert newsroom.page("brazil")
    assert newsroom.edition("brazil").state == "approved"
    go_on()
    assert newsroom.edition("brazil").state == "live"


def test_wrong_credentials_wait_for_a_person_who_is_told_what_to_do(newsroom, receiver, monkeypatch):
    """The row fails at once; status shows why; after mending the secret, a retry sends it."""
    monkeypatch.setenv("SECTIONWIRE_WEBHOOK_SECRET", SECRET.replace("dGl", "dGk"))
    delivery = start(newsroom)
    publish.run("cms")
    delivery.refresh_from_db()
    assert (delivery.status, delivery.attempts) == ("failed", 1)
    assert "SECTIONWIRE_WEBHOOK_SECRET" in delivery.reason
    (row,) = status.matrix(list(Article.objects.all()), installation.network())
    cell = next(cell for cell in row.cells if cell.section == "brazil")
    assert (cell.place, "SECTIONWIRE_WEBHOOK_SECRET" in cell.why) == (status.Place.FAILED, True)
    monkeypatch.setenv("SECTIONWIRE_WEBHOOK_SECRET", SECRET)
    assert retry.failed()["publish"] >= 1
    publish.run("cms")
    assert_kept(delivery, receiver)


def meanwhile(monkeypatch, target, name, happens):
    """Let something happen just before the first call of a function; then the call goes on as it was."""
    original = getattr(target, name)
    left = [happens]

    def late(*arguments, **options):
        if left:
            left.pop()()
        return original(*arguments, **options)

    monkeypatch.setattr(target, name, late)


def overtake(output):
    """The lease of the running send ends; version after it is wanted, and sent by another worker."""

    def happens():
        Delivery.objects.filter(status=Status.RUNNING).update(lease_until=Now() - timedelta(seconds=1))
        claims.release_expired()
        assert sending.wake("brazil", None, again=True)
        publish.run(output)

    return happens


@pytest.mark.parametrize("output", ["cms", "site"])
def test_a_slow_send_of_an_older_version_that_ends_last_changes_nothing(newsroom, receiver, monkeypatch, output):
    """Version 2 is on its way when version 3 is wanted, sent and confirmed; version 2 arrives after it."""
    start(newsroom)
    publish.run("cms")
    assert sending.wake("brazil", None, again=True)
    delivery = Delivery.objects.get(edition__section="brazil", output=output)
    slow = delivery.wanted_seq
    target = (webhook.outbound, "request") if output == "cms" else (FolderOutput, "put")
    meanwhile(monkeypatch, *target, overtake(output))
    publish.run(output)
    delivery.refresh_from_db()
    assert (delivery.status, delivery.confirmed_seq, delivery.wanted_seq) == ("done", slow + 1, slow + 1)
    if output == "cms":
        sequences = [int(request.headers["sectionwire-sequence"]) for request in receiver.of(key_of(delivery))]
        assert sequences == [1, slow + 1, slow]
        assert_kept(delivery, receiver, slow + 1)
    assert list(delivery.receipts.order_by("id").values_list("sequence", flat=True))[-1] == slow + 1
    assert not delivery.receipts.filter(sequence=slow).exists()
    assert invariants.broken() == []


@pytest.mark.parametrize("output", ["cms", "site"])
def test_a_worker_that_dies_between_sending_and_recording_loses_nothing(newsroom, receiver, monkeypatch, output):
    """Its lease runs out; whoever comes next sends the same sequence again, with the same idempotency key."""
    delivery = start(newsroom) if output == "cms" else None
    if delivery is None:
        newsroom.submit()
        newsroom.work(publishing=False)
    with monkeypatch.context() as dying:
        dying.setattr(publish, "_record", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            publish.run(output)
    rows = Delivery.objects.filter(output=output, edition__section="brazil")
    assert [(row.status, row.confirmed_seq) for row in rows] == [("running", 0)]
    Delivery.objects.filter(status=Status.RUNNING).update(lease_until=Now() - timedelta(seconds=1))
    assert claims.release_expired()
    publish.run(output)
    publish.run(output)
    row = rows.get()
    assert (row.status, row.confirmed_seq, row.wanted_seq) == ("done", 1, 1)
    if output == "cms":
        first, second = receiver.of(key_of(row))
        assert first.headers["idempotency-key"] == second.headers["idempotency-key"]
        assert_kept(row, receiver)
    assert newsroom.page("brazil")


def publish_changed(newsroom):
    """Send Brazil's page once more, changed; gives its delivery."""
    assert sending.wake("brazil", None, again=True)
    publish.run("site")
    return Delivery.objects.get(edition__section="brazil", output="site")


def test_a_full_disk_leaves_the_old_page_whole_and_is_tried_again(newsroom, monkeypatch):
    """The kernel itself says that there is no space left: what is written goes to /dev/full."""
    start(newsroom)
    page = newsroom.page("brazil")
    opened = os.open

    def full(path, flags, *mode):
        is_new = str(path).endswith(disk._NEW)
        return opened("/dev/full", os.O_WRONLY) if is_new else opened(path, flags, *mode)

    with monkeypatch.context() as crowded:
        crowded.setattr(disk.os, "open", full)
        delivery = publish_changed(newsroom)
    assert (delivery.status, delivery.confirmed_seq, delivery.wanted_seq) == ("ready", 1, 2)
    assert "The disk is full" in delivery.reason
    assert newsroom.page("brazil") == page
    Delivery.objects.filter(status=Status.READY).update(due_at=Now())
    publish.run("site")
    delivery.refresh_from_db()
    assert (delivery.status, delivery.confirmed_seq) == ("done", 2)
    assert not list(newsroom.home.rglob(f"*{disk._NEW}"))


def test_a_folder_that_may_not_be_written_waits_for_a_person(newsroom, monkeypatch):
    """As somebody who is not root: the kernel refuses, the row says whose right is missing, the old page stands."""
    start(newsroom)
    page = newsroom.page("brazil")
    root = newsroom.home / "outputs" / "brazil"
    folders = [root / ".sectionwire", root]
    original = FolderOutput.put

    def as_nobody(self, *arguments, **options):
        mine = os.geteuid()
        if mine == 0:
            os.seteuid(65_534)
        try:
            return original(self, *arguments, **options)
        finally:
            os.seteuid(mine)

    with monkeypatch.context() as refused:
        refused.setattr(FolderOutput, "put", as_nobody)
        for folder in folders:
            folder.chmod(0o500)
        try:
            delivery = publish_changed(newsroom)
        finally:
            for folder in folders:
                folder.chmod(0o755)
    assert (delivery.status, delivery.confirmed_seq) == ("failed", 1)
    assert re.search(r"can't be written: .*Give the user that runs the publishing worker the right", delivery.reason)
    assert newsroom.page("brazil") == page
    retry.deliveries(Delivery.objects.all())
    publish.run("site")
    delivery.refresh_from_db()
    assert (delivery.status, delivery.confirmed_seq) == ("done", 2)
