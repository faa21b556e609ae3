"""Webhooks: told in the transaction in which it happens, signed, repeated, given up in the end."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

import pytest
from django.core.management import call_command
from django.db import transaction
from django.db.models.functions import Now
from standardwebhooks import Webhook as Verifier

from pipeline.errors import Permanent
from pipeline.flow import decisions, installation, publish, sweep, tokens, undo, webhook_sends, webhooks
from pipeline.ledger import claim as claims
from pipeline.ledger import invariants
from pipeline.ledger.models import Delivery, Topic, Webhook, WebhookSend
from tests.integration.calls import problem, token
from workers import tasks
from workers.management.commands import worker


@dataclass
class Receiver:
    """Another program's address: what it got, and what it answers next (200 when nothing is said)."""

    url: str = ""
    got: list[tuple[dict[str, str], bytes]] = field(default_factory=list)
    answers: list[tuple[int, dict[str, str]]] = field(default_factory=list)

    def messages(self) -> list[dict[str, Any]]:
        """What it was told."""
        return [json.loads(body) for _, body in self.got]


@pytest.fixture
def receiver(settings) -> Iterator[Receiver]:
    """A real HTTP server on this machine."""
    settings.ALLOW_PRIVATE = True
    receiver = Receiver()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            receiver.got.append(({name.lower(): value for name, value in self.headers.items()}, body))
            status, headers = receiver.answers.pop(0) if receiver.answers else (200, {})
            self.send_response(status)
            for name, value in {"Content-Length": "0", **headers}.items():
                self.send_header(name, value)
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        receiver.url = f"http://127.0.0.1:{server.server_port}/hook"
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        thread.start()
        yield receiver
        server.shutdown()
        thread.join()


def listen(url: str, *topics: Topic, sections: list[str] | None = None) -> Webhook:
    """Tell this address."""
    return webhooks.add(url, topics, sections, installation.network())


def due() -> None:
    """Let the pause before the next try be over."""
    WebhookSend.objects.filter(status="ready").update(due_at=Now())


def test_a_program_is_told_what_happens_from_coming_in_to_going_live(desk, receiver):
    """In order of happening, each signed with the secret, and nothing twice."""
    hook = listen(receiver.url)
    desk.submit()
    desk.work()
    waiting = desk.edition("portugal")
    reviewer = token("review")
    digest = waiting.candidate.digest
    assert reviewer.post(f"/editions/{waiting.pk}/approve", {"digest": digest}).status_code == 200
    publish.run("site")
    webhook_sends.run()
    told = [(each["type"], each["data"].get("section", "")) for each in receiver.messages()]
    assert told[0] == ("article.received", "")
    assert ("translation.checked", "") in told
    for section in ("portugal", "angola"):
        assert (("edition.in_review", section) in told) == (section == "portugal")
    of_portugal = [topic for topic, section in told if section == "portugal"]
    assert of_portugal == ["edition.in_review", "edition.approved", "edition.live"]
    assert len(told) == len(set(told))
    live = next(each for each in receiver.messages() if each["type"] == "edition.live")
    assert live["data"]["urls"]["site"].startswith("http")
    assert live["data"]["article"]["key"] == "tide"
    for headers, body in receiver.got:
        assert Verifier(hook.secret).verify(body, headers)
        assert headers["content-type"] == "application/json"
    assert len({headers["webhook-id"] for headers, _ in receiver.got}) == len(told)
    assert set(WebhookSend.objects.values_list("status", flat=True)) == {"done"}
    assert invariants.broken() == []


def test_one_is_told_only_of_what_one_asked_for_and_may_know(desk, receiver):
    """By topic and by section; what is no section's own goes to all who asked for it."""
    listen(receiver.url + "/live", Topic.EDITION_LIVE, Topic.ARTICLE_RECEIVED, sections=["brazil"])
    listen(receiver.url + "/review", Topic.EDITION_IN_REVIEW, sections=["brazil"])
    desk.submit()
    desk.work()
    sends = WebhookSend.objects.order_by("pk").values_list("topic", "webhook__url")
    assert [(topic, url.rpartition("/")[2]) for topic, url in sends] == [
        ("article.received", "live"),
        ("edition.live", "live"),
    ]


def test_what_is_rolled_back_is_told_to_nobody(desk):
    """The message is part of the transaction."""
    listen("https://hooks.example.org/")
    with transaction.atomic():
        desk.submit()
        assert WebhookSend.objects.count() == 1
        transaction.set_rollback(True)
    assert not WebhookSend.objects.exists()


def test_a_delivery_that_a_person_must_look_at_is_told_of(desk, receiver):
    """With the reason and what to do; one that is tried again by itself is not."""
    listen(receiver.url, Topic.DELIVERY_FAILED)
    desk.submit()
    in_the_way = desk.home / "outputs" / "united-states"
    in_the_way.parent.mkdir(parents=True)
    in_the_way.write_text("a file where the folder should be")
    desk.work()
    webhook_sends.run()
    failed = Delivery.objects.get(status="failed")
    (told,) = receiver.messages()
    assert told["data"]["section"] == "united-states"
    assert (told["data"]["delivery"], told["data"]["reason"]) == (failed.pk, failed.reason)


