"""Review: policies, people, and what they may not do."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from pipeline.errors import Permanent
from pipeline.flow import decisions, deliveries, editing, installation
from pipeline.ledger import invariants
from pipeline.ledger.models import Delivery, Edition, Event, Finding, MemoryUnit, Scope, Translation


@pytest.fixture
def reviewed(desk):
    """An article that waits for Portugal."""
    desk.submit()
    desk.work()
    return desk


def approve(edition: Edition, **options) -> Edition:
    return decisions.approve(edition.pk, by="Ana", net=installation.network(), **options)


def test_policies_decide_as_they_say(reviewed):
    """review waits, lead follows, auto is out."""
    states = dict(Edition.objects.values_list("section", "state"))
    assert states == {
        "portugal": "in_review",
        "brazil": "live",
        "angola": "following",
        "united-states": "live",
    }


def test_an_approval_brings_the_follower_along(reviewed):
    """Angola publishes what Portugal has approved, and the page says who did."""
    approve(reviewed.edition("portugal"))
    reviewed.work()
    assert reviewed.edition("angola").state == "live"
    assert "Ana" in reviewed.page("angola")
    assert invariants.broken() == []


def test_an_approval_of_something_else_than_was_seen_is_refused(reviewed):
    """The digest of the version that was on the screen decides."""
    edition = reviewed.edition("portugal")
    seen = edition.candidate.digest
    reviewed.submit("<p>The water fell.</p>")
    reviewed.work()
    with pytest.raises(Permanent, match="has changed since you saw it"):
        approve(edition, digest=seen)


def test_nothing_to_decide_is_told(reviewed):
    """Twice the same approval."""
    edition = reviewed.edition("portugal")
    approve(edition)
    with pytest.raises(Permanent, match="nothing that waits"):
        approve(edition)


def test_a_blocking_finding_must_be_dismissed_with_a_reason(reviewed):
    """Who, and why, is kept."""
    edition = reviewed.edition("portugal")
    Finding.objects.create(version=edition.candidate, check_id="links", severity="block", message="a link is lost")
    with pytest.raises(Permanent, match="a link is lost"):
        approve(edition)
    approve(edition, dismiss="the link was wrong anyway")
    finding = Finding.objects.get(check_id="links")
    assert (finding.state, finding.decided_by) == ("dismissed", "Ana")
    assert invariants.broken() == []


def test_a_returned_article_stays_unpublished_and_can_be_approved_later(reviewed):
    """With its note."""
    edition = reviewed.edition("portugal")
    decisions.send_back(edition.pk, by="Ana", note="The place names are wrong.")
    edition.refresh_from_db()
    assert edition.state == "returned"
    assert "place names" in edition.reason
    approve(edition)
    assert reviewed.edition("portugal").state == "approved"


def test_a_rejected_article_does_not_come_back_with_a_revision(reviewed):
    """Not for us is not for us."""
    edition = reviewed.edition("portugal")
    decisions.decline(edition.pk, by="Ana", reason="not for Portugal")
    reviewed.submit("<p>The water fell.</p>")
    reviewed.work()
    assert reviewed.edition("portugal").state == "declined"


@pytest.mark.parametrize(
    "decide",
    [lambda pk: decisions.send_back(pk, by="Ana", note=" "), lambda pk: decisions.decline(pk, by="Ana", reason="")],
)
def test_a_decision_against_an_article_needs_a_reason(reviewed, decide):
    """One sentence is enough."""
    with pytest.raises(Permanent, match="needs a reason"):
        decide(reviewed.edition("portugal").pk)


def test_what_is_published_is_not_rejected(reviewed):
    """It would have to be withdrawn."""
    with pytest.raises(Permanent, match="nothing that waits"):
        decisions.decline(reviewed.edition("brazil").pk, by="Ana", reason="no")


def test_an_embargo_is_kept_whatever_makes_a_delivery_due(desk):
    """Nothing goes out before its time."""
    desk.submit(embargo=timezone.now() + timedelta(hours=3))
    desk.work()
    delivery = Delivery.objects.get(edition__section="brazil")
    assert (delivery.status, delivery.confirmed_seq) == ("ready", 0)
    Delivery.objects.update(due_at=timezone.now() - timedelta(hours=1))
    desk.work()
    delivery.refresh_from_db()
    assert delivery.confirmed_seq == 0
    assert delivery.due_at > timezone.now() + timedelta(hours=2)
    Edition.objects.update(release_at=timezone.now() - timedelta(seconds=1))
    Delivery.objects.update(due_at=timezone.now() - timedelta(seconds=1))
    desk.work()
    assert Delivery.objects.get(edition__section="brazil").confirmed_seq > 0


def test_a_follower_goes_out_no_earlier_than_the_section_it_follows(reviewed):
    later = timezone.now() + timedelta(hours=3)
    decisions.approve(reviewed.edition("portugal").pk, by="Ana", net=installation.network(), release_at=later)
    angola = reviewed.edition("angola")
    assert (angola.state, angola.release_at) == ("approved", later)


def test_what_a_followers_own_editor_returned_stays_returned(reviewed):
    """The section that is followed approves for those that wait for it."""
    decisions.send_back(reviewed.edition("angola").pk, by="Rui", note="A name is wrong.")
    approve(reviewed.edition("portugal"))
    assert reviewed.edition("angola").state == "returned"


def test_what_was_undone_does_not_go_out_because_the_same_text_comes_again(reviewed):
    """Only a new version is decided about anew."""
    edition = reviewed.edition("portugal")
    decisions.send_back(edition.pk, by="Ana", note="A name is wrong.")
    Translation.objects.filter(base="pt").update(status="ready", due_at=timezone.now())
    reviewed.work()
    assert reviewed.edition("portugal").state == "returned"


def test_an_editors_save_during_a_translation_is_not_lost(desk):
    """The worker began from the version before: what it made is thrown away, and made again with theirs in it."""
    desk.submit("<p>The water rose.</p><p>Nobody was hurt.</p>")
    desk.work()
    Translation.objects.filter(base="pt").update(status="ready", due_at=timezone.now())
    asked = desk.engines.translate

    def slow(route, sentences):
        edition = desk.edition("portugal")
        seen = editing.working(Edition.objects.get(pk=edition.pk)).base["b2"]
        if seen != "Ninguém se feriu.":
            editing.save(
                edition.pk, Scope.BASE, "b2", "Ninguém se feriu.", seen=seen, by="Ana", net=installation.network()
            )
        yield from asked(route, sentences)

    desk.engines.translate = slow
    MemoryUnit.objects.all().delete()
    desk.work()
    desk.work()
    assert desk.edition("portugal").candidate.targets["b2"] == "Ninguém se feriu."


def test_a_title_that_is_approved_for_later_is_on_no_front_page_before(reviewed):
    approve(reviewed.edition("portugal"))
    reviewed.work()
    reviewed.submit("<p>The water rose again.</p>", title="Second title")
    reviewed.work()
    later = timezone.now() + timedelta(hours=3)
    decisions.approve(reviewed.edition("portugal").pk, by="Ana", net=installation.network(), release_at=later)
    reviewed.submit("<p>It rained.</p>", title="Rain", key="rain")
    reviewed.work()
    rain = Edition.objects.get(section="portugal", article__key="rain")
    decisions.approve(rain.pk, by="Ana", net=installation.network())
    reviewed.work()
    reviewed.work()
    front = (reviewed.home / "outputs" / "portugal" / "pt-pt" / "index.html").read_text(encoding="utf-8")
    assert "niaR" in front
    assert "dnoceS" not in front


def test_a_time_that_an_editor_chose_outlives_a_new_revision(reviewed):
    """Whatever comes in meanwhile, and whoever sends everything again: it goes out then, and not before."""
    later = timezone.now() + timedelta(hours=3)
    edition = reviewed.edition("portugal")
    decisions.approve(edition.pk, by="Ana", net=installation.network(), release_at=later)
    reviewed.submit("<p>The water rose again.</p>")
    reviewed.work()
    assert reviewed.edition("portugal").release_at == later
    deliveries.want([(reviewed.edition("portugal"), installation.network().section("portugal"))])
    reviewed.work()
    assert Delivery.objects.get(edition__section="portugal").confirmed_seq == 0
    approve(reviewed.edition("portugal"))  # the new one, at once
    reviewed.work()
    assert Delivery.objects.get(edition__section="portugal").confirmed_seq > 0


def test_a_later_embargo_holds_back_what_is_approved_and_not_out_yet(desk):
    """A revision may put the release off, though nobody has approved it yet."""
    desk.submit(embargo=timezone.now() + timedelta(hours=1))
    desk.work()
    later = timezone.now() + timedelta(hours=5)
    desk.submit("<p>The water rose again.</p>", embargo=later)
    desk.work()
    assert {edition.release_at for edition in Edition.objects.all()} == {later}


def test_the_live_page_stays_live_while_a_revision_waits(reviewed):
    """A candidate beside an approved version."""
    approve(reviewed.edition("portugal"))
    reviewed.work()
    before = reviewed.page("portugal")
    reviewed.submit("<p>The water fell.</p>")
    reviewed.work()
    edition = reviewed.edition("portugal")
    assert edition.state == "in_review"
    assert edition.approved is not None
    assert edition.candidate is not None
    assert reviewed.page("portugal").count("<h1") == before.count("<h1")
    assert edition.approved.digest in reviewed.page("portugal")


def test_every_decision_is_written_down(reviewed):
    """Who approved what."""
    approve(reviewed.edition("portugal"))
    assert Event.objects.filter(section="portugal", actor="Ana", stage="review").exists()
