"""The daily e-mail of editors: what it says, to whom, how often; and how it is switched off."""

from __future__ import annotations

import io
import json
import re
from datetime import UTC, datetime, timedelta
from smtplib import SMTPDataError, SMTPRecipientsRefused, SMTPServerDisconnected
from typing import ClassVar

import pytest
from django.contrib.auth.models import User
from django.core import mail
from django.core.mail.backends.locmem import EmailBackend
from django.core.management import call_command
from django.test import Client
from django.utils.html import escape

from pipeline.errors import Permanent, Transient
from pipeline.flow import decisions, digest, installation, waiting
from pipeline.flow.digest import Outcome
from pipeline.ledger.models import Delivery, DigestSent, Edition, Finding, Membership, Preference

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)


def person(name: str, language: str = "", **roles: str) -> User:
    """Somebody with an address and roles in sections."""
    user = User.objects.create_user(name, f"{name}@example.org")
    for section, role in roles.items():
        Membership.objects.create(user=user, section=section, role=role)
    if language:
        Preference.objects.create(user=user, language=language)
    return user


@pytest.fixture
def waits(desk) -> None:
    """Two articles wait in Portugal, and in Angola for Portugal; one is urgent."""
    desk.submit("<p>The tide rose.</p>", key="tide", title="Tide <b>report</b>")
    desk.submit("<p>The wind rose.</p>", key="wind", title="Wind report")
    desk.work(publishing=False)
    wind = Edition.objects.get(section="portugal", article__key="wind")
    wind.candidate.revision.priority = 10
    wind.candidate.revision.save()


def title(key: str) -> str:
    """The translated title of an article."""
    return Edition.objects.get(section="portugal", article__key=key).candidate.title


def send(now: datetime = NOON, only: str = "") -> dict[str, str]:
    """A run; gives what has come of each person's."""
    return {told.name: told.outcome for told in digest.send_due(installation.network(), now, only=only)}


def test_an_editor_is_told_what_waits_with_the_most_urgent_first(waits, settings):
    """Title, section, language, length, age, who has it, and a link to each; in text and in HTML."""
    settings.DESK_URL = "https://desk.example"
    ada = person("ada", portugal="editor", angola="editor")
    tide = Edition.objects.get(section="portugal", article__key="tide")
    waiting.assign(tide, ada)
    assert send() == {"ada": Outcome.SENT}
    (message,) = mail.outbox
    html = message.alternatives[0].content
    assert message.to == ["ada@example.org"]
    assert message.subject == "2 articles wait for you · Tidewater Relief"
    first, second = (title(key) for key in ("wind", "tide"))
    for text, shown in ((message.body, str), (html, escape)):
        assert text.index(shown(first)) < text.index(shown(second))
        assert f"https://desk.example/editions/{tide.pk}/" in text
        for fact in ("Portugal", "Portuguese (Portugal)", "waits for review", "characters", "ago", "assigned to"):
            assert fact in text
        assert "Angola" not in text  # it waits for Portugal, not for a person of its own
    assert "<b>" not in html


def test_an_urdu_reader_gets_it_in_urdu_from_right_to_left(waits):
    """Subject, text and HTML; Portuguese titles keep their own direction."""
    person("uzma", "ur", portugal="chief")
    send()
    (message,) = mail.outbox
    html = message.alternatives[0].content
    for text in (message.subject, message.body, html):
        assert re.search("[\u0600-\u06ff]{3}", text)
        assert "wait" not in text.replace("Sectionwire", "")
    assert '<html lang="ur" dir="rtl">' in html
    assert 'lang="pt-PT" dir="ltr"' in html


def test_nobody_gets_it_twice_a_day_nor_before_six_in_the_morning_where_they_are(waits):
    """The day is that of the first of a person's sections, whatever the clock of the machine."""
    person("ada", portugal="editor")  # Lisbon: UTC in November
    early = NOON.replace(hour=5, minute=59)
    assert send(early) == {"ada": Outcome.EARLY}
    assert send(early + timedelta(minutes=1)) == {"ada": Outcome.SENT}
    assert send(NOON.replace(hour=23)) == {"ada": Outcome.ALREADY}
    assert send(NOON + timedelta(days=1)) == {"ada": Outcome.SENT}
    assert len(mail.outbox) == 2