def test_a_page_over_which_workers_die_is_told_of_once_it_is_given_up(desk, receiver):
    """Not at the first four deaths: it is tried again. Once, with the reason."""
    listen(receiver.url, Topic.DELIVERY_FAILED, sections=["united-states"])
    desk.submit()
    desk.work(publishing=False)
    Delivery.objects.exclude(edition__section="united-states").delete()
    for death in range(claims.MAX_DEATHS):
        assert not WebhookSend.objects.exists(), death
        assert claims.take(Delivery, "publish.site", budget=9, lease_seconds=-1) is not None
        sweep.sweep()
    sweep.sweep()
    webhook_sends.run()
    failed = Delivery.objects.get(status="failed")
    (told,) = receiver.messages()
    assert told["type"] == "delivery.failed"
    assert (told["data"]["delivery"], told["data"]["reason"]) == (failed.pk, failed.reason)
    assert "died 5 times" in failed.reason
    assert invariants.broken() == []


def test_what_comes_back_to_review_is_told_of_again(desk, receiver):
    """An approval or a return that is taken back: for the section, and for those that had followed it."""
    listen(receiver.url, Topic.EDITION_IN_REVIEW)
    net = installation.network()
    desk.submit()
    desk.work()
    waiting = desk.edition("portugal")
    for decide in (
        lambda: decisions.approve(waiting.pk, by="ada", net=net),
        lambda: decisions.send_back(waiting.pk, by="ada", note="The names are wrong."),
    ):
        decide()
        undo.undo(waiting.pk, by="ada", net=net)
    webhook_sends.run()
    told = [(each["data"]["section"], each["data"]["version"], each["data"]["by"]) for each in receiver.messages()]
    assert told == [("portugal", 1, "")] * 3


@pytest.mark.parametrize("status", [500, 404, 301, 429])
def test_what_does_not_arrive_is_sent_again_the_same(desk, receiver, status):
    """The same message with the same id, after a pause; Retry-After is obeyed."""
    hook = listen(receiver.url)
    webhooks.test(hook)
    receiver.answers = [(status, {"Retry-After": "300", "Location": "https://elsewhere.example.org/"})]
    webhook_sends.run()
    send = WebhookSend.objects.get()
    assert (send.status, send.attempts) == ("ready", 1)
    assert str(status) in send.reason or "moved" in send.reason
    assert Webhook.objects.get().failing_since is not None
    if status == 429:
        assert (send.due_at - datetime.now(UTC)).total_seconds() > 250
    due()
    webhook_sends.run()
    (first, body), (second, again) = receiver.got
    assert (first["webhook-id"], body) == (second["webhook-id"], again)
    send.refresh_from_db()
    assert (send.status, send.reason) == ("done", "")
    assert Webhook.objects.get().failing_since is None


def test_one_that_does_not_answer_does_not_keep_the_others_waiting(desk, receiver):
    """It is asked once in a round, however many messages wait for it."""
    dead, live = listen("http://127.0.0.1:1/"), listen(receiver.url)
    for _ in range(3):
        webhooks.test(dead)
        webhooks.test(live)
    webhook_sends.run()
    assert len(receiver.got) == 3
    reasons = set(dead.sends.values_list("reason", flat=True))
    assert len(reasons) == 1
    assert set(dead.sends.values_list("status", flat=True)) == {"ready"}


def test_an_address_is_switched_off_after_long_failing_and_says_so(desk, receiver, capsys):
    """Not before; switched on again, it gets what it missed."""
    hook = listen(receiver.url)
    webhooks.test(hook)
    webhooks.test(hook)
    receiver.answers = [(500, {})] * 2
    webhook_sends.run()
    Webhook.objects.update(failing_since=datetime.now(UTC) - webhook_sends.PATIENCE - timedelta(minutes=1))
    due()
    webhook_sends.run()
    assert "3 days" in webhooks.silence(webhooks.find(hook.pk))
    assert not hook.sends.filter(status="ready", due_at__lte=Now()).exists()
    desk.submit()
    assert not WebhookSend.objects.filter(topic="article.received").exists()
    call_command("webhooks", "list")
    assert "OFF: nothing got through for 3 days" in capsys.readouterr().out
    call_command("webhooks", "enable", str(hook.pk))
    due()
    webhook_sends.run()
    assert set(hook.sends.values_list("status", flat=True)) == {"done"}


def test_who_says_gone_is_told_no_more(desk, receiver):
    """410 is how a receiver unsubscribes."""
    hook = listen(receiver.url)
    webhooks.test(hook)
    receiver.answers = [(410, {})]
    webhook_sends.run()
    assert "not to be told" in webhooks.silence(webhooks.find(hook.pk))


