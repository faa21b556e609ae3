"""The numbers: counted by hand against what the flow leaves; who sees which; plots, tables, CSV, JSON."""

from __future__ import annotations

import csv
import io
import json
from datetime import UTC, date, timedelta
from typing import Any
from xml.etree import ElementTree as ET

import pytest
from bs4 import BeautifulSoup
from django.contrib.auth.models import User
from django.core.cache import cache
from django.core.management import call_command
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from pipeline.desk.numbers import plots
from pipeline.flow import decisions, editing, publish, sweep, undo
from pipeline.flow.installation import network
from pipeline.flow.numbers import NUMBERS, Scope, comparing, moment
from pipeline.flow.numbers.quantiles import Spread, spreads
from pipeline.ledger.models import Article, Edition, Membership, Passage, Preference, Version
from pipeline.ledger.models import Scope as EditScope

TODAY = timezone.now().astimezone(UTC).date()
MONTH = Scope(TODAY - timedelta(days=29), TODAY)


@pytest.fixture(autouse=True)
def _fresh() -> None:
    """What a web process has counted is not that of the next test's ledger."""
    cache.clear()


def rows(name: str, scope: Scope = MONTH, **key: Any) -> list[dict[str, Any]]:
    """The rows of a number that have these values."""
    found = NUMBERS[name](scope).records()
    return [row for row in found if all(row[name] == value for name, value in key.items())]


def one(name: str, scope: Scope = MONTH, **key: Any) -> dict[str, Any]:
    """The only row of a number that has these values."""
    (row,) = rows(name, scope, **key)
    return row


def browser(name: str, *, staff: bool = False, **roles: str) -> Client:
    """Somebody's browser."""
    user = User.objects.create_user(name, is_staff=staff)
    for section, role in roles.items():
        Membership.objects.create(user=user, section=section.replace("_", "-"), role=role)
    client = Client()
    client.force_login(user)
    return client


def waiting(desk: Any, *keys: str) -> list[Edition]:
    """Portugal's editions of so many new articles; they wait for review."""
    for key in keys:
        desk.submit(
            f"<p>The water of the {key} river rose.</p>", key=key, title=f"The {key} report", name=f"{key}.html"
        )
    desk.work()
    return [Edition.objects.get(section="portugal", article__key=key) for key in keys]


def edit(edition: Edition, text: str, scope: str = "base") -> None:
    """Somebody words the first paragraph otherwise."""
    now = editing.working(Edition.objects.get(pk=edition.pk))
    seen = now.base["b1"] if scope == "base" else now.shown["b1"]
    saved = editing.save(edition.pk, EditScope(scope), "b1", text, seen=seen, by="ada", net=network())
    assert isinstance(saved, editing.Saved)


def approve(edition: Edition, by: str = "ada") -> None:
    """Somebody approves what waits."""
    decisions.approve(edition.pk, by=by, net=network())


def test_acceptance_and_distance_are_of_what_people_changed(desk):
    """One approved as proposed, one after an edit of all sections' text, one after an edit of the section's own."""
    plain, shared, own = waiting(desk, "alder", "birch", "cedar")
    text = editing.working(shared).base["b1"]
    edit(shared, text + "!!!")
    edit(own, editing.working(own).shown["b1"] + "??", scope="edition")
    for edition in (plain, shared, own):
        approve(edition)
    assert one("acceptance", section="portugal")["approved"] == 0
    assert NUMBERS["acceptance"](MONTH).uncompared == comparing.left() == 3
    sweep.sweep()
    assert comparing.left() == 0
    found = one("acceptance", section="portugal")
    assert (found["approved"], found["as_proposed"], found["edited"], found["share"]) == (3, 1, 2, 0.3333)
    characters = sum(
        max(len(a), len(b))
        for passage in Passage.objects.filter(by_person=True)
        for a, b in zip(*_texts(passage), strict=True)
    )
    found = one("distance", engine="fake")
    assert (found["source"], found["target"], found["approved"], found["changed"]) == ("en", "pt", 3, 5)
    assert found["characters"] == characters
    assert found["share"] == pytest.approx(5 / characters, abs=1e-4)
    assert one("distance", engine="")["changed"] == 5


