"""A second pair of eyes: where the section asks for it, two people approve the same text."""

from __future__ import annotations

import io
from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.core.management import call_command
from django.test import Client
from django.utils import timezone

from pipeline.errors import Permanent
from pipeline.flow import decisions, editing, installation, people, publish, status, undo, waiting
from pipeline.ledger import invariants
from pipeline.ledger.models import ApprovedUnit, Article, Delivery, Edition, Event, Membership, Scope
from pipeline.ledger.models.editions import seen_digest
from pipeline.network import load


def rule(settings, section: str, line: str) -> None:
    """Add a line to a section of the network file."""
    text = settings.NETWORK_FILE.read_text(encoding="utf-8")
    key = f'key = "{section}"\n'
    settings.NETWORK_FILE.write_text(text.replace(key, key + line + "\n"), encoding="utf-8")


@pytest.fixture
def edition(desk, settings) -> Edition:
    """Portugal's edition of an article, which waits; Portugal wants two people."""
    rule(settings, "portugal", "second_eyes = true")
    desk.submit("<p>The water rose.</p>")
    desk.work()
    return desk.edition("portugal")


def approve(edition: Edition, by: str, **options) -> Edition:
    """Somebody approves what stands there now."""
    return decisions.approve(edition.pk, by=by, net=installation.network(), **options)


def now(section: str = "portugal") -> Edition:
    """As it stands in the ledger."""
    return Edition.objects.select_related("candidate", "approved").get(section=section)


def test_the_first_approval_publishes_nothing_the_second_does(edition, desk):
    """Nor do followers go out, nor does the memory learn, before two people have approved."""
    assert approve(edition, "ana").state == "second"
    assert (now().approved, now().reason) == (None, "approved by ana, waits for a second person")
    assert now("angola").state == "following"
    assert not Delivery.objects.filter(edition=edition).exists()
    assert not ApprovedUnit.objects.exists()
    assert approve(edition, "bea").state == "approved"
    assert (now().decided_by, now().first_approved_by) == ("bea", "ana")
    assert now("angola").state == "approved"
    assert ApprovedUnit.objects.exists()
    desk.work()
    assert now().state == "live"
    told = list(Event.objects.filter(section="portugal", stage="review").values_list("actor", "message"))
    assert told[:2] == [("ana", "version 1 approved once"), ("bea", "version 1 approved")]
    assert invariants.broken() == []


@pytest.mark.parametrize("name", ["ana", "ANA"])
def test_nobody_is_two_people(edition, name):
    """However they write their name."""
    approve(edition, "ana")
    with pytest.raises(Permanent, match="approved by ana already: a second person must"):
        approve(edition, name)
    assert now().approved is None


def test_another_text_wants_two_again(edition):
    """A correction of the base is a new version; one of the section's own segments changes what was seen."""
    approve(edition, "ana")
    net = installation.network()
    target = now().candidate.targets["b1"]
    editing.save(edition.pk, Scope.EDITION, "b1", f"{target} Já.", seen=target, by="bea", net=net)
    assert (now().state, now().reason) == ("in_review", "was changed after ana had approved it")
    assert approve(edition, "bea").state == "second"
    editing.save(edition.pk, Scope.BASE, "b1", f"{target} Ontem.", seen=target, by="ana", net=net)
    editing.keep_own(edition.pk, "b1", by="ana")
    assert now().state == "in_review"
    assert approve(edition, "ana").state == "second"
    assert approve(edition, "bea").state == "approved"


def test_what_was_seen_by_the_first_must_be_what_the_second_sees(edition):
    """Were anything else there, the approval would be a first one again, whoever's."""
    approve(edition, "ana")
    Edition.objects.filter(pk=edition.pk).update(
        overlay=[{"key": "b1", "source": "x", "base": "y", "target": "z", "by": "x", "at": ""}]
    )
    stale = seen_digest(now().candidate, [])
    with pytest.raises(Permanent, match="has changed since you saw it"):
        approve(edition, "bea", digest=stale)
    Edition.objects.filter(pk=edition.pk).update(overlay=[], first_approved_digest="0" * 64)
    assert approve(edition, "bea").state == "second"
    assert now().first_approved_by == "bea"


def test_it_goes_out_no_earlier_than_either_has_said(edition):
    """The first one's time holds, too."""
    later, sooner = timezone.now() + timedelta(hours=9), timezone.now() + timedelta(hours=1)
    approve(edition, "ana", release_at=later)
    assert now().release_at is None
    assert approve(edition, "bea", release_at=sooner).release_at == later


def test_the_first_approval_is_taken_back_and_so_is_the_second_alone(edition):
    """One decision at a time, the last one first."""
    net = installation.network()
    approve(edition, "ana")
    approve(edition, "bea")
    assert undo.undo(edition.pk, by="bea", net=net).state == "second"
    assert (now().first_approved_by, now().approved) == ("ana", None)
    assert now("angola").state == "following"
    assert undo.undo(edition.pk, by="ana", net=net).state == "in_review"
    assert approve(edition, "ana").state == "second"


def test_a_second_person_may_return_it(edition):
    """Then the first approval is gone with it."""
    approve(edition, "ana")
    decisions.send_back(edition.pk, by="bea", note="The names are wrong.")
    assert approve(edition, "bea").state == "second"


