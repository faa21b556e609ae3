"""Withdrawal: what readers, sibling pages, lists and the ledger say after an article is taken back."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from pipeline.errors import Permanent
from pipeline.flow import decisions, deliveries, installation, publish, slugs, status, sweep, withdraw
from pipeline.ledger import claim as claims
from pipeline.ledger import invariants
from pipeline.ledger.models import Article, Delivery, Edition, Event, Translation
from pipeline.ledger.models.deliveries import SHOWN
from tests.integration.sending import settle


@pytest.fixture
def published(desk):
    """An article that Brazil and the United States have published, and that waits for Portugal."""
    desk.submit()
    desk.work(publishing=False)
    settle()
    return desk


def article() -> Article:
    return Article.objects.get()


def take_back(section: str = "", reason: str = "The figures were wrong.") -> withdraw.Withdrawn:
    done = withdraw.withdraw(article(), by="Ana", reason=reason, net=installation.network(), section=section)
    settle()
    return done


def bring_back(section: str = "") -> withdraw.Withdrawn:
    done = withdraw.reinstate(article(), by="Ana", net=installation.network(), section=section)
    settle()
    return done


def remove_instead(settings) -> None:
    text = settings.NETWORK_FILE.read_text().replace('key = "brazil"', 'key = "brazil"\nwithdrawn = "remove"')
    settings.NETWORK_FILE.write_text(text)


def front(desk, section: str, tag: str) -> str:
    return (desk.home / "outputs" / section / tag / "index.html").read_text()


def test_a_withdrawn_article_leaves_a_notice_and_no_trace_elsewhere(published):
    """Its text is gone from its pages and from front pages; each output has a receipt for it."""
    path = published.edition("brazil").path
    settle(lists=True)
    assert published.edition("brazil").slug in front(published, "brazil", "pt-br")
    take_back()
    settle(lists=True)
    for section, tag in (("brazil", "pt-br"), ("united-states", "en-us")):
        page = published.page(section)
        assert "noindex" in page
        assert "Tide report" not in page
        assert 'rel="alternate" hreflang' not in page
        assert published.edition(section).slug not in front(published, section, tag)
    assert published.edition("brazil").path == path
    for row in Delivery.objects.all():
        assert (row.status, row.confirmed_action, row.confirmed_seq) == ("done", "notice", row.wanted_seq)
        assert row.receipts.filter(sequence=row.wanted_seq, outcome="confirmed").exists()
    assert set(Edition.objects.values_list("state", flat=True)) == {"withdrawn"}
    assert invariants.broken() == []


def test_a_section_can_have_its_page_removed_instead(published, settings):
    """Nothing is left in Brazil's folder; the other section has its notice."""
    remove_instead(settings)
    page = published.home / "outputs" / "brazil" / published.edition("brazil").path / "index.html"
    assert page.exists()
    take_back()
    assert not page.exists()
    assert "noindex" in published.page("united-states")


def test_one_sections_withdrawal_is_not_the_others(published):
    """The sibling no longer names it as an alternate."""
    assert 'hreflang="pt-BR"' in published.page("united-states")
    take_back("brazil")
    assert published.edition("united-states").state == "live"
    assert "Tide report" in published.page("united-states")
    assert 'hreflang="pt-BR"' not in published.page("united-states")
    assert published.edition("portugal").state == "in_review"
    assert not article().withdrawn


def test_the_status_says_how_long_it_took(published):
    """From the decision to the last confirmation, and what is missing until then."""
    withdraw.withdraw(article(), by="Ana", reason="wrong", net=installation.network(), section="brazil")

    def cell():
        row = status.matrix([article()], installation.network())[0]
        return next(cell for cell in row.cells if cell.section == "brazil")

    assert cell().place == status.Place.WITHDRAWN
    assert "1 output has not confirmed it yet" in cell().why
    assert not cell().settled
    settle()
    decided = timezone.now() - timedelta(seconds=90)
    Edition.objects.filter(section="brazil").update(withdrawn_at=decided)
    assert "withdrawn by Ana: wrong" in cell().why
    assert "confirmed everywhere after 1 min" in cell().why
    assert cell().settled


def test_a_reinstated_article_is_published_as_it_was(published):
    """With its text, its address, its alternates and its teaser."""
    before = published.page("brazil")
    path = published.edition("brazil").path
    take_back()
    bring_back()
    assert published.edition("brazil").path == path
    assert published.page("brazil") == before
    assert 'hreflang="pt-BR"' in published.page("united-states")
    assert published.edition("brazil").state == "live"
    assert published.edition("portugal").state == "in_review"
    settle(lists=True)
    assert published.edition("brazil").slug in front(published, "brazil", "pt-br")
    assert invariants.broken() == []


def test_a_new_revision_does_not_bring_a_withdrawn_article_back(published):
    """It is translated and kept; only a person reinstates, and then an editor decides about it."""
    take_back()
    published.submit("<p>The water fell at last.</p>")
    published.work(publishing=False)
    settle()
    assert "noindex" in published.page("brazil")
    assert published.edition("brazil").state == "withdrawn"
    bring_back()
    brazil = published.edition("brazil")
    assert brazil.state == "in_review"  # policy auto notwithstanding
    assert "rose" in published.page("united-states")
    assert brazil.candidate.revision.number == 2
    decisions.approve(brazil.pk, by="Ana", net=installation.network())
    settle()
    assert published.edition("brazil").state == "live"


