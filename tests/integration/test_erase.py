"""Erasure: no table, no column and no page has it any more; what is killed in the middle is finished."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from django.apps import apps
from django.contrib.auth.models import User
from django.contrib.sessions.models import Session
from django.core.management import call_command
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from structlog.testing import capture_logs

from pipeline.errors import Permanent
from pipeline.flow import decisions, editing, erase, prepare, publish, submit, sweep, tokens, translate, undo
from pipeline.flow.erase import article as erasing_article
from pipeline.flow.erase import person as erasing_person
from pipeline.flow.erase import scrub
from pipeline.flow.installation import network
from pipeline.ledger import invariants
from pipeline.ledger.models import (
    Article,
    BatchRun,
    Delivery,
    Draft,
    Edition,
    Erasure,
    Event,
    Finding,
    Listed,
    Membership,
    MemoryUnit,
    Note,
    Proposal,
    Receipt,
    Scope,
    Source,
    SourceItem,
    Webhook,
    WebhookSend,
)
from tests.integration.sending import settle

SECRET = "zanzibarwhale"
"""A word that stands in every text of the article that is erased, and nowhere else."""

HTML = f"<p>The {SECRET} rose in <strong>18 rivers</strong>, they said.</p><p>Second {SECRET}: “nobody” was hurt.</p>"


def everything() -> Iterator[tuple[str, str]]:
    """Every value of every column of every table, as text."""
    for model in apps.get_models():
        names = [field.attname for field in model._meta.concrete_fields]
        for row in model._base_manager.values_list(*names):
            for name, value in zip(names, row, strict=True):
                text = json.dumps(value, ensure_ascii=False) if isinstance(value, list | dict) else str(value)
                yield f"{model.__name__}.{name}", text


def having(*words: str) -> set[str]:
    """The columns in which one of some words stands."""
    return {column for column, text in everything() if any(word.casefold() in text.casefold() for word in words)}


def files(desk: Any) -> list[str]:
    """The published files that have the secret, in their name or inside."""
    found = [path for path in (desk.home / "outputs").rglob("*") if path.is_file()]
    return [str(path) for path in found if SECRET in str(path) or SECRET in path.read_text(errors="replace")]


def the_article() -> Article:
    return Article.objects.get(uid=UID)


UID = submit.uid_of(source="submit", key=SECRET)


@pytest.fixture
def published(desk):
    """An article that has been through everything; beside it another one that shares a sentence."""
    ada = User.objects.create_user("ada")
    Membership.objects.create(user=ada, section="portugal", role="editor")
    url = f"https://old.example/{SECRET}"
    desk.submit(HTML, key=SECRET, title=f"A {SECRET} report", name=f"{SECRET}.html", canonical_url=url)
    desk.submit("<p>The harbour is open.</p>", key="other", title="Another", name="other.html")
    desk.work(publishing=False)
    edition = Edition.objects.get(article__uid=UID, section="portugal")
    text = editing.working(edition).base["b2"]
    editing.save(edition.pk, Scope.BASE, "b2", f"{text} É", seen=text, by="ada", net=network())
    own = editing.working(Edition.objects.get(pk=edition.pk)).shown["b1"]
    editing.save(edition.pk, Scope.EDITION, "b1", f"Nosso {own}", seen=own, by="ada", net=network())
    edition.refresh_from_db()
    Finding.objects.create(version=edition.candidate, check_id="numbers", severity="warn", message=SECRET)
    decisions.approve(edition.pk, by="ada", net=network(), correction=f"The {SECRET} was spelled otherwise.")
    settle(lists=True)
    Draft.objects.create(user=ada, edition=edition, segment="b1", seen=SECRET, text=SECRET, at=timezone.now())
    Note.objects.create(edition=edition, author="ada", text=f"Look at the {SECRET}.", at=timezone.now())
    source = Source.objects.create(key="wire")
    moments = dict.fromkeys(("dated_at", "seen_at", "checked_at"), timezone.now())
    SourceItem.objects.create(
        source=source, identity=url, key=SECRET, url=url, article=the_article(), entry={"title": SECRET}, **moments
    )
    hook = Webhook.objects.create(url="https://hook.example/", secret="x", created_at=timezone.now())
    WebhookSend.objects.create(
        webhook=hook, uid="m1", topic="edition.live", body=f'{{"article": "{UID}", "title": "{SECRET}"}}',
        created_at=timezone.now(), lane="webhooks",
    )  # fmt: skip
    BatchRun.objects.create(
        schedule="night", planned_at=timezone.now(), lane="batch", report={"lines": [f"A {SECRET} report: failed"]}
    )
    return desk


def erase_it(**more: Any) -> erase.Progress:
    return erase.erase_article(the_article(), by="oda", net=network(), **more)


def test_an_erased_article_stands_in_no_table_and_on_no_page(published):
    """Only its tombstone does: uid, events, receipts; nothing of other articles went."""
    assert files(published)
    assert len(having(SECRET)) > 15
    events, receipts = Event.objects.filter(article__uid=UID).count(), Receipt.objects.count()
    first = erase_it()
    assert not first.is_done
    assert any(wait.startswith("portugal pt-PT at site") for wait in first.waits)
    assert Article.objects.get(uid=UID).withdrawn
    settle(lists=True)
    done = erase_it()
    assert (done.is_done, done.rows["approved memory"] > 0, done.rows["machine memory"] > 0) == (True, True, True)
    assert having(SECRET) == set()
    assert files(published) == []
    assert invariants.broken() == []
    assert Event.objects.filter(article__uid=UID).count() > events
    assert Receipt.objects.count() > receipts
    other = Article.objects.get(key="other")
    assert other.editions.filter(approved__isnull=False).exists()
    assert MemoryUnit.objects.filter(source_text__contains="harbour").exists()
    assert erase_it().rows == {}  # the same again


def test_the_uid_of_an_erased_article_stays_reserved(published):
    """The same article is refused by its key and by its address, with a sentence that says what to do."""
    erase_it(without_outputs=True)
    address = {"canonical_url": f"https://old.example/{SECRET}"}
    for known in ({"key": SECRET}, {"key": "", **address}, {"key": "another", **address}):
        with pytest.raises(Permanent, match="erased for good"):
            published.submit("<p>New words.</p>", title="New", name="new.html", **known)
    assert having(SECRET) == set()
    published.submit("<p>New words.</p>", key="new", title="New", name="new.html")


def test_it_is_being_erased_until_outputs_have_confirmed_and_then_the_sweep_finishes_it(published):
    """A revision that comes in meanwhile is refused; what is already on its way is published nowhere."""
    erase_it()
    sweep.sweep()
    assert not erasing_article.is_erased(the_article())
    with pytest.raises(Permanent, match="erased for good"):
        published.submit("<p>More.</p>", key=SECRET, title="More", name="more.html")
    settle(lists=True)
    sweep.sweep()
    assert erasing_article.is_erased(the_article())
    assert having(SECRET) == set()
    pages = Client()
    pages.force_login(User.objects.create_user("oda", is_staff=True))
    for address in (reverse("board"), reverse("article", args=[UID]), reverse("deliveries")):
        assert pages.get(address).status_code == 200, address
    published.work()  # nothing of it wakes up again
    assert invariants.broken() == []


def test_without_outputs_nothing_is_waited_for(published):
    """What an output that is gone for good still has is out of our hands: lists forget it all the same.

    Also those of an output that stands in network.toml no more.
    """
    page = Listed.objects.filter(delivery__edition__article__uid=UID).first()
    assert SECRET in json.dumps(page.teaser)
    Delivery.objects.filter(pk=page.pk).update(output="given-up")
    done = erase_it(without_outputs=True)
    assert done.is_done
    assert having(SECRET) == set()
    assert invariants.broken() == []
    assert not Delivery.objects.filter(edition__article__uid=UID).exclude(status="done").exists()


def test_work_in_hand_can_not_bring_it_back(published, monkeypatch):
    """A worker that translates it while it is erased throws its result away."""
    published.submit(f"<p>New {SECRET} words.</p>", key=SECRET, title=f"A {SECRET} report", name="new.html")
    prepare.run()
    begun = []

    def erase_meanwhile(*arguments: Any) -> Iterator[Any]:
        begun.append(erase_it(without_outputs=True))
        yield from type(published.engines).translate(published.engines, *arguments)

    monkeypatch.setattr(published.engines, "translate", erase_meanwhile)
    translate.run("pt", published.engines)
    assert begun[0].is_done
    publish.run("site")
    assert having(SECRET) - {"MemoryUnit.source_text", "MemoryUnit.target_text"} == set()
    assert invariants.broken() == []


def test_killed_in_the_middle_of_an_article_it_is_finished_by_the_next_call(published, monkeypatch):
    """Either nothing of the second step has happened, or all of it."""
    with monkeypatch.context() as patch:
        patch.setattr(erasing_article, "_scrub", _killed)
        with pytest.raises(KeyboardInterrupt):
            erase_it(without_outputs=True)
    assert having(SECRET)
    assert Edition.objects.filter(article__uid=UID).exclude(approved=None).exists()
    sweep.sweep()
    assert having(SECRET) == set()


def _killed(*_: object) -> None:
    raise KeyboardInterrupt


NAME, MAIL = "wilhelmina", "wil@mail.example"


@pytest.fixture
def person(desk) -> User:
    """Somebody whose name stands wherever a name can stand; the second one is the installation's."""
    User.objects.create_superuser("root")
    user = User.objects.create_user(NAME, MAIL, "tidewater-pass-1", first_name="Wilhelmina", last_name="Jó")
    Membership.objects.create(user=user, section="portugal", role="chief")
    desk.submit("<p>The water rose.</p><p>Nobody was hurt.</p>")
    desk.work()
    edition = desk.edition("portugal")
    own = editing.working(edition).shown["b1"]
    editing.save(edition.pk, Scope.EDITION, "b1", f"{own}!", seen=own, by=NAME, net=network())
    decisions.send_back(edition.pk, by=NAME, note="The names are wrong.")
    undo.undo(edition.pk, by=NAME, net=network())
    text = editing.working(Edition.objects.get(pk=edition.pk)).base["b2"]
    editing.save(edition.pk, Scope.BASE, "b2", f"{text}?", seen=text, by=NAME, net=network())
    decisions.approve(edition.pk, by=NAME, net=network())
    settle()
    angola = desk.edition("brazil")
    Edition.objects.filter(pk=angola.pk).update(reason=f"withdrawn by {NAME}: ask Wilhelmina Jó, {MAIL}")
    Draft.objects.create(user=user, edition=edition, segment="b1", seen="x", text="Do not tell.", at=timezone.now())
    Note.objects.create(edition=edition, author=NAME, text="Do not tell.", at=timezone.now())
    Note.objects.create(edition=edition, author="ada", text=f"{NAME}, what of {NAME}s?", at=timezone.now())
    tokens.create("laptop", rights=["read"], sections=None, by=NAME, net=network())
    Proposal.objects.create(
        uid="p", user=user, way="paste", name="x", html="Do not tell.", format="html", metadata={}, at=timezone.now()
    )
    for model, column in scrub.name_columns():  # wherever there is a row at all
        if model is not Erasure and (row := model._default_manager.first()) is not None:
            model._default_manager.filter(pk=row.pk).update(**{column: NAME})
    client = Client()
    client.post(reverse("login"), {"username": NAME, "password": "wrong"})
    client.force_login(user)
    return user


