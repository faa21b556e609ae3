"""The board, deliveries and workers: what stands where, for whom, and what a page costs."""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from bs4 import BeautifulSoup
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from pipeline.desk.board import board as page_module
from pipeline.desk.board import cells
from pipeline.flow import board, engines, prepare, publish, withdraw
from pipeline.flow.installation import network
from pipeline.flow.people import Rights, rights
from pipeline.flow.status import Place
from pipeline.ledger.models import (
    Article,
    Delivery,
    Edition,
    Event,
    Finding,
    Membership,
    Receipt,
    Refresh,
    Status,
    Translation,
    WorkerBeat,
)

URDU = "اسکول جو دریا کے ساتھ اٹھتا ہے"


def person(name: str, *, staff: bool = False, **roles: str) -> User:
    """Somebody with roles in sections."""
    user = User.objects.create_user(name, is_staff=staff)
    for section, role in roles.items():
        Membership.objects.create(user=user, section=section.replace("_", "-"), role=role)
    return user


def browser(user: User) -> Client:
    """Somebody's browser."""
    client = Client()
    client.force_login(user)
    return client


def tree(client: Client, address: str = "/board/", **query: str) -> BeautifulSoup:
    """A page as a tree."""
    answer = client.get(address, query)
    assert answer.status_code == 200, address
    return BeautifulSoup(answer.content.decode(), "lxml")


def titles(client: Client, **query: str) -> list[str]:
    """The titles on the board."""
    return [link.get_text() for link in tree(client, **query).select("#rows a.title")]


@pytest.fixture
def ada(desk) -> User:
    """An editor of Portugal."""
    return person("ada", portugal="editor")


def test_the_way_in_leads_to_the_board_and_strangers_sign_in_and_come_back(desk, ada, settings):
    """Nobody sees an article without an account; the way back is kept."""
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    desk.submit()
    assert browser(ada).get("/").headers["Location"] == "/board/"
    client = Client()
    assert client.get("/").headers["Location"] == "/sign-in/?next=/"
    answer = client.get("/board/?by=languages")
    assert (answer.status_code, answer.headers["Location"]) == (302, "/sign-in/?next=/board/%3Fby%3Dlanguages")
    ada.set_password("tidewater-pass-1")
    ada.save()
    given = {"username": "ada", "next": "/board/?by=languages"}
    assert 'role="alert"' in client.post("/sign-in/", {**given, "password": "x"}).content.decode()
    right = client.post("/sign-in/", {**given, "password": "tidewater-pass-1"})
    assert (right.status_code, right.headers["Location"]) == (302, "/board/?by=languages")


def test_a_cell_says_in_full_what_it_shows_and_leads_to_the_thing(desk, ada):
    """Section, language, place, since when, for whom; to the editor for who decides there, else to the article."""
    desk.submit(title=URDU)
    desk.work()
    Edition.objects.filter(section="portugal").update(assigned_to=ada)
    article = Article.objects.get()
    found = tree(browser(ada))
    assert found.table.caption
    headings = [th.get_text(" ", strip=True) for th in found.select("thead th[scope=col]")]
    assert headings == ["Article", "portugal pt-PT", "brazil pt-BR", "angola pt-AO", "united-states en-US"]
    heading = found.select_one("#rows th[scope=row] a.title")
    assert (heading.get_text(), heading["lang"], heading["dir"]) == (URDU, "en", "auto")
    cell = found.find(id=f"c{article.pk}-0")
    told = " ".join(cell.get_text().split())
    assert re.fullmatch(r"Portugal, Portuguese \(Portugal\): in review ?\d+ (second|minute)s? ?waits for ada", told), (
        told
    )
    assert cell["href"] == reverse("edition", args=[desk.edition("portugal").pk])
    assert cell["title"].startswith("waiting for review: waits for an editor of Portugal")
    assert found.find(id=f"c{article.pk}-1")["href"] == f"/articles/{article.uid}/#brazil-pt-BR"
    (by_language,) = tree(browser(ada), by="languages").select("#rows tr")
    told = by_language.find(id=f"c{article.pk}-0").get_text(" ", strip=True)
    assert told.startswith("Portuguese: in review 1 of 2 published ; Portugal, Portuguese (Portugal): waiting for")


def test_every_place_has_one_word_for_the_board_and_a_sign():
    """One that is new has to get them."""
    assert set(cells.WORDS) == set(Place)
    css = (Path(page_module.__file__).parents[1] / "static" / "desk" / "desk.css").read_text(encoding="utf-8")
    assert all(place is Place.PREPARING or f".{place.name.lower()}::before" in css for place in Place)


