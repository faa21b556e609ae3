"""The desk's first page: where every article is, for people who are signed in."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from bs4 import BeautifulSoup
from django.contrib.auth.models import User
from django.test import Client

from pipeline.desk import views
from pipeline.flow import status
from pipeline.ledger.models import Membership

URDU = "اسکول جو دریا کے ساتھ اٹھتا ہے"


@pytest.fixture
def editor(client: Client, db) -> Client:
    """A browser of an editor of Portugal and Angola."""
    ada = User.objects.create_user("ada")
    for section in ("portugal", "angola"):
        Membership.objects.create(user=ada, section=section, role="editor")
    client.force_login(ada)
    return client


def page(client: Client, address: str = "/") -> BeautifulSoup:
    """A page as a tree."""
    return BeautifulSoup(client.get(address).content.decode(), "lxml")


def test_strangers_are_asked_to_sign_in_and_come_back(desk, client):
    """Nobody sees an article without an account; the way back is kept."""
    desk.submit()
    answer = client.get("/?page=2")
    assert (answer.status_code, answer.headers["Location"]) == (302, "/sign-in/?next=/%3Fpage%3D2")
    User.objects.create_user("ada", password="tidewater-pass-1")
    wrong = client.post("/sign-in/", {"username": "ada", "password": "x", "next": "/?page=2"})
    assert 'role="alert"' in wrong.content.decode()
    right = client.post("/sign-in/", {"username": "ada", "password": "tidewater-pass-1", "next": "/?page=2"})
    assert (right.status_code, right.headers["Location"]) == (302, "/?page=2")


def test_the_matrix_is_a_table_that_a_screen_reader_can_read(desk, editor):
    """A caption, headings with their scope, a word in every cell, titles in their own direction."""
    desk.submit(title=URDU)
    desk.work()
    tree = page(editor)
    table = tree.find("table")
    assert table.caption
    assert [th.get_text(" ", strip=True) for th in table.thead.find_all("th", scope="col")] == [
        "Article",
        "portugal pt-PT",
        "brazil pt-BR",
        "angola pt-AO",
        "united-states en-US",
    ]
    (row,) = table.tbody.find_all("tr")
    title = row.find("th", scope="row").find(class_="title")
    assert (title.get_text(), title["dir"], title["lang"]) == (URDU, "auto", "en")
    places = [cell.find(class_="place").get_text() for cell in row.find_all("td")]
    assert places == ["waiting for review", "published", "waiting for another section", "published"]
    assert "waits for an editor of Portugal" in row.get_text()
    assert row.find("a", class_="published")["href"] == desk.edition("brazil").deliveries.get().url


def test_of_other_sections_only_what_is_published_is_shown(desk, client):
    """Not what they decide, nor why; a stranger does not even see an article that nobody has published."""
    desk.submit()
    desk.work()
    client.force_login(User.objects.create_user("dan"))
    tree = page(client)
    cells = [cell.get_text(" ", strip=True) for cell in tree.select("tbody td")]
    assert cells == ["not published", "published", "not published", "published"]
    assert "waits for an editor" not in tree.get_text()
    desk.submit("<p>The wind turned.</p>", key="wind", title="Wind report")
    assert "Wind report" not in page(client).get_text()


def test_every_place_has_a_sign_in_the_style_sheet():
    """Except those that are under way: they have the common one."""
    css = Path(views.__file__).with_name("static") / "desk" / "desk.css"
    signs = set(re.findall(r"^\.([a-z_]+)::before", css.read_text(encoding="utf-8"), re.MULTILINE))
    assert {place.name.lower() for place in status.Place} - signs == {"preparing"}


@pytest.mark.parametrize("address", ["/", "/sign-in/"])
def test_pages_hold_nothing_that_the_strict_policy_forbids(desk, editor, address):
    """No inline style or script, nothing from elsewhere; the policy is sent."""
    desk.submit("<p>The water rose.</p>", title='<script>alert(1)</script> "flood"')
    answer = editor.get(address)
    assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
    tree = BeautifulSoup(answer.content.decode(), "lxml")
    assert not tree.find_all("style")
    assert all(tag["src"].startswith("/static/") and not tag.get_text() for tag in tree.find_all("script"))
    assert not [
        tag for tag in tree.find_all(True) if any(name == "style" or name.startswith("on") for name in tag.attrs)
    ]
    assert all(tag["href"].startswith("/static/") for tag in tree.find_all("link"))


def test_many_articles_come_in_pages_and_an_odd_page_number_does_no_harm(desk, editor, monkeypatch):
    """Newer and older; the last page for a number beyond."""
    monkeypatch.setattr(views, "PER_PAGE", 2)
    for number in range(3):
        desk.submit(f"<p>The water rose {number}.</p>", key=f"tide-{number}")
    first, last = page(editor), page(editor, "/?page=999")
    assert [bdi.get_text() for bdi in first.select("tbody bdi")] == ["tide-2", "tide-1"]
    assert [bdi.get_text() for bdi in last.select("tbody bdi")] == ["tide-0"]
    assert first.find("a", rel="next")["href"] == "?page=2"
    assert page(editor, "/?page=x").find("a", rel="next")


def test_an_empty_ledger_says_how_to_begin(desk, editor):
    """And shows no empty table."""
    tree = page(editor)
    assert "sectionwire submit FILE" in tree.get_text()
    assert tree.find("table") is None


def test_the_page_takes_the_same_number_of_queries_for_many_articles(desk, editor, django_assert_max_num_queries):
    """However many there are."""
    for number in range(12):
        desk.submit(f"<p>The water rose {number}.</p>", key=f"tide-{number}")
    desk.work()
    with django_assert_max_num_queries(12):
        editor.get("/")