def test_an_article_withdrawn_before_its_translation_came_stays_unpublished(desk):
    """Also for sections whose edition comes into being later."""
    desk.submit()
    withdraw.withdraw(article(), by="Ana", reason="wrong", net=installation.network())
    desk.work()
    assert not Delivery.objects.filter(SHOWN).exists()
    assert set(Edition.objects.values_list("state", flat=True)) == {"withdrawn"}
    bring_back()
    assert set(Edition.objects.values_list("state", flat=True)) == {"in_review"}
    assert not Delivery.objects.exists()


def test_a_withdrawal_during_a_send_wins(published):
    """The send of the update ends after the decision: the row is sent again, and the notice stands."""
    brazil = published.edition("brazil")
    net = installation.network()
    deliveries.want([(brazil, net.section("brazil"))])
    claim = claims.take(Delivery, "publish.site", 20, 45)
    rows = list(claim.rows())
    withdraw.withdraw(article(), by="Ana", reason="wrong", net=net)
    publish._send_pages(claim, rows)
    settle()
    assert "noindex" in published.page("brazil")
    row = Delivery.objects.get(edition=brazil)
    assert (row.status, row.confirmed_action, row.confirmed_seq) == ("done", "notice", row.wanted_seq)


def test_a_withdrawal_reaches_a_page_that_waits_for_its_embargo(desk):
    """It is not put off until then; nothing was published, so nothing is left."""
    desk.submit(embargo=timezone.now() + timedelta(hours=3))
    desk.work()
    Delivery.objects.update(due_at=timezone.now() - timedelta(seconds=1))
    claim = claims.take(Delivery, "publish.site", 20, 45)
    rows = list(claim.rows())
    withdraw.withdraw(article(), by="Ana", reason="wrong", net=installation.network())
    publish._send_pages(claim, rows)  # finds the embargo, and the withdrawal that came meanwhile
    settle()
    assert set(Delivery.objects.values_list("status", flat=True)) == {"done"}
    assert not Delivery.objects.filter(SHOWN).exists()
    pages = (desk.home / "outputs").glob("*/*/*/*/index.html")
    assert all("noindex" in page.read_text() for page in pages)


def test_what_was_never_sent_leaves_nothing(desk):
    """An address that nobody knows needs no notice."""
    desk.submit(embargo=timezone.now() + timedelta(hours=3))
    desk.work()
    take_back()
    assert set(Delivery.objects.values_list("status", "action")) == {("done", "remove")}
    assert not list((desk.home / "outputs").glob("*/*/*/*/index.html"))


def test_the_same_withdrawal_again_changes_nothing(published):
    """Neither the rows, nor the story."""
    take_back()
    before = list(Delivery.objects.order_by("id").values()), Event.objects.count()
    assert take_back().editions == ()
    assert (list(Delivery.objects.order_by("id").values()), Event.objects.count()) == before


def test_a_withdrawn_edition_is_not_approved_nor_sent_again(published):
    """Not by a decision, not by “publish --again”, not by a changed slug."""
    from pipeline.management import sending

    take_back()
    with pytest.raises(Permanent, match="Reinstate it first"):
        decisions.approve(published.edition("portugal").pk, by="Ana", net=installation.network())
    sending.wake(None, None, again=True)
    slugs.change(published.edition("brazil").pk, "outro-nome", by="Ana", net=installation.network())
    settle()
    assert not Delivery.objects.filter(SHOWN).exists()
    assert "noindex" in published.page("brazil")


def test_withdrawals_want_a_reason_and_something_to_withdraw(published):
    """One sentence each says what is missing."""
    with pytest.raises(Permanent, match="needs a reason"):
        take_back(reason="  ")
    with pytest.raises(Permanent, match="no edition of"):
        take_back("spain")
    with pytest.raises(Permanent, match="is not withdrawn"):
        bring_back()


def test_what_stands_elsewhere_is_named(published):
    """A page from before Sectionwire can't be taken down from here."""
    Edition.objects.filter(section="brazil").update(existing_url="https://old.example/maré")
    assert take_back().elsewhere == ("https://old.example/maré",)


def test_a_translation_that_comes_again_does_not_wake_a_withdrawn_edition(published):
    """Run twice, message twice: the same end."""
    take_back()
    Translation.objects.update(status="ready", due_at=timezone.now())
    published.work(publishing=False)
    settle()
    assert set(Edition.objects.values_list("state", flat=True)) == {"withdrawn"}
    assert not Delivery.objects.filter(SHOWN).exists()


def test_a_worker_killed_between_sending_and_recording_changes_nothing(published, monkeypatch):
    """The lease runs out, another worker sends the same notice again, and confirms it."""
    withdraw.withdraw(article(), by="Ana", reason="wrong", net=installation.network())
    claim = claims.take(Delivery, "publish.site", 20, 45)
    monkeypatch.setattr(publish, "_record", lambda *_: None)  # it dies here
    publish._send_pages(claim, list(claim.rows()))
    monkeypatch.undo()
    assert "noindex" in published.page("brazil")
    Delivery.objects.filter(status="running").update(lease_until=timezone.now() - timedelta(minutes=1))
    sweep.sweep()
    settle()
    for row in Delivery.objects.all():
        assert (row.status, row.confirmed_action, row.confirmed_seq) == ("done", "notice", row.wanted_seq)
    assert invariants.broken() == []