def test_who_sees_what(desk, ada):
    """An editor their sections' drafts and others' published pages; who handed in their own; an operator everything;
    an embargo and a newer title are nobody else's."""
    desk.submit()
    desk.work()
    later = timezone.now() + timedelta(days=2)
    desk.submit("<p>A secret.</p>", key="secret", title="A secret appeal", name="secret.html", embargo=later)
    desk.work()
    Article.objects.filter(key="secret").update(title="A secret appeal")
    bea, dan = person("bea", united_states="editor"), person("dan")
    cem, oda = person("cem"), person("oda", staff=True)
    Edition.objects.filter(article__key="secret", section="united-states").delete()
    assert titles(browser(ada)) == ["A secret appeal", "Tide report"]
    assert titles(browser(oda)) == ["A secret appeal", "Tide report"]
    assert titles(browser(bea)) == titles(browser(dan)) == ["Tide report"]
    Article.objects.get(key="secret").revisions.update(submitted_by="cem")
    assert titles(browser(cem)) == ["A secret appeal", "Tide report"]
    (tide,) = [row for row in tree(browser(dan)).select("#rows tr") if "Tide" in row.get_text()]
    told = [cell.get_text(" ", strip=True) for cell in tide.select("td")]
    assert [text.rpartition(": ")[2] for text in told] == ["not published", "published", "not published", "published"]
    desk.submit("<p>The water fell.</p>", title="The water fell again")
    prepare.run()
    Edition.objects.filter(section="united-states").update(state="in_review", approved=None)
    assert "The water fell again" in titles(browser(ada))
    assert titles(browser(dan)) == ["Tide report"]
    assert titles(browser(dan), text="fell again") == []
    assert titles(browser(ada), text="fell again") == ["The water fell again"]


@pytest.fixture
def several(desk) -> dict[str, Article]:
    """Articles in many places, one for each key."""
    for key in ("held", "failed", "model", "old", "withdrawn"):
        desk.submit(f"<p>The {key} rose.</p>", key=key, title=f"The {key} one", name=f"{key}.html")
    desk.work()
    desk.submit("<p>Still here.</p>", key="raw", title="The raw one", name="raw.html")
    found = {article.key: article for article in Article.objects.all()}
    held = Edition.objects.get(article=found["held"], section="portugal")
    Edition.objects.filter(pk=held.pk).update(state="held", reason="a check blocks it: numbers")
    Finding.objects.create(version=held.candidate, check_id="numbers", severity="block", message="12 is missing.")
    page = Delivery.objects.get(edition__article=found["failed"], edition__section="brazil")
    Delivery.objects.filter(pk=page.pk).update(status="failed", reason="The disk is full. Make room.")
    Translation.objects.filter(article=found["model"], base="pt").update(
        status="waiting", reason="no_engine: no worker has a model from English to Portuguese. Install one: x"
    )
    Article.objects.filter(key="old").update(created_at=timezone.now() - timedelta(days=40), source="wire")
    withdraw.withdraw(found["withdrawn"], by="oda", reason="Wrong.", net=network(), section="portugal")
    return found


def test_filters_find_what_they_say(several):
    """Each alone; all of them stand in the address."""
    client = browser(person("oda", staff=True))
    Finding.objects.filter(severity="warn").delete()  # what the checks say of the fake engine's texts
    expected: list[tuple[dict[str, str], set[str]]] = [
        ({"state": "held"}, {"held"}),
        ({"state": "failed"}, {"failed"}),
        ({"state": "failed", "section": "portugal"}, set()),
        ({"state": "no_model"}, {"model"}),
        ({"state": "preparing"}, {"raw"}),
        ({"state": "withdrawn"}, {"withdrawn"}),
        ({"state": "review", "section": "portugal"}, {"failed", "model", "old"}),
        ({"state": "published", "language": "pt-BR"}, {"held", "failed", "model", "old", "withdrawn"}),
        ({"section": "portugal"}, {"held", "failed", "model", "old", "withdrawn"}),
        ({"findings": "block"}, {"held"}),
        ({"findings": "any"}, {"held"}),
        ({"age": "older"}, {"old"}),
        ({"age": "day"}, {"held", "failed", "model", "withdrawn", "raw"}),
        ({"source": "wire"}, {"old"}),
        ({"text": "THE RAW"}, {"raw"}),
        ({"text": "100%_'\"<b>"}, set()),
        ({"written": "en", "text": "model", "by": "languages"}, {"model"}),
    ]
    for query, keys in expected:
        found = tree(client, **query)
        assert {bdi.get_text() for bdi in found.select("#rows th bdi")} == keys, query
        form = found.select_one("form.filters")
        for name, value in query.items():
            field = form.find(attrs={"name": name})
            assert field.get("value") == value or field.find("option", selected=True)["value"] == value
    strange = tree(client, state="nonsense", section="atlantis", at="o9-x", age="'")
    assert "not known here" in strange.get_text()
    assert len(strange.select("#rows tr")) == 6


