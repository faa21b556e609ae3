"""New versions of what is out: updates, corrections with their notes, restored versions, overlays."""

from __future__ import annotations

import pytest

from pipeline.errors import Permanent
from pipeline.flow import corrections, decisions, editing, installation, restore
from pipeline.ledger import invariants
from pipeline.ledger.models import Article, Correction, Delivery, Edition, Finding, Scope, Version
from tests.integration.sending import settle


@pytest.fixture
def published(desk):
    """Published in all four sections."""
    desk.submit("<p>The water rose.</p><p>Nobody was hurt.</p>")
    desk.work(publishing=False)
    approve(desk)
    settle()
    return desk


def approve(desk, section: str = "portugal", **options) -> None:
    decisions.approve(desk.edition(section).pk, by="Ana", net=installation.network(), **options)


def label(note: str, **options) -> Correction:
    done = corrections.label(Article.objects.get(), note, by="Ana", **options)
    settle()
    return done


def update(desk) -> None:
    desk.submit("<p>The water rose by two metres.</p><p>Nobody was hurt.</p>")
    desk.work(publishing=False)
    settle()


def bring_back(desk, section: str, number: int, **options) -> Edition:
    done = restore.restore(desk.edition(section).pk, number, by="Ana", net=installation.network(), **options)
    settle()
    return done


def test_an_update_leaves_the_live_page_until_it_is_approved(published):
    """Unchanged segments are carried over, not asked again; only review sections wait."""
    asked = len(published.engines.asked)
    before = published.page("portugal")
    update(published)
    assert len(published.engines.asked) == asked + 1
    assert published.page("portugal") == before
    assert published.edition("portugal").state == "in_review"
    assert published.edition("brazil").approved.revision.number == 2
    approve(published)
    settle()
    assert published.page("portugal") != before
    assert published.edition("portugal").state == "live"


def test_a_labelled_revision_says_so_on_every_page_that_shows_it(published):
    """Portugal still shows the text before: its page says nothing of it yet."""
    update(published)
    label("The height of the flood was missing.")
    assert "height of the flood" in published.page("united-states")
    assert "height of the flood" in published.page("brazil")
    assert "height of the flood" not in published.page("portugal")
    approve(published)
    settle()
    assert "height of the flood" in published.page("portugal")
    assert "height of the flood" in published.page("angola")
    assert invariants.broken() == []


def test_an_editor_corrects_their_own_edition_with_a_note(published):
    """In the section's language, and in the place of the article's own note of the same revision."""
    update(published)
    label("The height of the flood was missing.")
    approve(published, correction="Faltava a altura da cheia.")
    settle()
    assert "Faltava a altura" in published.page("portugal")
    assert "height of the flood" not in published.page("portugal")
    assert "Faltava a altura" not in published.page("brazil")
    assert Correction.objects.get(edition__section="portugal").language == "pt-PT"


def test_what_is_live_can_be_labelled_afterwards(published):
    """The page is written again, once."""
    row = Delivery.objects.get(edition__section="brazil")
    label("Um erro.", edition_id=published.edition("brazil").pk)
    assert "Um erro." in published.page("brazil")
    assert "Um erro." not in published.page("portugal")
    row.refresh_from_db()
    assert row.wanted_seq == row.confirmed_seq


@pytest.mark.parametrize("note", ["", "  \n", "x" * 1_001])
def test_a_note_is_a_sentence_or_some(published, note):
    with pytest.raises(Permanent):
        label(note)


def test_an_earlier_version_comes_back_as_a_new_one(published):
    """For this section alone: with who restored it and which one it repeats; the shared text keeps its newest."""
    first = published.page("brazil")
    number = published.edition("brazil").approved.number
    update(published)
    newest = published.edition("brazil").translation.version
    bring_back(published, "brazil", number)
    edition = published.edition("brazil")
    assert edition.approved.restored.number == number
    assert (edition.approved.author, edition.decided_by) == ("Ana", "Ana")
    assert edition.approved.number > newest.number
    assert edition.translation.version == newest
    assert edition.approved.targets == edition.approved.restored.targets
    body = published.page("brazil").partition('<div class="body">')[2].partition("</div>")[0]
    assert body
    assert body in first
    assert invariants.broken() == []


