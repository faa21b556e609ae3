"""Editing at the desk: the base, a section's own wording, two people at once."""

from __future__ import annotations

import pytest

from pipeline.errors import Permanent
from pipeline.flow import decisions, editing, installation, publish
from pipeline.flow.editing import Clash, Saved
from pipeline.ledger import invariants
from pipeline.ledger.models import Edition, Event, Scope, Version
from pipeline.ledger.models.editions import seen_digest

HTML = '<p>The <a href="https://example.org/boat">boat</a> left the harbour.</p><p>Nobody was hurt.</p>'


@pytest.fixture
def edition(desk) -> Edition:
    """Portugal's edition of a translated article: it waits for an editor."""
    desk.submit(HTML)
    desk.work()
    return desk.edition("portugal")


def save(
    edition: Edition, key: str, target: str, scope: Scope = Scope.BASE, *, by: str = "ada", seen: str | None = None
):
    """Save as somebody whose page is fresh."""
    now = editing.working(fresh(edition))
    standing = (now.base if scope == Scope.BASE else now.shown)[key]
    return editing.save(
        edition.pk, scope, key, target, seen=standing if seen is None else seen, by=by, net=installation.network()
    )


def fresh(edition: Edition) -> Edition:
    """As it stands in the ledger."""
    return Edition.objects.select_related("candidate__revision", "translation__version__revision").get(pk=edition.pk)


def approve(edition: Edition, by: str = "ada") -> Edition:
    """Approve what waits."""
    now = fresh(edition)
    digest = seen_digest(now.candidate, now.overlay)
    return decisions.approve(edition.pk, by=by, net=installation.network(), digest=digest)


def test_a_base_edit_is_a_new_version_by_a_person_and_every_section_has_it(desk, edition):
    first = fresh(edition).candidate
    assert isinstance(save(edition, "b2", "Ninguém se feriu."), Saved)
    version = fresh(edition).candidate
    assert (version.origin, version.author, version.parent_id) == ("person", "ada", first.pk)
    assert version.targets["b2"] == "Ninguém se feriu."
    assert {key: text for key, text in version.targets.items() if key != "b2"} == {
        key: text for key, text in first.targets.items() if key != "b2"
    }
    assert desk.edition("brazil").approved_id == version.pk
    assert invariants.broken() == []


def test_a_page_that_nobody_has_read_as_a_whole_stays_a_machine_translation(desk, edition):
    save(edition, "b2", "Ninguém se feriu.")
    publish.run("site")
    assert "Ninguém se feriu." in desk.page("brazil")
    assert '"machine"' in desk.page("brazil")


def test_an_edition_edit_changes_that_section_alone(desk, edition):
    before = desk.edition("brazil").approved_id
    save(edition, "b2", "Todos saíram ilesos.", Scope.EDITION)
    approve(edition)
    publish.run("site")
    assert "Todos saíram ilesos." in desk.page("portugal")
    assert desk.edition("brazil").approved_id == before
    assert "Todos saíram ilesos." not in desk.page("brazil")


def test_links_can_be_moved_and_never_lost(desk, edition):
    target = fresh(edition).candidate.targets["b1"]
    assert 'href="https://example.org/boat"' in target
    moved = 'Saiu do porto o <a href="https://example.org/boat">barco</a>.'
    assert isinstance(save(edition, "b1", moved), Saved)
    with pytest.raises(Permanent, match="does not keep the links"):
        save(edition, "b1", "Saiu do porto o barco.")
    with pytest.raises(Permanent, match="does not keep the links"):
        save(edition, "b1", moved.replace("example.org", "evil.example"))


@pytest.mark.parametrize("scope", list(Scope))
def test_a_stale_save_overwrites_nothing_and_gives_back_all_three_texts(desk, edition, scope):
    seen = fresh(edition).candidate.targets["b2"]
    save(edition, "b2", "Ninguém se feriu.", scope, by="ada")
    answer = save(edition, "b2", "Não houve feridos.", scope, by="bea", seen=seen)
    assert answer == Clash(seen, "Ninguém se feriu.", "Não houve feridos.")
    now = editing.working(fresh(edition))
    assert (now.base if scope == Scope.BASE else now.shown)["b2"] == "Ninguém se feriu."