def test_every_state_of_the_filter_can_be_asked_for(several, ada):
    """By operators and by others; none of them is an error."""
    for user in (ada, person("oda", staff=True), person("dan")):
        client = browser(user)
        for place in board.filterable():
            assert client.get("/board/", {"state": place.name.lower(), "findings": "any"}).status_code == 200


def test_pages_by_cursor_neither_lose_nor_repeat_and_lead_both_ways(desk, ada, monkeypatch):
    """However the articles' times fall together; whatever comes in meanwhile."""
    monkeypatch.setattr(page_module, "PER_PAGE", 3)
    now = timezone.now()
    for number in range(8):
        desk.submit(f"<p>Number {number}.</p>", key=f"n{number}", title=f"Number {number}", name=f"n{number}.html")
    desk.work(publishing=False)
    Article.objects.filter(key__in=["n2", "n3", "n4", "n5"]).update(created_at=now)
    client, seen, address = browser(ada), [], "/board/?written=en"
    expected = list(Article.objects.order_by("-created_at", "-pk").values_list("title", flat=True))
    newer = ""
    while address:
        found = tree(client, address)
        seen += [link.get_text() for link in found.select("#rows a.title")]
        following, before = found.find("a", rel="next"), found.find("a", rel="prev")
        if len(seen) == 3:
            desk.submit("<p>Late.</p>", key="late", title="Late", name="late.html")
            desk.work(publishing=False)
        newer = before["href"] if before else newer
        address = f"/board/{following['href']}" if following else ""
    assert seen == expected
    back = tree(client, f"/board/{newer}")
    assert [link.get_text() for link in back.select("#rows a.title")] == expected[3:6]
    assert "written=en" in newer


def test_looking_again_costs_nothing_as_long_as_nothing_has_happened(
    desk, ada, monkeypatch, django_assert_max_num_queries
):
    """204 for the fragment, 304 for the page, by one stamp; rows and a new stamp once something has happened."""
    monkeypatch.setattr(board, "REFRESHED", 10**10)
    desk.submit()
    desk.work()
    client = browser(ada)
    whole = client.get("/board/?by=languages")
    etag = whole.headers["ETag"]
    assert whole.headers["Cache-Control"] == "private, no-cache"
    stamp = re.search('"seen": "([0-9a-f]+)"', whole.content.decode())[1]
    fragment = {"by": "languages", "seen": stamp}
    with django_assert_max_num_queries(8):
        poll = client.get("/board/", fragment, headers={"HX-Request": "true"})
    assert poll.status_code == 204
    same = client.get("/board/?by=languages", headers={"If-None-Match": etag})
    assert same.status_code == 304
    for answer, kept in ((poll, "private, no-store"), (same, "private, no-cache")):
        assert answer.headers["Cache-Control"] == kept
        assert {"Cookie", "HX-Request", "Accept-Language"} <= {*re.split(", *", answer.headers["Vary"])}
    assert client.get("/board/", headers={"If-None-Match": etag}).status_code == 200
    other = browser(person("bea", brazil="editor"))
    assert other.get("/board/?by=languages", headers={"If-None-Match": etag}).status_code == 200
    Event.objects.create(article=Article.objects.get(), at=timezone.now(), stage="review", message="x")
    answer = client.get("/board/", fragment, headers={"HX-Request": "true"})
    assert answer.content.decode().lstrip().startswith('<tbody id="rows" hx-get="/board/?by=languages"')
    assert stamp not in answer.content.decode()
    assert answer.headers["Cache-Control"] == "private, no-store"
    assert client.get("/board/?by=languages", headers={"If-None-Match": etag}).status_code == 200