def test_an_erased_person_stands_in_no_table_and_on_no_page(desk, person):
    """One tombstone stands for the name; what they did is still one person's doing."""
    assert NAME in desk.page("portugal")
    before = having(NAME, MAIL)
    assert len(before) > 15
    done = erase.erase_person(NAME, by="root")
    assert having(NAME, MAIL, "Jó", "Do not tell") - {"Note.text"} == set()
    assert [text for text in Note.objects.values_list("text", flat=True) if text] == [
        f"{done.tombstone}, what of {NAME}s?"
    ]
    assert done.tombstone.startswith("erased-")
    assert not Session.objects.exists()
    assert not Membership.objects.filter(user__username=NAME).exists()
    assert done.pages
    settle()
    assert NAME not in desk.page("portugal")
    assert done.tombstone in desk.page("portugal")
    assert desk.edition("portugal").decided_by == done.tombstone
    assert invariants.broken() == []
    again = erase.erase_person(NAME, by="root")
    assert (again.tombstone, again.rows) == ("", {})


def test_a_text_of_the_sections_own_stays_approved_after_its_author_is_erased(desk, person):
    """Digests of what an approver saw are made with the author's name: they follow."""
    edition = desk.edition("portugal")
    shown = editing.working(edition).shown["b1"]
    erase.erase_person(NAME, by="root")
    edition.refresh_from_db()
    assert editing.working(edition).shown["b1"] == shown
    assert edition.overlay == edition.approved_overlay
    assert edition.state == "live"