def test_the_same_save_twice_is_one(desk, edition):
    seen = fresh(edition).candidate.targets["b2"]
    for _ in range(2):
        assert isinstance(save(edition, "b2", "Ninguém se feriu.", seen=seen), Saved)
    assert Version.objects.filter(origin="person").count() == 1


def test_what_was_not_on_the_screen_is_not_approved(desk, edition):
    """Neither a base nor an own wording that came in between."""
    shown = seen_digest(fresh(edition).candidate, fresh(edition).overlay)
    save(edition, "b2", "Todos saíram ilesos.", Scope.EDITION, by="bea")
    with pytest.raises(Permanent, match="has changed since you saw it"):
        decisions.approve(edition.pk, by="ada", net=installation.network(), digest=shown)


def test_a_base_that_changes_under_an_own_wording_asks_a_person(desk, edition):
    save(edition, "b2", "Todos saíram ilesos.", Scope.EDITION)
    save(edition, "b2", "Ninguém se feriu.")
    with pytest.raises(Permanent, match="changed under the section's own wording"):
        approve(edition)
    editing.keep_own(edition.pk, "b2", by="ada")
    approve(edition)
    publish.run("site")
    assert "Todos saíram ilesos." in desk.page("portugal")


def test_an_own_wording_can_be_given_up(desk, edition):
    save(edition, "b2", "Todos saíram ilesos.", Scope.EDITION)
    editing.drop_own(edition.pk, "b2", by="ada")
    assert fresh(edition).overlay == []
    save(edition, "b2", "Todos saíram ilesos.", Scope.EDITION)
    save(edition, "b2", fresh(edition).candidate.targets["b2"], Scope.EDITION)
    assert fresh(edition).overlay == []
    assert Event.objects.filter(actor="ada", stage="review").count() >= 3


def test_other_updates_of_the_base_flow_through_an_own_wording(desk, edition):
    save(edition, "title", "Maré alta", Scope.EDITION)
    save(edition, "b2", "Ninguém se feriu.")
    approve(edition)
    publish.run("site")
    page = desk.page("portugal")
    assert "Maré alta" in page
    assert "Ninguém se feriu." in page
    assert fresh(edition).slug == "mare-alta"


@pytest.mark.parametrize("text", ["", " \n ", "x" * 100_001])
def test_a_text_that_is_none_is_refused(desk, edition, text):
    with pytest.raises(Permanent, match=r"empty|characters"):
        save(edition, "b2", text)


def test_a_segment_that_is_gone_is_told_of(desk, edition):
    with pytest.raises(Permanent, match="not there any more"):
        editing.save(edition.pk, Scope.BASE, "b99", "x", seen="", by="ada", net=installation.network())


def test_a_section_shows_a_picture_of_its_own_once_it_is_approved(desk, edition):
    """And its alone; given up, the shared one stands there again."""
    editing.choose_image(edition.pk, "www.example.org/pier.jpg", " Um cais ", by="ada")
    approve(edition)
    publish.run("site")
    assert 'content="https://www.example.org/pier.jpg"' in desk.page("portugal")
    assert "pier.jpg" not in desk.page("brazil")
    editing.choose_image(edition.pk, "", "", by="ada")
    approve(edition)
    publish.run("site")
    assert "pier.jpg" not in desk.page("portugal")
    assert invariants.broken() == []


@pytest.mark.parametrize(
    ("address", "alt", "message"),
    [
        ("javascript:alert(1)", "Um cais", "is no address"),
        ("/etc/passwd", "Um cais", "is no address"),
        ("https://example.org/pier.jpg", " ", "no description"),
    ],
)
def test_what_is_no_picture_is_refused(edition, address, alt, message):
    with pytest.raises(Permanent, match=message):
        editing.choose_image(edition.pk, address, alt, by="ada")
    assert not fresh(edition).overlay