def test_a_page_of_an_earlier_session_is_not_taken_for_the_same(desk, ada, monkeypatch, settings):
    """Its forms carry that session's token: all that is sent from it would be refused."""
    monkeypatch.setattr(board, "REFRESHED", 10**10)
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    ada.set_password("tidewater-pass-1")
    ada.save()
    client, given = Client(), {"username": "ada", "password": "tidewater-pass-1"}
    client.post("/sign-in/", given)
    etag = client.get("/board/").headers["ETag"]
    assert client.get("/board/", headers={"If-None-Match": etag}).status_code == 304
    client.post("/sign-out/")
    client.post("/sign-in/", given)
    assert client.get("/board/", headers={"If-None-Match": etag}).status_code == 200


def test_the_stamp_moves_by_itself_within_a_minute(db, monkeypatch):
    """Ages grow, and not all that moves leaves a trace."""
    now = timezone.now().replace(second=0)
    stamps = set()
    for seconds in (0, 59, 60, 121):
        monkeypatch.setattr(board.timezone, "now", lambda seconds=seconds: now + timedelta(seconds=seconds))
        stamps.add(board.stamp(Rights("ada"), "x"))
    assert len(stamps) == 3


def test_the_board_takes_the_same_number_of_queries_for_many_articles(desk, ada, django_assert_max_num_queries):
    """However many there are, for whoever looks."""
    users = (ada, person("oda", staff=True), person("dan"))
    for number in range(12):
        desk.submit(f"<p>The water rose {number}.</p>", key=f"tide-{number}", name=f"{number}.html")
    desk.work()
    for user in users:
        client = browser(user)
        with django_assert_max_num_queries(20):
            assert len(tree(client).select("#rows tr")) == 12


def test_an_empty_ledger_says_how_to_begin_and_hostile_titles_are_text(desk, ada):
    """No inline style or script, nothing from elsewhere; the strict policy is sent."""
    for user, said, unsaid in (
        (ada, "Hand the first one in: Submit an article", "sectionwire submit FILE"),
        (person("oda", staff=True), "sectionwire submit FILE", "No article fits"),
        (person("dan"), "No article yet.", "Hand the first one in"),
    ):
        text = tree(browser(user)).get_text()
        assert said in text
        assert unsaid not in text
    assert "No article fits" in tree(browser(ada), text="tide").get_text()
    desk.submit(title='"><script>alert(1)</script>', key="k'\"<b>")
    desk.work()
    Edition.objects.filter(section="portugal").update(reason='<img src=x onerror="alert(1)">')
    for address in ("/board/", "/board/?by=languages", f"/articles/{Article.objects.get().uid}/", "/sign-in/"):
        answer = browser(ada).get(address)
        assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
        found = BeautifulSoup(answer.content.decode(), "lxml")
        assert all(tag["src"].startswith("/static/") and not tag.get_text() for tag in found.find_all("script"))
        assert all(tag["href"].startswith("/static/") for tag in found.find_all("link"))
        forbidden = [name for tag in found.find_all(True) for name in tag.attrs if name == "style" or name[:2] == "on"]
        assert not forbidden
        assert not found.find_all(["style", "img"])


# Deliveries.


def test_deliveries_say_what_failed_and_why_and_chiefs_have_it_tried_again(several, django_assert_max_num_queries):
    """One, or all that fit; others see it and may not; strangers see nothing."""
    bea, chief = person("bea", brazil="editor"), person("che", brazil="chief")
    page = Delivery.objects.get(status="failed")
    Receipt.objects.create(delivery=page, sequence=1, outcome="permanent", detail="x", at=timezone.now())
    client = browser(bea)
    with django_assert_max_num_queries(14):
        seen = tree(client, "/deliveries/")
    assert "The disk is full. Make room." in seen.get_text()
    assert not seen.select("main form[method=post]")
    assert browser(bea).post(f"/deliveries/{page.pk}/retry/").status_code == 403
    assert browser(person("dan")).post(f"/deliveries/{page.pk}/retry/").status_code == 404
    assert "The disk" not in tree(browser(person("pat", portugal="chief")), "/deliveries/").get_text()
    form = tree(browser(chief), "/deliveries/").select_one("td form[method=post]")
    answer = browser(chief).post(form["action"], {"next": "//evil.example/"})
    assert (answer.status_code, answer.headers["Location"]) == (302, "/deliveries/")
    page.refresh_from_db()
    assert (page.status, page.attempts, page.reason) == ("ready", 0, "")