def test_numbers_are_counted_once_for_each_state_of_the_ledger_and_never_stale(
    desk, monkeypatch, django_assert_max_num_queries
):
    """A second look counts nothing; whatever happens is there at the next one, also what the sweep compares."""
    monkeypatch.setattr(moment, "REFRESHED", 10**10)
    (edition,) = waiting(desk, "alder")
    client = browser("olga", staff=True)
    address = reverse("numbers_csv", args=["acceptance"])

    def told() -> str:
        return client.get(address).content.decode().splitlines()[-1]

    client.get(reverse("numbers"))
    with django_assert_max_num_queries(12):
        client.get(reverse("numbers"))
    assert told().startswith("section,")
    approve(edition)
    assert NUMBERS["acceptance"](MONTH).uncompared == 1
    assert "1 approval is still to be compared" in client.get(reverse("numbers")).content.decode()
    comparing.compare()
    assert told() == ",,1,1,0,1.0"
    undo.undo(edition.pk, by="ada", net=network())
    assert told().startswith("section,")


def _texts(passage: Passage) -> tuple[list[str], list[str]]:
    """The segments that were proposed, and those that were approved."""
    proposed = Version.objects.filter(translation=passage.version.translation, origin="machine").get()
    approved = dict(passage.version.targets)
    approved |= {own.key: own.target for own in passage.edition.approved_segments}
    return list(proposed.targets.values()), [approved[key] for key in proposed.targets]


def test_an_approval_that_is_taken_back_is_forgotten_and_one_by_a_policy_is_no_persons(desk):
    (edition,) = waiting(desk, "alder")
    approve(edition)
    assert Passage.objects.filter(section="portugal", by_person=True).count() == 1
    undo.undo(edition.pk, by="ada", net=network())
    assert not Passage.objects.filter(section="portugal").exists()
    assert Passage.objects.filter(section="brazil", by_person=False).count() == 1  # its policy is auto


def test_from_submit_to_published_counts_the_first_page_of_each_revision(desk, settings):
    """What is corrected later was submitted long ago: that is no time to publish."""
    settings.FROZEN_CLOCK = "2026-05-04T08:00:00Z"
    scope = Scope(date(2026, 5, 1), date(2026, 5, 31))
    (edition,) = waiting(desk, "alder")
    settings.FROZEN_CLOCK = "2026-05-04T13:00:00Z"
    approve(edition)
    publish.run("site")
    assert one("publishing", scope, section="portugal") == {
        "section": "portugal",
        "language": "pt-PT",
        "published": 1,
        "median": 5 * 3600,
        "p90": 5 * 3600,
        "within_1_hour": 0,
        "within_4_hours": 0,
        "within_12_hours": 1,
        "within_1_day": 0,
        "within_3_days": 0,
        "within_1_week": 0,
        "later": 0,
    }
    assert one("review", scope, engine="fake")["median"] == 5 * 3600
    settings.FROZEN_CLOCK = "2026-05-20T13:00:00Z"
    edit(edition, "Outro texto.")
    approve(edition)
    publish.run("site")
    assert one("publishing", scope, section="portugal")["published"] == 1
    assert rows("publishing", Scope(date(2026, 5, 5), date(2026, 5, 31)), section="portugal") == []
    days = {row["from"]: (row["submitted"], row["translated"]) for row in rows("throughput", scope)}
    assert len(days) == 31
    assert days[date(2026, 5, 4)] == (1, 1)
    assert (
        one("throughput", Scope(scope.since, scope.until, "portugal"), **{"from": date(2026, 5, 4)})["published"] == 1
    )


def test_coverage_is_what_readers_have_of_what_a_section_takes(desk):
    first, second, third = waiting(desk, "alder", "birch", "cedar")
    approve(first)
    publish.run("site")
    decisions.decline(second.pk, by="ada", reason="Not for us.")
    found = one("coverage", section="portugal", **{"from": TODAY})
    assert (found["articles"], found["live"], found["share"]) == (2, 1, 0.5)
    edit(first, "Um texto novo.")  # the published version stays while the new one waits
    assert one("coverage", section="portugal", **{"from": TODAY})["live"] == 1
    Article.objects.filter(pk=third.article_id).update(withdrawn=True)
    assert one("coverage", section="portugal", **{"from": TODAY})["articles"] == 1
    assert rows("coverage", Scope(date(2020, 1, 1), date(2020, 1, 31))) == []