def test_a_follower_that_asks_for_two_has_one_in_its_leaders_approval(desk, settings):
    """A second person approves for the follower; a policy's approval is nobody's."""
    rule(settings, "angola", "second_eyes = true")
    desk.submit("<p>The water rose.</p>")
    desk.work()
    approve(desk.edition("portugal"), "ana")
    assert (now("angola").state, now("angola").first_approved_by) == ("second", "ana")
    with pytest.raises(Permanent, match="a second person must"):
        approve(now("angola"), "ana")
    assert approve(now("angola"), "rui").state == "approved"


def test_a_follower_of_a_section_that_asks_for_two_has_both(edition, settings):
    """Two people have read the very text."""
    rule(settings, "angola", "second_eyes = true")
    approve(edition, "ana")
    approve(edition, "bea")
    assert now("angola").state == "approved"


def test_what_a_policy_approves_counts_as_nobody(desk, settings):
    """A follower of a section that publishes by itself needs two people of its own."""
    text = settings.NETWORK_FILE.read_text(encoding="utf-8").replace('follows = "portugal"', 'follows = "brazil"')
    settings.NETWORK_FILE.write_text(text, encoding="utf-8")
    rule(settings, "angola", "second_eyes = true")
    desk.submit("<p>The water rose.</p>")
    desk.work()
    assert (now("brazil").state, now("angola").state) == ("live", "in_review")
    assert approve(now("angola"), "ana").state == "second"
    assert approve(now("angola"), "bea").state == "approved"


def test_a_section_that_nobody_reads_can_not_ask_for_two(home, settings):
    """The network file says what is contradictory, and in which line."""
    rule(settings, "brazil", "second_eyes = true")
    path = settings.NETWORK_FILE
    text = path.read_text(encoding="utf-8")
    at = text.index("second_eyes")
    policy = text.index("policy", at)
    path.write_text(text[:policy] + 'policy = "auto"\n' + text[text.index("\n", policy) + 1 :], encoding="utf-8")
    with pytest.raises(Permanent, match="asks for a second pair of eyes, but its policy is “auto”"):
        load(path)


def browser(name: str, role: str = "editor") -> Client:
    """An editor's browser."""
    user = User.objects.create_user(name)
    Membership.objects.create(user=user, section="portugal", role=role)
    client = Client()
    client.force_login(user)
    return client


def test_my_desk_says_who_approved_once_and_has_a_filter_for_it(edition):
    """The list, its counts, and what the person can take back."""
    ana, bea = browser("ana"), browser("bea")
    seen = {f"seen-{edition.pk}": seen_digest(now().candidate, []), "edition": edition.pk, "next": "/desk/"}
    told = ana.post("/desk/decide/", {"action": "approve", **seen}, follow=True).content.decode()
    assert "Approved once: a second person must approve it, too." in told
    assert "approved by ana, waits for a second person" in told
    assert 'name="edition" value="' in told.split('class="recent"')[1]
    listed = bea.get("/desk/?state=second").content.decode()
    assert "waits for a second person (1)" in listed
    assert f'id="tick-{edition.pk}"' in listed
    assert waiting.counts(people.rights(User.objects.get(username="bea"))) == {"second": 1}
    assert "1 of 1 done" in bea.post("/desk/decide/", {"action": "approve", **seen}, follow=True).content.decode()
    assert now().state == "approved"


def test_the_editor_says_who_must_approve_now(edition):
    """To the first person something else than to a second one."""
    ana, bea = browser("ana"), browser("bea")
    address = f"/editions/{edition.pk}/"
    assert "In this section two people approve" in ana.get(address).content.decode()
    given = {"do": "approve", "digest": seen_digest(now().candidate, [])}
    assert "Approved once" in ana.post(f"{address}verdict/", given, follow=True).content.decode()
    assert "You approved this; a second person must." in ana.get(address).content.decode()
    assert "<bdi>ana</bdi> approved this; a second person must." in bea.get(address).content.decode()
    assert "a second person must" in ana.post(f"{address}verdict/", given, follow=True).content.decode()
    assert "Approved." in bea.post(f"{address}verdict/", given, follow=True).content.decode()


def command(name: str, *arguments: str) -> str:
    """Run a command; gives what it prints."""
    out = io.StringIO()
    call_command(name, *arguments, stdout=out, stderr=out)
    return out.getvalue()


def test_an_operators_approval_is_that_of_one_person(edition):
    """The command says what it has led to, and status what is missing."""
    assert "Approved once, by ana; a second person must" in command("approve", "tide", "portugal", "--by", "ana")
    told = command("status", "tide", "--section", "portugal")
    assert "waiting for a second person" in told
    assert "approved by ana, waits for a second person" in told
    assert "approved by ana" in command("approve", "tide", "portugal", "--by", "bea")
    cells = status.matrix(list(Article.objects.all()), installation.network())[0].cells
    assert cells[0].place == status.Place.PUBLISHING


def test_an_update_of_what_is_published_waits_for_two_while_it_stays(edition, desk):
    """The page that readers have is the one that two people approved."""
    approve(edition, "ana")
    approve(edition, "bea")
    desk.work()
    before = desk.page("portugal")
    desk.submit("<p>The water fell.</p>")
    desk.work()
    approve(edition, "bea")
    while publish.run("site")[1]:
        pass
    assert desk.page("portugal") == before
    assert (now().state, now().decided_by, now().first_approved_by) == ("second", "bea", "bea")
    (cell, *_) = status.matrix(list(Article.objects.all()), installation.network())[0].cells
    assert cell.place == status.Place.PUBLISHED
    assert "a newer version is waiting for a second person" in cell.update
    undo.undo(edition.pk, by="bea", net=installation.network())
    assert (now().state, now().decided_by) == ("in_review", "bea")
    assert invariants.broken() == []
