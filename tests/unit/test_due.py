"""When schedules are due: by the clocks of a zone, also when these change, also after nobody was there."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import islice, pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.errors import Permanent
from pipeline.flow.batches import due
from pipeline.network import parse

LISBON, NEW_YORK, LORD_HOWE = (ZoneInfo(f) for f in ("Europe/Lisbon", "America/New_York", "Australia/Lord_Howe"))


def at(text: str, zone: ZoneInfo) -> datetime:
    """A local time."""
    return datetime.fromisoformat(text).replace(tzinfo=zone)


def following(cron: str, zone: ZoneInfo, after: str, count: int) -> list[str]:
    """Due times as the zone's clocks show them, with their offset."""
    found = islice(due.upcoming(cron, zone, at(after, zone)), count)
    return [f"{each.astimezone(zone):%m-%dT%H:%M%z}" for each in found]


@pytest.mark.parametrize(
    ("cron", "zone", "after", "expected"),
    [
        # Every night at the same local hour, in winter as in summer.
        ("0 2 * * *", LISBON, "2026-03-27T12:00", ["03-28T02:00+0000", "03-29T02:00+0100", "03-30T02:00+0100"]),
        ("0 5 * * *", NEW_YORK, "2026-10-31T12:00", ["11-01T05:00-0500", "11-02T05:00-0500"]),
        # Spring: 01:30 does not exist; two times of the gap are one.
        ("30 1 * * *", LISBON, "2026-03-28T12:00", ["03-29T02:00+0100", "03-30T01:30+0100"]),
        ("10,40 1 * * *", LISBON, "2026-03-28T12:00", ["03-29T02:00+0100", "03-30T01:10+0100", "03-30T01:40+0100"]),
        ("30 2 * * *", NEW_YORK, "2026-03-07T12:00", ["03-08T03:00-0400", "03-09T02:30-0400"]),
        # Autumn: 01:30 comes twice, and is taken once.
        ("30 1 * * *", LISBON, "2026-10-24T12:00", ["10-25T01:30+0100", "10-26T01:30+0000"]),
        ("30 1 * * *", NEW_YORK, "2026-10-31T12:00", ["11-01T01:30-0400", "11-02T01:30-0500"]),
        # Every half hour goes by the time that passes: the hour that comes twice has four.
        (
            "*/30 * * * *",
            LISBON,
            "2026-10-25T00:45",
            ["10-25T01:00+0100", "10-25T01:30+0100", "10-25T01:00+0000", "10-25T01:30+0000", "10-25T02:00+0000"],
        ),
        # A zone that changes by half an hour.
        ("15 2 * * *", LORD_HOWE, "2026-10-03T12:00", ["10-04T02:30+1100", "10-05T02:15+1100"]),
        # Leap days, the last day of a month, weekdays.
        ("0 4 29 2 *", LISBON, "2026-01-01T00:00", ["02-29T04:00+0000", "02-29T04:00+0000"]),
        ("0 4 L * *", LISBON, "2028-02-10T00:00", ["02-29T04:00+0000", "03-31T04:00+0100"]),
        ("0 4 * * MON-FRI", LISBON, "2026-11-20T05:00", ["11-23T04:00+0000", "11-24T04:00+0000"]),
    ],
)
def test_due_times_are_those_of_the_zones_clocks(cron, zone, after, expected):
    assert following(cron, zone, after, len(expected)) == expected


def test_a_leap_day_comes_every_four_years():
    assert [each.year for each in islice(due.upcoming("0 4 29 2 *", UTC, datetime(2026, 1, 1, tzinfo=UTC)), 2)] == [
        2028,
        2032,
    ]


def test_in_the_second_of_two_equal_hours_nothing_of_the_first_is_due_again():
    after = at("2026-10-25T01:10", LISBON).replace(fold=1)
    assert next(due.upcoming("30 1 * * *", LISBON, after)) == datetime(2026, 10, 26, 1, 30, tzinfo=UTC)


moments = st.integers(0, 4 * 365 * 24 * 60).map(
    lambda minutes: datetime(2025, 1, 1, tzinfo=UTC) + timedelta(minutes=minutes)
)
crons = st.sampled_from(["0 2 * * *", "30 1 * * *", "*/20 * * * *", "15 1-3 * * *", "0 12 * * SUN", "0 0 1 * *"])
zones = st.sampled_from([LISBON, NEW_YORK, LORD_HOWE, ZoneInfo("Asia/Karachi")])