def test_the_backlog_is_sorted_by_how_long_the_text_has_waited(desk):
    ages = (0.5, 2, 5, 20, 50)
    editions = waiting(desk, *("alder", "birch", "cedar", "damson", "elder"))
    for edition, days in zip(editions, ages, strict=True):
        Version.objects.filter(pk=edition.candidate_id).update(created_at=timezone.now() - timedelta(days=days))
    found = one("backlog", section="portugal")
    assert list(found.values()) == ["portugal", 1, 1, 1, 1, 1, 5]
    approve(editions[0])
    assert list(one("backlog", section="portugal").values()) == ["portugal", 0, 1, 1, 1, 1, 4]


def test_median_and_ninth_are_by_nearest_rank(desk):
    """Against the definition: the smallest value that so many of the values do not exceed."""
    (edition,) = waiting(desk, "alder")
    Passage.objects.all().delete()
    at, values = timezone.now(), []
    usual = {"source": "en", "target": "pt", "by_person": True, "is_first": True, "submitted_at": at, "approved_at": at}
    for number in range(21):
        other = Edition.objects.create(
            article=edition.article, section=f"s{number}", language="pt-PT", translation=edition.translation
        )
        lead, language = (number * 7919) % 1000, f"l{number % 2}"
        Passage.objects.create(edition=other, version=edition.candidate, language=language, lead=lead, **usual)
        values = sorted([*values, lead])
        ranks = values[-(-len(values) // 2) - 1], values[-(-9 * len(values) // 10) - 1]
        assert spreads(Passage.objects.all(), "lead") == {(): Spread(len(values), *ranks)}
    assert {key: each.count for key, each in spreads(Passage.objects.all(), "lead", ["language"]).items()} == {
        ("l0",): 11,
        ("l1",): 10,
    }


def test_editors_see_their_sections_and_totals_and_operators_all(desk):
    """The same in the page, the plot and the CSV; whoever works nowhere sees nothing."""
    for edition in waiting(desk, "alder"):
        approve(edition)
    publish.run("site")
    ada, oda, dan = browser("ada", portugal="editor"), browser("oda", staff=True), browser("dan")
    for name in ("coverage", "publishing"):
        for client, hidden in ((ada, {"brazil", "angola", "united-states"}), (oda, set())):
            answer = client.get(reverse("numbers_csv", args=[name]))
            sections = {row["section"] for row in csv.DictReader(io.StringIO(answer.content.decode()))}
            assert bool(sections & {"brazil", "angola"}) == (not hidden)
            assert not sections & hidden
            assert {"portugal", ""} <= sections
    asked = ada.get(reverse("numbers_csv", args=["coverage"]), {"section": "brazil"}).content.decode()
    assert "brazil" not in asked
    for address in (reverse("numbers"), *(reverse(f"numbers_{kind}", args=["backlog"]) for kind in ("plot", "csv"))):
        assert dan.get(address).status_code == 403
        assert Client().get(address).status_code == 302
    assert ada.get(reverse("numbers_csv", args=["salaries"])).status_code == 404


def test_the_page_has_a_plot_a_table_and_csv_of_each_number_in_the_readers_language(desk):
    for edition in waiting(desk, "alder", "birch"):
        approve(edition)
    waiting(desk, "cedar")
    publish.run("site")
    sweep.sweep()
    client = browser("ada", portugal="editor")
    tree = BeautifulSoup(client.get(reverse("numbers"), {"period": "7"}).content.decode(), "lxml")
    assert [part["id"] for part in tree.select(".number-part")] == list(NUMBERS)
    for part in tree.select(".number-part"):
        assert part.select("table thead th[scope=col]"), part["id"]
        assert part.select_one("img")["alt"]
        for picture in (part.img["src"], *(source["srcset"] for source in part.select("source"))):
            assert "period=7" in picture
            answer = client.get(picture)
            root = ET.fromstring(answer.content)
            assert root.find("{http://www.w3.org/2000/svg}desc").text
            assert b"<script" not in answer.content
            assert "script-src" not in answer.headers["Content-Security-Policy"]
            assert answer.headers["Content-Security-Policy"].startswith("default-src 'none'")
    Preference.objects.create(user=User.objects.get(username="ada"), language="pt")
    Passage.objects.filter(lead__isnull=False).update(lead=1_234_567_890)
    cache.clear()
    tree = BeautifulSoup(client.get(reverse("numbers")).content.decode(), "lxml")
    assert "14289 dias" in tree.select_one("#publishing table").get_text()


def test_without_anything_to_count_each_number_says_so(desk):
    """And plots are drawn of nothing."""
    client = browser("ada", portugal="editor")
    tree = BeautifulSoup(client.get(reverse("numbers")).content.decode(), "lxml")
    assert len(tree.select(".number-part .empty")) == len(NUMBERS)
    for name in NUMBERS:
        assert client.get(reverse("numbers_plot", args=[name])).status_code == 200


def test_what_makes_no_sense_in_the_address_is_left_out_and_told(desk):
    client = browser("oda", staff=True)
    for query in (
        *({"period": "8"}, {"since": "x"}, {"since": "2026-05-04", "until": "2026-05-01"}, {"since": "0001-01-01"}),
        *({"section": "nowhere"}, {"language": "tlh"}, {"since": "9999-12-31"}, {"until": "x\0"}),
    ):
        answer = client.get(reverse("numbers"), query)
        assert (answer.status_code, "were left out" in answer.content.decode()) == (200, True), query
    assert client.get(reverse("numbers"), {"until": "0001-01-02"}).status_code == 200
    assert client.get(reverse("numbers"), {"until": "9999-12-31"}).status_code == 200
    assert client.get(reverse("numbers_csv", args=["throughput"]), {"until": "9999-12-31"}).status_code == 200


def test_every_value_on_a_plot_can_be_read_on_its_colour():
    """4.5 : 1 by WCAG's formula, in both schemes."""

    def luminance(colour: str) -> float:
        parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
        red, green, blue = (part / 12.92 if part <= 0.03928 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
        return 0.2126 * red + 0.7152 * green + 0.0722 * blue

    for scheme in plots.SCHEMES.values():
        for colour in (scheme.paper, *scheme.colours, *scheme.scale):
            low, high = sorted((luminance(colour), luminance(scheme.ink)))
            assert (high + 0.05) / (low + 0.05) >= 4.5, colour


def test_the_command_prints_the_same_for_people_and_for_programs(desk, capsys):
    for edition in waiting(desk, "alder"):
        approve(edition)
    publish.run("site")
    call_command("numbers", "acceptance", "--json")
    said = json.loads(capsys.readouterr().out)
    assert (said["number"], said["rows"][-1]["as_proposed"]) == ("acceptance", 1)  # compared on the way
    call_command("numbers", "publishing", "--csv", "--section", "portugal")
    assert capsys.readouterr().out.startswith("section,language,published,median,p90,")
    call_command("numbers")
    told = capsys.readouterr().out
    assert all(name in told for name in NUMBERS)


def test_a_time_is_cut_into_pieces_that_fit_a_plot():
    for days, step in ((1, "day"), (31, "day"), (32, "week"), (190, "week"), (191, "month"), (800, "month")):
        scope = Scope(date(2026, 1, 1), date(2026, 1, 1) + timedelta(days=days - 1))
        assert (scope.step, len(scope.pieces()) <= 31) == (step, True)
    assert Scope(date(2026, 1, 1), date(2026, 3, 1)).pieces()[0] == date(2025, 12, 29)


def test_labels_of_a_plot_keep_their_own_direction(desk):
    """In a language that is read from the right “1 to 4 hours” must not begin with its end."""
    waiting(desk, "alder")
    client = browser("ada", portugal="editor")
    Preference.objects.create(user=User.objects.get(username="ada"), language="ur")
    plot = client.get(reverse("numbers_plot", args=["backlog"])).content.decode()
    labels = [text for text in ET.fromstring(plot.encode()).itertext() if "دن" in text and len(text) < 40]
    assert labels
    assert all(label[0] + label[-1] == "\u2067\u2069" for label in labels)
    Preference.objects.update(language="pt")
    assert "\u2067" not in client.get(reverse("numbers_plot", args=["backlog"])).content.decode()
