"""Release: embargoes, a section's local hour, barriers, pauses; and what keeps each of them from being overtaken."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
import time_machine
from django.utils import timezone

from pipeline.errors import Permanent
from pipeline.flow import decisions, installation, release, status, sweep, undo
from pipeline.ledger import invariants
from pipeline.ledger.models import Article, Barrier, Delivery, Edition, Event
from pipeline.ledger.models.deliveries import SHOWN
from pipeline.network import parse
from tests.integration.sending import settle


def work(desk) -> None:
    desk.work(publishing=False)
    settle()


def approve(desk, section: str, **options) -> Edition:
    return decisions.approve(desk.edition(section).pk, by="Ana", net=installation.network(), **options)


def shown() -> set[str]:
    return set(Delivery.objects.filter(SHOWN).values_list("edition__section", flat=True))


def add(settings, text: str, after: str = "") -> None:
    """Add lines to the network file: at its end, or after a line."""
    present = settings.NETWORK_FILE.read_text()
    settings.NETWORK_FILE.write_text(present.replace(after, f"{after}\n{text}", 1) if after else f"{present}\n{text}\n")


def cell(section: str) -> status.Cell:
    (row,) = status.matrix([Article.objects.order_by("id").first()], installation.network())
    return next(cell for cell in row.cells if cell.section == section)


@pytest.mark.parametrize(
    ("zone", "now", "at", "expected"),
    [
        ("Europe/Lisbon", "2026-11-22T06:59:59+00:00", "07:00", "2026-11-22T07:00:00+00:00"),
        ("Europe/Lisbon", "2026-11-22T07:00:00+00:00", "07:00", "2026-11-22T07:00:00+00:00"),
        ("Europe/Lisbon", "2026-11-22T07:00:01+00:00", "07:00", "2026-11-23T07:00:00+00:00"),
        ("Asia/Karachi", "2026-11-22T20:00:00+00:00", "07:00", "2026-11-23T02:00:00+00:00"),
        # Spring in New York: 02:00 to 03:00 does not exist on 8 March 2026; 02:30 is then 03:30 of summer time.
        ("America/New_York", "2026-03-08T05:00:00+00:00", "02:30", "2026-03-08T07:30:00+00:00"),
        # The day before an hour is lost has 24 hours to the next 07:00 minus one.
        ("America/New_York", "2026-03-07T12:00:01+00:00", "07:00", "2026-03-08T11:00:00+00:00"),
        # Autumn: 01:30 comes twice on 1 November 2026; the first of them, and once only.
        ("America/New_York", "2026-11-01T04:00:00+00:00", "01:30", "2026-11-01T05:30:00+00:00"),
        ("America/New_York", "2026-11-01T06:00:00+00:00", "01:30", "2026-11-02T06:30:00+00:00"),
        # A zone that skipped a whole day (Samoa, 30 December 2011).
        ("Pacific/Apia", "2011-12-30T09:00:00+00:00", "07:00", "2011-12-30T17:00:00+00:00"),
    ],
)
def test_a_local_hour_is_what_clocks_show_there(zone, now, at, expected):
    """Also on the days on which clocks change."""
    found = release.local_hour(datetime.fromisoformat(now), time.fromisoformat(at), ZoneInfo(zone))
    assert found == datetime.fromisoformat(expected)


def test_a_sections_hour_is_for_new_articles_that_nobody_gave_a_time(desk, settings):
    """At 07:00 in Lisbon; the update of a live page, and what is urgent, go out at once."""
    add(settings, 'release_time = "07:00"', after='key = "portugal"')
    with time_machine.travel(datetime(2026, 11, 22, 9, tzinfo=UTC), tick=False):
        desk.submit()
        work(desk)
        edition = approve(desk, "portugal")
        assert edition.release_at == datetime(2026, 11, 23, 7, tzinfo=UTC)
        assert cell("portugal").place == status.Place.EMBARGO
        given = datetime(2026, 11, 22, 12, tzinfo=UTC)
        net = installation.network()
        portugal = net.section("portugal")
        now = timezone.now()
        assert release.release_at(portugal, [given], now, first=True, urgent=False) == given
        assert release.release_at(portugal, [None], now, first=True, urgent=True) is None
        assert release.release_at(portugal, [None], now, first=False, urgent=False) is None
        assert release.release_at(net.section("brazil"), [None], now, first=True, urgent=False) is None


@pytest.mark.parametrize("wrong", ['"7"', '"24:00"', "7", '"07:00+02:00"', '"soon"', "true"])
def test_a_local_hour_that_is_none_is_refused_with_its_line(wrong, settings, home):
    """Seven is not seven seconds past midnight."""
    text = settings.NETWORK_FILE.read_text().replace('key = "portugal"', f'key = "portugal"\nrelease_time = {wrong}', 1)
    with pytest.raises(Permanent, match=r'Write hours and minutes, such as "07:00"'):
        parse(text)


def barrier(desk, **options) -> Barrier:
    desk.submit()
    article = Article.objects.get()
    return release.set_barrier(article, by="Ana", net=installation.network(), **options)


def test_an_article_waits_until_all_sections_have_approved_it(desk):
    """Then all go out together; the status says for whom it waits, and the ledger who held and who opened."""
    barrier(desk)
    work(desk)
    assert shown() == set()
    assert cell("brazil").place == status.Place.BARRIER
    assert cell("brazil").why == "waits for angola pt-AO, portugal pt-PT"
    approve(desk, "portugal")  # Angola follows
    work(desk)
    assert shown() == {"portugal", "brazil", "angola", "united-states"}
    assert Barrier.objects.get().opened_by == "all are approved"
    assert Event.objects.filter(message__startswith="held back: until all sections are approved").exists()
    assert invariants.broken() == []


def test_a_barrier_waits_only_for_who_is_required(desk):
    """Brazil and the United States are enough; Portugal follows when it is ready."""
    barrier(desk, required=["brazil", "united-states/en-US"])
    work(desk)
    assert shown() == {"brazil", "united-states"}
    approve(desk, "portugal")
    work(desk)
    assert shown() == {"portugal", "brazil", "angola", "united-states"}


def test_at_its_time_a_barrier_lets_out_what_is_approved(desk):
    """Late ones follow; the sweep is what looks at the clock."""
    start = timezone.now()
    barrier(desk, required=["portugal"], until=start + timedelta(hours=2))
    work(desk)
    assert "at the latest on" in cell("brazil").why
    sweep.sweep()
    work(desk)
    assert shown() == set()
    with time_machine.travel(start + timedelta(hours=2, seconds=1)):
        assert sweep.sweep().woken == 2
        Delivery.objects.update(due_at=start)  # the database's own clock has not moved
        work(desk)
        assert shown() == {"brazil", "united-states"}
        approve(desk, "portugal")
    work(desk)
    assert "portugal" in shown()


def test_somebody_can_open_a_barrier_early_and_only_once(desk):
    """Whoever comes second changes nothing."""
    row = barrier(desk)
    work(desk)
    assert release.open_barrier(row, by="Rui")
    assert not release.open_barrier(row, by="Ana")
    work(desk)
    assert shown() == {"brazil", "united-states"}
    assert Barrier.objects.get().opened_by == "Rui"


def test_a_live_page_is_not_held_by_a_barrier_that_comes_later(desk):
    """Its updates go out; what was not out yet waits."""
    desk.submit()
    work(desk)
    release.set_barrier(Article.objects.get(), by="Ana", net=installation.network(), required=["angola"])
    desk.submit("<p>The water fell.</p>")
    work(desk)
    assert "fell" in desk.page("united-states")


def test_an_approval_behind_a_barrier_can_still_be_undone(desk):
    """Nothing was sent: the claim that found the barrier is no send."""
    barrier(desk)
    work(desk)
    decisions.decline(desk.edition("angola").pk, by="Rui", reason="not ours")
    release.set_barrier(Article.objects.get(), by="Ana", net=installation.network(), required=["united-states"])
    Barrier.objects.update(parts=2)  # never complete
    approve(desk, "portugal")
    work(desk)
    undone = undo.undo(desk.edition("portugal").pk, by="Ana", net=installation.network())
    assert undone.state == "in_review"


def test_a_series_goes_out_when_all_its_parts_are_there(desk):
    """Two of two, each approved where it is required."""
    net = installation.network()
    release.set_barrier("Rivers", by="Ana", net=net, required=["brazil"], parts=2)
    desk.submit(key="one", series="Rivers", part=1)
    work(desk)
    assert cell("brazil").why == "waits for 1 more article of the series"
    desk.submit("<p>The second part.</p>", key="two", title="Second", series="Rivers", part=2)
    work(desk)
    work(desk)
    assert Delivery.objects.filter(SHOWN, edition__section="brazil").count() == 2


def test_the_network_file_holds_back_kinds_of_articles(desk, settings):
    """A barrier of its own for each new article of the kind, once."""
    add(settings, '[[barriers]]\nkinds = ["statement"]\nrequired = ["portugal"]\nhours = 6')
    desk.submit(kind="statement", key="a")
    desk.submit("<p>Other.</p>", key="b")
    work(desk)
    row = Barrier.objects.get()
    assert row.article.key == "a"
    assert row.until is not None
    assert Delivery.objects.filter(SHOWN, edition__article__key="a").count() == 0
    assert Delivery.objects.filter(SHOWN, edition__article__key="b").count() == 2
    desk.submit("<p>Other text.</p>", kind="statement", key="a")
    work(desk)
    assert Barrier.objects.count() == 1


def test_a_barrier_for_nobody_is_refused(desk, settings):
    """Neither somebody unknown, nor a time that is past, nor in the network file."""
    with pytest.raises(Permanent, match="no section and no edition"):
        barrier(desk, required=["spain"])
    with pytest.raises(Permanent, match="in the past"):
        barrier(desk, until=timezone.now() - timedelta(minutes=1))
    add(settings, '[[barriers]]\nkinds = ["news"]\nrequired = ["spain"]')
    with pytest.raises(Permanent, match="which nobody publishes"):
        parse(settings.NETWORK_FILE.read_text())


def test_a_paused_section_waits_and_says_so(desk, settings):
    """Its pages go out once it is paused no longer; the others are not disturbed."""
    add(settings, "paused = true", after='key = "brazil"')
    desk.submit()
    work(desk)
    assert shown() == {"united-states"}
    assert (cell("brazil").place, cell("brazil").why) == (
        status.Place.PAUSED,
        "Brasil is paused in network.toml",
    )
    assert sweep.sweep().woken == 0
    settings.NETWORK_FILE.write_text(settings.NETWORK_FILE.read_text().replace("paused = true", ""))
    assert sweep.sweep().woken == 1
    settle()
    assert shown() == {"united-states", "brazil"}
    assert invariants.broken() == []