@settings(max_examples=60, deadline=None)
@given(crons, zones, moments, st.lists(st.integers(1, 60 * 26), min_size=1, max_size=6))
def test_however_often_one_looks_the_same_times_are_found(cron, zone, start, minutes):
    """Whoever looks every minute and whoever looks once a day find the same due times, each once, in order."""
    looks = [start]
    for each in minutes:
        looks.append(looks[-1] + timedelta(minutes=each))
    piecewise = [at for one, two in pairwise(looks) for at in due.between(cron, zone, one, two)]
    assert piecewise == sorted(set(piecewise))
    assert piecewise == _all(cron, zone, start, looks[-1])


def _all(cron: str, zone: ZoneInfo, start: datetime, end: datetime) -> list[datetime]:
    found = []
    for each in due.upcoming(cron, zone, start):
        if each > end:
            return found
        found.append(each)
    return found


def test_after_a_long_silence_only_the_newest_are_looked_at():
    now = datetime(2026, 11, 22, 12, tzinfo=UTC)
    found = due.between("* * * * *", LISBON, now - timedelta(days=900), now)
    assert len(found) == due.MOST
    assert found[-1] == now
    yearly = due.between("0 0 1 1 *", LISBON, now - timedelta(days=900), now)
    assert yearly == [datetime(2026, 1, 1, tzinfo=UTC)]  # of what is older than a year nothing is made up for


def test_what_was_missed_is_made_up_for_as_the_schedule_says():
    nights = [datetime(2026, 11, day, 2, tzinfo=UTC) for day in (20, 21, 22)]
    late, in_time = nights[-1] + timedelta(hours=5), nights[-1] + timedelta(seconds=20)
    assert due.plan(nights, late, "once") == [due.Due(nights[-1], missed=2)]
    assert due.plan(nights, late, "all") == [due.Due(night) for night in nights]
    assert due.plan(nights, late, "none") == [due.Due(nights[-1], missed=2, skipped=True)]
    assert due.plan(nights[-1:], in_time, "none") == [due.Due(nights[-1])]
    assert due.plan([], late, "once") == []


NETWORK = """\
[organisation]
name = "Tidewater Relief"
[outputs.site]
type = "folder"
base_url = "https://example.org"
[[sections]]
key = "portugal"
name = "Portugal"
country = "PT"
time_zone = "Europe/Lisbon"
languages = [{ tag = "pt-PT", base = "pt" }]
outputs = ["site"]
[[schedules]]
key = "night"
time_zone = "Europe/Lisbon"
"""


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        ('cron = "0 2 * *"\nactions = ["fetch"]', "needs five fields"),
        ('cron = "0 25 * * *"\nactions = ["fetch"]', "bad hour"),
        ('cron = "0 0 30 2 *"\nactions = ["fetch"]', "bad day-of-month"),
        ('cron = "@daily"\nactions = ["fetch"]', "needs five fields"),
        ('cron = "0 2 * * *"\nactions = []', "at least 1"),
        ('cron = "0 2 * * *"\nactions = ["dance"]', "none of the allowed values"),
        ('cron = "0 2 * * *"\nactions = ["tidy", "tidy"]', "does tidy twice"),
        ('cron = "0 2 * * *"\nactions = ["tidy"]\nselection = { sections = ["peru"] }', "selects “peru”"),
        ('cron = "0 2 * * *"\nactions = ["tidy"]\nselection = { languages = ["fr"] }', "selects “fr”"),
        ('cron = "0 2 * * *"\nactions = ["tidy"]\nreport = { email = ["a b@example.org"] }', "is no e-mail address"),
        ('cron = "0 2 * * *"\nactions = ["tidy"]\nreport = { webhook = { url = "x", secret = "S" } }', "no address"),
    ],
)
def test_what_a_schedule_cannot_mean_is_refused_with_line_and_remedy(lines, said):
    with pytest.raises(Permanent) as refused:
        parse(NETWORK + lines)
    assert said in str(refused.value).lower() or said in str(refused.value)
    assert str(refused.value).startswith("network.toml:1")