def test_who_gets_none(waits):
    """Who has switched it off, has no address, only hands in, decides elsewhere, or is gone."""
    off, mute = person("off", portugal="editor"), person("mute", portugal="editor")
    digest.switch_off(off)
    User.objects.filter(pk=mute.pk).update(email="")
    person("sub", portugal="submitter")
    closed = person("closed", portugal="editor")
    User.objects.filter(pk=closed.pk).update(is_active=False)
    person("bob", brazil="editor")
    expected = {"off": Outcome.OFF, "mute": Outcome.NO_ADDRESS, "bob": Outcome.NOTHING}
    assert send() == expected
    assert mail.outbox == []
    assert not DigestSent.objects.exists()


def test_what_only_a_second_person_can_decide_is_not_in_the_first_ones(waits):
    """Whoever approved once has nothing to do there."""
    person("ada", portugal="editor")
    person("bea", portugal="editor")
    first = Edition.objects.filter(section="portugal")
    first.update(state="second", first_approved_by="ada")
    assert send() == {"ada": Outcome.NOTHING, "bea": Outcome.SENT}


def test_what_failed_is_told_to_those_of_the_section(desk, waits):
    """With the reason, in their language; a section's own failures alone."""
    decisions.approve(
        Edition.objects.get(section="portugal", article__key="tide").pk, by="ada", net=installation.network()
    )
    Delivery.objects.filter(edition__section="portugal").update(status="failed", reason="The disk is full.")
    Edition.objects.filter(article__key="wind").update(state="declined", candidate=None)
    person("ada", portugal="editor")
    person("bob", brazil="editor")
    assert send() == {"ada": Outcome.SENT, "bob": Outcome.NOTHING}
    assert mail.outbox[0].subject == "1 thing failed in your sections · Tidewater Relief"
    assert "site: The disk is full." in mail.outbox[0].body


class Moody(EmailBackend):
    """A mail server that answers as a test wants."""

    answers: ClassVar[list[Exception]] = []

    def send_messages(self, messages):
        """Fail as often as there are failures."""
        if self.answers:
            raise self.answers.pop(0)
        return super().send_messages(messages)


@pytest.mark.parametrize(
    ("fault", "first", "second"),
    [
        (SMTPDataError(451, b"try later"), Outcome.LATER, Outcome.SENT),
        (SMTPRecipientsRefused({"ada@example.org": (450, b"greylisted")}), Outcome.LATER, Outcome.SENT),
        (SMTPRecipientsRefused({"ada@example.org": (550, b"no such user")}), Outcome.FAILED, Outcome.ALREADY),
        (SMTPDataError(554, b"spam"), Outcome.FAILED, Outcome.ALREADY),
        # Whether the server took it nobody knows: once too few is better than twice.
        (SMTPServerDisconnected("gone"), Outcome.FAILED, Outcome.ALREADY),
        (TimeoutError("timed out"), Outcome.FAILED, Outcome.ALREADY),
    ],
)
def test_what_the_mail_server_refuses_for_now_is_sent_by_the_next_run(
    waits, settings, monkeypatch, fault, first, second
):
    """What it refuses for good, or may have taken, is not: and other people get theirs in any case."""
    settings.EMAIL_BACKEND = f"{__name__}.Moody"
    monkeypatch.setattr(Moody, "answers", [fault])
    person("ada", portugal="editor")
    person("bea", portugal="editor")
    assert send() == {"ada": first, "bea": Outcome.SENT}
    assert send() == {"ada": second, "bea": Outcome.ALREADY}
    sent = [message.to[0] for message in mail.outbox]
    assert sorted(sent) == sorted({*sent})


def test_a_mail_server_that_can_not_be_reached_costs_nobody_the_digest(waits, settings, monkeypatch):
    """Nothing is claimed before there is a connection."""
    settings.EMAIL_BACKEND = f"{__name__}.Moody"
    person("ada", portugal="editor")

    def refused(self):
        raise ConnectionRefusedError("connection refused")

    with monkeypatch.context() as patched:
        patched.setattr(Moody, "open", refused)
        assert send() == {"ada": Outcome.LATER}
        with pytest.raises(Transient, match=r"1 digest could not be sent: the mail server can't be reached"):
            command("--person", "ada")
    assert send() == {"ada": Outcome.SENT}


