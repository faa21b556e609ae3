"""An urgent correction: what is published is corrected at once, and reviewed afterwards."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone

from pipeline.errors import Permanent
from pipeline.flow import decisions, editing, installation, people, status, undo, urgent, waiting
from pipeline.ledger import invariants
from pipeline.ledger.models import (
    ApprovedUnit,
    Article,
    Correction,
    Delivery,
    Edition,
    Event,
    Finding,
    Membership,
    Scope,
)
from pipeline.ledger.models.editions import seen_digest
from tests.integration.test_second_eyes import rule


@pytest.fixture
def allowed(desk, settings) -> None:
    """Portugal allows it."""
    rule(settings, "portugal", "urgent = true")


@pytest.fixture
def live(desk, allowed) -> Edition:
    """Portugal's edition is published, and Angola's with it."""
    desk.submit("<p>The water rose by 4 metres.</p>")
    desk.work()
    decisions.approve(desk.edition("portugal").pk, by="ana", net=installation.network())
    desk.work()
    return now()


def now(section: str = "portugal") -> Edition:
    """As it stands in the ledger."""
    return Edition.objects.select_related("candidate", "approved", "translation__version").get(section=section)


def edit(edition: Edition, text: str, scope: Scope = Scope.BASE, key: str = "b1") -> None:
    """Bea corrects a segment."""
    shown = editing.working(now(edition.section))
    seen = (shown.base if scope == Scope.BASE else shown.shown)[key]
    saved = editing.save(edition.pk, scope, key, text, seen=seen, by="bea", net=installation.network())
    assert isinstance(saved, editing.Saved)
    Finding.objects.update(state="dismissed")


def publish(edition: Edition, *, by: str = "bea", note: str = "It was 3 metres.", digest: str = "") -> Edition:
    """Ahead of the review."""
    here = now(edition.section)
    seen = digest or (seen_digest(here.candidate, here.overlay) if here.candidate else "")
    return urgent.publish(edition.pk, by=by, net=installation.network(), digest=seen, note=note)


def test_readers_have_the_correction_at_once_and_it_waits_to_be_confirmed(live, desk):
    """The edition stays in the queue, labelled; followers and the memory wait for the confirmation."""
    units = ApprovedUnit.objects.count()
    edit(live, "A água subiu 3 metros.")
    publish(live, note="It was\n3 metres.")
    desk.work()
    assert "A água subiu 3 metros." in desk.page("portugal")
    assert "A água subiu 3 metros." not in desk.page("angola")
    after = now()
    assert (after.state, after.approved, after.urgent_from) == ("in_review", after.candidate, live.approved)
    assert after.reason == "urgent correction by bea, not yet reviewed: It was 3 metres."
    told = Event.objects.filter(section="portugal", stage="review").last()
    assert (told.actor, told.message) == (
        "bea",
        "urgent correction, not yet reviewed: version 2 published: It was 3 metres.",
    )
    assert ApprovedUnit.objects.count() == units
    (label,) = Correction.objects.filter(edition=live)
    assert (label.version, label.note, label.by) == (after.approved, "It was 3 metres.", "bea")
    (cell, *_) = status.matrix(list(Article.objects.all()), installation.network())[0].cells
    assert (cell.place, cell.update) == (status.Place.PUBLISHED, after.reason)
    assert invariants.broken() == []


def test_a_confirmation_is_an_approval_and_followers_follow(live, desk):
    """From then on nothing tells it from any other text; the time on the page stays that of the correction."""
    edit(live, "A água subiu 3 metros.")
    publish(live)
    desk.work()
    corrected = now().updated_at
    decisions.approve(live.pk, by="ana", net=installation.network())
    desk.work()
    after = now()
    assert (after.state, after.urgent_from, after.decided_by, after.updated_at) == ("live", None, "ana", corrected)
    assert "A água subiu 3 metros." in desk.page("angola")
    assert invariants.broken() == []


def test_an_undo_publishes_again_what_was_there_before(live, desk):
    """However long it was out; the correction itself is kept, and waits for a review."""
    before = desk.page("portugal")
    edit(live, "A água subiu 3 metros.")
    publish(live)
    desk.work()
    undo.undo(live.pk, by="ana", net=installation.network())
    desk.work()
    after = now()
    assert (after.approved, after.urgent_from, after.state) == (live.approved, None, "in_review")
    assert after.candidate.targets["b1"] == "A água subiu 3 metros."
    assert "A água subiu 3 metros." not in desk.page("portugal")
    assert live.approved.targets["b1"] in before
    assert live.approved.targets["b1"] in desk.page("portugal")
    assert decisions.approve(live.pk, by="ana", net=installation.network()).state == "approved"
    assert invariants.broken() == []


def test_the_sections_own_wording_can_be_corrected_so_and_put_back(live, desk):
    """No new version: what changes lies on top of it."""
    edit(live, "A água subiu só 3 metros.", Scope.EDITION)
    assert (now().state, now().candidate) == ("in_review", live.approved)
    publish(live)
    desk.work()
    assert "só 3 metros" in desk.page("portugal")
    undo.undo(live.pk, by="bea", net=installation.network())
    desk.work()
    assert "só 3 metros" not in desk.page("portugal")
    assert now().overlay != []


def test_an_update_of_the_source_can_go_out_so(live, desk):
    """A corrected original is translated, and waits; an editor need not."""
    desk.submit("<p>The water rose by 3 metres.</p>")
    desk.work()
    Finding.objects.update(state="dismissed")
    old = now().approved.revision_id
    publish(live)
    desk.work()
    assert now().approved.revision_id != old
    assert now("angola").approved.revision_id == old


def test_two_corrections_go_back_to_what_was_reviewed_last(live, desk):
    """The second one is no review of the first."""
    edit(live, "A água subiu 3 metros.")
    publish(live)
    edit(live, "A água subiu 2 metros.")
    publish(live, by="cleo")
    assert now().urgent_from == live.approved
    undo.undo(live.pk, by="ana", net=installation.network())
    assert now().approved == live.approved


def test_with_a_second_pair_of_eyes_it_is_the_first_of_two_approvals(live, settings):
    """Somebody else confirms."""
    rule(settings, "portugal", "second_eyes = true")
    edit(live, "A água subiu 3 metros.")
    assert publish(live).state == "second"
    with pytest.raises(Permanent, match="a second person must"):
        decisions.approve(live.pk, by="bea", net=installation.network())
    decisions.approve(live.pk, by="ana", net=installation.network())
    assert (now().state, now().urgent_from) == ("approved", None)


def test_what_can_not_go_out_so(live, desk, settings):
    """Each for its reason, and nothing is sent."""
    with pytest.raises(Permanent, match="no correction that waits"):
        publish(live)
    edit(live, "A água subiu 3 metros.")
    wanted = Delivery.objects.get(edition=live).wanted_seq
    with pytest.raises(Permanent, match="needs a note"):
        publish(live, note="  ")
    with pytest.raises(Permanent, match="has changed since you saw it"):
        publish(live, digest="0" * 64)
    blocks = Finding.objects.create(version=now().candidate, check_id="links", severity="block", message="lost")
    with pytest.raises(Permanent, match="has a finding that blocks"):
        publish(live)
    blocks.delete()
    decisions.send_back(live.pk, by="ana", note="Wrong place.")
    with pytest.raises(Permanent, match="no correction that waits"):
        publish(live)
    undo.undo(live.pk, by="ana", net=installation.network())
    text = settings.NETWORK_FILE.read_text(encoding="utf-8")
    settings.NETWORK_FILE.write_text(text.replace("urgent = true\n", ""), encoding="utf-8")
    with pytest.raises(Permanent, match="publishes nothing ahead of its review"):
        publish(live)
    assert Delivery.objects.get(edition=live).wanted_seq == wanted
    settings.NETWORK_FILE.write_text(text, encoding="utf-8")
    publish(live)
    with pytest.raises(Permanent, match="published like this already"):
        publish(live)


def test_what_was_never_approved_or_is_not_out_yet_is_reviewed_first(desk, allowed):
    """An embargo is no correction's to break."""
    desk.submit("<p>The water rose.</p>")
    desk.work()
    first = now()
    with pytest.raises(Permanent, match="not published yet"):
        publish(first)
    later = timezone.now() + timedelta(hours=4)
    decisions.approve(first.pk, by="ana", net=installation.network(), release_at=later)
    desk.work()
    edit(first, "A água desceu.")
    with pytest.raises(Permanent, match="not published yet"):
        publish(first)