def test_killed_in_the_middle_of_a_person_it_goes_on_with_the_same_tombstone(desk, person, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr(erasing_person, "replace_everywhere", _killed)
        with pytest.raises(KeyboardInterrupt):
            erase.erase_person(NAME, by="root")
    (row,) = Erasure.objects.filter(kind="person")
    assert (row.finished_at, User.objects.filter(username=NAME).count()) == (None, 1)
    sweep.sweep()
    row.refresh_from_db()
    assert row.name == ""
    assert desk.edition("portugal").decided_by == row.subject
    assert having(NAME, MAIL) == {"Note.text"}


def test_what_can_not_be_finished_now_keeps_nobody_from_the_rest(desk, person, monkeypatch):
    """The sweep: it rings the lanes as well. Here they have become the last who runs the installation meanwhile."""
    with monkeypatch.context() as patch:
        patch.setattr(erasing_person, "replace_everywhere", _killed)
        with pytest.raises(KeyboardInterrupt):
            erase.erase_person(NAME, by="root")
    User.objects.filter(username=NAME).update(is_superuser=True)
    User.objects.filter(username="root").update(is_active=False)
    Delivery.objects.update(status="ready", due_at=timezone.now())
    with capture_logs() as lines:
        assert sweep.sweep().lanes
    (line,) = [line for line in lines if line["event"] == "an erasure could not be finished"]
    assert NAME not in str(line)
    User.objects.filter(username="root").update(is_active=True)
    sweep.sweep()
    assert not Erasure.objects.filter(finished_at=None).exists()


def test_who_is_nobody_or_the_last_of_all_operators_is_not_erased(db):
    User.objects.create_superuser("root")
    for name, message in (("root", "the last who runs"), ("policy auto", "nobody's name"), (" ", "nobody's name")):
        with pytest.raises(Permanent, match=message):
            erase.erase_person(name, by="oda")
    assert erase.erase_person("nobody-here", by="root").rows == {}
    assert not Erasure.objects.exists()


def test_the_command_shows_first_and_does_it_only_with_yes(published, capsys):
    before = {column for column, _ in everything()}, Event.objects.count(), having(SECRET)
    call_command("erase", "article", SECRET)
    told = capsys.readouterr()
    assert "versions would go" in told.out
    assert "--yes" in told.err
    assert ({column for column, _ in everything()}, Event.objects.count(), having(SECRET)) == before
    call_command("erase", "article", SECRET, "--yes", "--by", "oda")
    assert "is being erased" in capsys.readouterr().out
    settle(lists=True)
    call_command("erase", "article", UID, "--yes", "--by", "oda", "--json")
    assert json.loads(capsys.readouterr().out)["state"] == "erased"
    call_command("erase", "article", UID, "--yes", "--by", "oda")
    assert "erased already" in capsys.readouterr().out
    call_command("erase", "person", "ada")
    assert "would go" in capsys.readouterr().out
    assert User.objects.filter(username="ada").exists()
    call_command("erase", "person", "ada", "--yes", "--by", "oda")
    assert "erased-" in capsys.readouterr().out
    assert not User.objects.filter(username="ada").exists()
    call_command("erase", "person", "ada", "--yes", "--by", "oda")
    assert "Nothing in the ledger" in capsys.readouterr().out


def test_every_column_for_a_persons_name_is_known_by_its_length():
    """A new one that has another length would be forgotten: names of columns tell on it."""
    known = {(model, name) for model, name in scrub.name_columns()}
    for model in scrub.ledger_models():
        for field in model._meta.concrete_fields:
            if field.name in {"author", "actor", "approver", "by"} or field.name.endswith("_by"):
                prose = {(found, each.name) for found, each in scrub.prose_columns()}
                assert {(model, field.name)} & (known | prose), f"{model.__name__}.{field.name}"