def test_the_own_network_is_not_reached_unless_the_operator_says_so(desk, receiver, settings):
    """A webhook must not become a way to look into it."""
    settings.ALLOW_PRIVATE = False
    hook = listen(receiver.url)
    webhooks.test(hook)
    webhook_sends.run()
    send = WebhookSend.objects.get()
    assert send.status == "failed"
    assert "SECTIONWIRE_ALLOW_PRIVATE" in send.reason
    assert receiver.got == []


def test_a_webhook_ends_with_the_token_that_made_it(desk, receiver):
    """Also what was on its way already."""
    owner = token("operate", ["portugal"], name="owner")
    made = owner.post("/webhooks", {"url": receiver.url, "topics": ["article.received"]}).json()
    assert made["secret"].startswith("whsec_")
    assert made["sections"] == ["portugal"]
    assert "secret" not in owner.get(f"/webhooks/{made['id']}").json()
    desk.submit()
    tokens.revoke("owner")
    desk.submit("<p>More.</p>")
    webhook_sends.run()
    assert receiver.got == []
    (send,) = WebhookSend.objects.all()
    assert "switched off" in send.reason


def test_webhooks_are_changed_and_removed(desk, receiver):
    """By those whose sections they are told of, and by no others."""
    owner, other = token("operate", ["portugal"]), token("operate", ["brazil"])
    problem(owner.post("/webhooks", {"url": receiver.url, "sections": ["brazil"]}), 403)
    made = owner.post("/webhooks", {"url": receiver.url}).json()
    path = f"/webhooks/{made['id']}"
    assert other.get("/webhooks").json() == {"items": []}
    changed = owner.send("patch", path, {"topics": ["edition.live"], "active": False}).json()
    assert (changed["topics"], changed["active"]) == (["edition.live"], False)
    assert "switched off by token operate" in changed["why"]
    assert owner.send("patch", path, {"active": True}).json()["active"] is True
    assert owner.post(f"{path}/test").status_code == 202
    webhook_sends.run()
    (send,) = owner.get(f"{path}/sends").json()["items"]
    assert (send["topic"], send["status"]) == ("webhook.test", "done")
    assert owner.send("delete", path).status_code == 204
    problem(owner.get(path), 404)
    for url in (
        "ftp://x.example/",
        "https://",
        "x",
        "https://ines:secret@x.example/",
        "https://x.example/" + "y" * 2000,
    ):
        told = problem(owner.post("/webhooks", {"url": url}), 422)
        assert "secret" not in json.dumps(told)
    problem(owner.post("/webhooks", {"url": receiver.url, "topics": ["webhook.test"]}), 422)
    problem(owner.post("/webhooks", {"url": receiver.url, "odd": 1}), 422)
    problem(owner.post("/webhooks", "{"), 400)


def test_the_command_adds_tests_and_removes(desk, receiver, capsys):
    """As a person types it."""
    call_command("webhooks", "add", receiver.url, "--topic", "edition.live", "--section", "portugal", "--json")
    made = json.loads(capsys.readouterr().out)
    assert (made["topics"], made["sections"]) == (["edition.live"], ["portugal"])
    number = str(made["id"])
    call_command("webhooks", "test", number)
    webhook_sends.run()
    headers, body = receiver.got[0]
    assert Verifier(made["secret"]).verify(body, headers)["type"] == "webhook.test"
    capsys.readouterr()
    call_command("webhooks", "deliveries", number)
    assert "arrived" in capsys.readouterr().out
    call_command("webhooks", "deliveries", number, "--failed")
    assert "Nothing has failed." in capsys.readouterr().out
    call_command("webhooks", "remove", number)
    assert not Webhook.objects.exists()
    with pytest.raises(Permanent, match="no topic"):
        call_command("webhooks", "add", receiver.url, "--topic", "edition.dead")
    with pytest.raises(Permanent, match="no webhook 7"):
        call_command("webhooks", "test", "7")


def test_workers_serve_the_lane_and_the_sweep_rings_it(desk, receiver):
    """Should the bell get lost."""
    webhooks.test(listen(receiver.url))
    (lane,) = sweep.sweep().lanes
    assert worker.resolve(["webhooks"]) == ([lane], False)
    tasks.webhooks_lane(lane)
    assert len(receiver.got) == 1


def test_what_arrived_is_forgotten_in_time(desk, receiver):
    """And what did not is kept for a person."""
    hook = listen(receiver.url)
    old, failed = webhooks.test(hook), webhooks.test(hook)
    past = datetime.now(UTC) - timedelta(days=15)
    WebhookSend.objects.filter(pk=old.pk).update(status="done", sent_at=past)
    WebhookSend.objects.filter(pk=failed.pk).update(status="failed", reason="Nobody was there.")
    webhooks.test(hook)
    webhook_sends.run()
    assert set(hook.sends.values_list("status", flat=True)) == {"done", "failed"}
    assert not hook.sends.filter(pk=old.pk).exists()