def test_the_editor_offers_it_where_it_is_allowed_and_my_desk_shows_it_first(live, desk):
    """With one note for both ways; and what was done can be taken back from the page and from the list."""
    user = User.objects.create_user("bea")
    Membership.objects.create(user=user, section="portugal", role="editor")
    client = Client()
    client.force_login(user)
    address = f"/editions/{live.pk}/"
    assert "Publish the correction now" not in client.get(address).content.decode()
    desk.submit("<p>The wind rose.</p>", key="wind", title="Wind report", name="wind.html")
    desk.work()
    first = Edition.objects.get(section="portugal", article__key="tide")
    edit_of(first, "A água subiu 3 metros.")
    assert "Publish the correction now" in client.get(address).content.decode()
    tide = Edition.objects.get(pk=first.pk)
    given = {"digest": seen_digest(tide.candidate, tide.overlay), "why": "It was 3 metres."}
    told = client.post(f"{address}urgent/", given, follow=True).content.decode()
    assert "The correction is being published." in told
    assert "Take the urgent correction back" in told
    listed = list(waiting.find(people.rights(user), waiting.Filters()))
    assert [edition.article.key for edition in listed] == ["tide", "wind"]
    page = client.get("/desk/").content.decode()
    assert "published, not yet reviewed" in page
    undone = client.post("/desk/undo/", {"edition": first.pk, "next": address}, follow=True).content.decode()
    assert "Taken back" in undone
    assert Edition.objects.get(pk=first.pk).approved == live.approved