def test_a_restored_version_forgets_later_corrections_and_numbers_go_on(published):
    """The old text has not what was corrected; the next version has the next number; what waits goes on waiting."""
    number = published.edition("portugal").approved.number
    update(published)
    label("The height of the flood was missing.")
    bring_back(published, "brazil", number)
    assert "height of the flood" not in published.page("brazil")
    published.submit("<p>The water rose by three metres.</p><p>Nobody was hurt.</p>")
    published.work(publishing=False)
    numbers = list(Version.objects.filter(translation__base="pt").order_by("id").values_list("number", flat=True))
    assert numbers == sorted(set(numbers))
    waiting = published.edition("portugal")
    bring_back(published, "portugal", 2)
    after = published.edition("portugal")
    assert (after.candidate, after.state) == (waiting.candidate, "in_review")
    assert after.approved.restored.number == 2


def test_a_machine_does_not_overwrite_what_a_person_restored(published):
    """A new translation of the same revision is proposed only, under the policy auto as well."""
    old = published.edition("brazil").approved
    machine = Version.objects.create(
        translation=old.translation,
        number=2,
        revision=old.revision,
        parent=old,
        origin="machine",
        author="another engine",
        digest="f" * 64,
        segments=[{**row, "target": row["target"].upper()} for row in old.segments],
        created_at=old.created_at,
    )
    decisions.settle(machine, installation.network())
    settle()
    assert published.edition("brazil").approved == machine
    bring_back(published, "brazil", old.number)
    third = Version.objects.create(
        translation=old.translation,
        number=4,
        revision=old.revision,
        parent=machine,
        origin="machine",
        author="a third engine",
        digest="e" * 64,
        segments=machine.segments,
        created_at=old.created_at,
    )
    decisions.settle(third, installation.network())
    edition = published.edition("brazil")
    assert edition.approved.restored == old
    assert (edition.candidate, edition.state) == (third, "in_review")


def test_restoring_refuses_what_makes_no_sense(published):
    """An unknown version, the present one, one that a finding blocks."""
    edition = published.edition("brazil")
    with pytest.raises(Permanent, match="has no version 9"):
        bring_back(published, "brazil", 9)
    with pytest.raises(Permanent, match="nothing to restore"):
        bring_back(published, "brazil", edition.approved.number)
    update(published)
    Finding.objects.create(version_id=edition.approved_id, check_id="links", severity="block", message="a link is lost")
    with pytest.raises(Permanent, match="a link is lost"):
        bring_back(published, "brazil", edition.approved.number)
    assert not Version.objects.exclude(restored=None).exists()
    bring_back(published, "brazil", edition.approved.number, dismiss="it is not")
    assert invariants.broken() == []


def test_an_overlay_lives_through_an_update_and_its_conflicts_are_told(published):
    """Segments that the section worded itself stay; where the source changed below one, a person looks first."""
    edition = published.edition("portugal")
    now = editing.working(edition)
    changed, kept = [segment.key for segment in now.document.segments if segment.kind == "text"]
    for key, text in ((changed, "As águas subiram."), (kept, "Ninguém se feriu.")):
        editing.save(edition.pk, Scope.EDITION, key, text, seen=now.shown[key], by="Ana", net=installation.network())
    update(published)
    with pytest.raises(Permanent, match="changed under the section's own wording"):
        approve(published)
    waiting = published.edition("portugal")
    assert "changed under" in waiting.reason or waiting.state == "in_review"
    conflicts = editing.working(waiting).applied.conflicts
    assert [each.own.target for each in conflicts] == ["As águas subiram."]
    editing.drop_own(waiting.pk, changed, by="Ana")
    approve(published)
    settle()
    page = published.page("portugal")
    assert "Ninguém se feriu." in page
    assert "As águas subiram." not in page