def test_old_rows_go(waits):
    """A month later nobody asks whether it was sent."""
    ada = person("ada", portugal="editor")
    DigestSent.objects.create(user=ada, day=(NOON - timedelta(days=40)).date(), at=NOON)
    send()
    assert [row.day for row in DigestSent.objects.all()] == [NOON.date()]


def headers() -> dict[str, str]:
    """Those of the e-mail that was sent last."""
    return mail.outbox[-1].extra_headers


def test_mail_programs_switch_it_off_with_one_click_and_people_signed_out(waits, settings):
    """The link of the header works without a session or a CSRF token; following it alone changes nothing."""
    settings.DESK_URL = "https://desk.example"
    ada = person("ada", "pt", portugal="editor")
    send()
    address = re.fullmatch(r"<https://desk\.example(/\S+)>", headers()["List-Unsubscribe"])[1]
    assert headers()["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert address in mail.outbox[0].body
    client = Client(enforce_csrf_checks=True)
    asked = client.get(address)
    assert (asked.status_code, b'lang="pt"' in asked.content) == (200, True)
    assert send(NOON + timedelta(days=1)) == {"ada": Outcome.SENT}
    done = client.post(address, {"List-Unsubscribe": "One-Click"})
    assert done.status_code == 200
    assert not Preference.objects.get(user=ada).digest
    assert Preference.objects.get(user=ada).language == "pt"
    assert send(NOON + timedelta(days=2)) == {"ada": Outcome.OFF}


@pytest.mark.parametrize("forged", ["1", "1:xyz", "nobody", "{pk}:{other}", "%00"])
def test_a_forged_link_switches_nothing_off(waits, forged):
    """The signature is of that person's account, and good for nothing else."""
    ada, bea = person("ada", portugal="editor"), person("bea", portugal="editor")
    token = forged.format(pk=ada.pk, other=digest.token(bea).split(":")[1])
    assert Client().post(f"/account/digest/{token}/").status_code == 404
    assert not Preference.objects.exists()


def test_it_is_switched_on_and_off_under_preferences(waits):
    """A tick like any other."""
    ada = person("ada", portugal="editor")
    client = Client()
    client.force_login(ada)
    assert 'name="digest"' in client.get("/account/").content.decode()
    client.post("/account/", {"language": ""})
    assert send() == {"ada": Outcome.OFF}
    client.post("/account/", {"language": "", "digest": "on"})
    assert send() == {"ada": Outcome.SENT}


def command(*arguments: str) -> str:
    """Run ``sectionwire digest``; gives what it prints."""
    out = io.StringIO()
    call_command("digest", *arguments, stdout=out, stderr=out)
    return out.getvalue()


def test_the_command_shows_or_sends(waits):
    """A dry run sends nothing and claims nothing; a person named gets it whatever the hour, but once."""
    assert command("--dry-run") == "Nobody decides for any section: nothing to send.\n"
    person("ada", portugal="editor")
    person("bob", brazil="editor")
    shown = command("--dry-run")
    assert "To: ada@example.org" in shown
    assert title("wind") in shown
    assert "bob: nothing waits" in shown
    assert mail.outbox == []
    records = [json.loads(line) for line in command("--dry-run", "--json").splitlines()]
    assert [(record["name"], record["total"]) for record in records] == [("ada", 2), ("bob", 0)]
    assert json.loads(command("--person", "ada", "--json"))["outcome"] == "sent"
    assert command("--person", "ada") == "ada: sent already today\n"
    with pytest.raises(Permanent, match="no account “eve”"):
        command("--person", "eve")


def test_its_queries_do_not_grow_with_what_waits(desk, waits, django_assert_max_num_queries):
    """A digest is composed with as many queries for ten articles as for two."""
    ada = person("ada", portugal="editor")
    net = installation.network()
    for number in range(8):
        desk.submit(f"<p>The water rose by {number} metres.</p>", key=f"more-{number}", title=f"Report {number}")
    desk.work(publishing=False)
    Finding.objects.all().delete()
    with django_assert_max_num_queries(12):
        assert digest.compose(ada, net).total == 10