def test_a_correction_of_a_live_text_brings_the_decision_into_the_page(live):
    """Without it nothing waits; the save of a segment answers with the form that decides about it."""
    user = User.objects.create_user("bea")
    Membership.objects.create(user=user, section="portugal", role="editor")
    client = Client()
    client.force_login(user)
    assert "Nothing waits for a decision." in client.get(f"/editions/{live.pk}/").content.decode()
    seen = editing.working(now()).shown["b1"]
    given = {"text": "A água desceu.", "scope": "edition", "seen-edition": seen, "seen-base": seen}
    saved = client.post(f"/editions/{live.pk}/segments/b1/", given, headers={"HX-Request": "true"}).content.decode()
    assert 'id="decision" aria-labelledby="decide" hx-swap-oob="true"' in saved
    assert "Publish the correction now" in saved
    again = given | {"text": "A água subiu.", "seen-edition": "A água desceu."}
    saved = client.post(f"/editions/{live.pk}/segments/b1/", again, headers={"HX-Request": "true"}).content.decode()
    assert 'id="digest"' in saved
    assert 'id="decision"' not in saved  # a note that is being written stays


def edit_of(edition: Edition, text: str) -> None:
    """Bea corrects the first paragraph of one of several articles."""
    found = Edition.objects.select_related("candidate", "translation__version").get(pk=edition.pk)
    seen = editing.working(found).base["b1"]
    editing.save(edition.pk, Scope.BASE, "b1", text, seen=seen, by="bea", net=installation.network())
    Finding.objects.update(state="dismissed")