def test_all_that_fit_the_filters_are_tried_again_and_no_others(several):
    """A chief's own sections only; an operator's also the lists that failed."""
    Delivery.objects.all().update(status="failed", reason="The host is gone. Wait.")
    Refresh.objects.filter(page="front", section="brazil").update(status="failed", reason="The disk is full.")
    chief = browser(person("che", brazil="chief", united_states="editor"))
    assert len(tree(chief, "/deliveries/", section="brazil").select("tbody tr")) == 5
    chief.post("/deliveries/retry/", {"query": "text=gone", "lists": "yes"})
    left = set(Delivery.objects.filter(status="failed").values_list("edition__section", flat=True))
    assert left == {"united-states"}
    assert Refresh.objects.filter(status="failed").exists()
    oda = browser(person("oda", staff=True))
    assert "Lists, feeds and sitemaps that failed" in tree(oda, "/deliveries/").get_text()
    oda.post("/deliveries/retry/", {"query": "text=nothing-like-this", "lists": "yes"})
    assert Delivery.objects.filter(status="failed").exists()
    assert not Refresh.objects.filter(status="failed").exists()
    oda.post("/deliveries/retry/", {"query": ""})
    assert not Delivery.objects.filter(status="failed").exists()


def test_deliveries_come_in_pages(several, monkeypatch):
    """From the newest; an odd number does no harm."""
    monkeypatch.setattr("pipeline.desk.board.deliveries.PER_PAGE", 4)
    client, shown, address = browser(person("oda", staff=True)), 0, "/deliveries/?status=all"
    while address:
        found = tree(client, address)
        shown += len(found.select("tbody tr"))
        following = found.find("a", rel="next")
        address = f"/deliveries/{following['href']}" if following else ""
    assert shown == Delivery.objects.count() > 4
    assert tree(client, "/deliveries/?status=all&before=x").select("tbody tr")


# Workers.


def test_workers_show_lanes_with_depth_and_age_and_who_can_translate_what(several):
    """What waits for a model, and for nobody; only operators look."""
    oda = browser(person("oda", staff=True))
    WorkerBeat.objects.create(
        name="old <b>",
        lanes=["prepare"],
        hops=[],
        started_at=timezone.now(),
        seen_at=timezone.now() - engines.STALE * 2,
    )
    WorkerBeat.objects.filter(name="inline").update(lanes=["publish.site"])
    found = tree(oda, "/workers/")
    rows: dict[str, Any] = {
        row.find(class_="code").get_text(): row for row in found.select("#lanes ~ .scroll tbody tr")
    }
    assert list(rows) == ["prepare", "translate.pt", "translate.en", "publish.site", "webhooks"]
    prepare = [cell.get_text(strip=True) for cell in rows["prepare"].find_all("td")]
    assert (prepare[0], prepare[-1]) == ("1", "0")
    assert prepare[1].endswith("ago")
    assert "no worker serves it" in rows["prepare"].get_text()
    assert [cell.get_text() for cell in rows["publish.site"].find_all("td")][-2:] == ["1", "1"]
    told = found.get_text(" ", strip=True)
    assert "English → Portuguese · fake" in told
    assert "shows no life" in told
    assert "old <b>" in told
    lacking = found.select("#lacking ~ .scroll tbody tr")
    assert [cell.get_text(strip=True) for cell in lacking[0].find_all(["th", "td"])][:3] == [
        "English",
        "Portuguese",
        "1",
    ]
    assert browser(person("ada", portugal="chief")).get("/workers/").status_code == 404


def test_without_a_worker_the_page_says_what_to_do(desk):
    """Nothing moves."""
    WorkerBeat.objects.all().delete()
    assert "sectionwire worker" in tree(browser(person("oda", staff=True)), "/workers/").get_text()


def test_what_has_failed_is_found_at_every_stage(desk, ada):
    """A revision that can't be read, a translation, a page: by whoever may know of it."""
    desk.submit("<p>Fine.</p>", key="fine", title="Fine")
    desk.work()
    desk.submit("<p>Refused.</p>", key="refused", title="Refused", name="refused.html")
    Article.objects.get(key="refused").revisions.update(
        status="failed", reason="It can't be read.", state="rejected", submitted_by="cem"
    )
    assert publish.run("site")
    oda, cem = person("oda", staff=True), person("cem")
    assert titles(browser(oda), state="failed") == titles(browser(cem), state="failed") == ["Refused"]
    assert titles(browser(ada), state="failed") == []
    Translation.objects.filter(article__key="fine", base="pt").update(status=Status.FAILED, reason="Broken.")
    assert titles(browser(ada), state="failed") == ["Fine"]
    assert rights(ada).sections == ["portugal"]
