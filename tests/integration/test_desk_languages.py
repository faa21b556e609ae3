"""The desk in a person's own language: chosen once, on every page, with nothing of it left in English."""

from __future__ import annotations

import re

import pytest
from bs4 import BeautifulSoup, NavigableString
from django.conf import settings as django_settings
from django.contrib.auth.models import User
from django.test import Client

from pipeline.ledger.models import Membership, Preference

PAGES = ("/board/", "/desk/", "/desk/?text=nothing-like-this", "/help/", "/account/", "/account/password/")
OURS = re.compile(
    r"Tidewater Relief|\b(?:Portugal|Brasil|Angola|USA|United States)\b|"
    r"Europe/Lisbon|Sectionwire|\bada\b|ada@example\.org|\b(?:[a-z]{2}(?:-[A-Z]{2})?)\b|@"
)
"""Names and tags, which are the same in all languages."""


@pytest.fixture(autouse=True)
def quick(settings) -> None:
    """Signing in is not what is tested."""
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


@pytest.fixture
def ada(client: Client, db) -> User:
    """An editor of Portugal and Angola who reads Urdu."""
    ada = User.objects.create_user("ada", "ada@example.org", "tidewater-pass-1")
    for section in ("portugal", "angola"):
        Membership.objects.create(user=ada, section=section, role="editor")
    Preference.objects.create(user=ada, language="ur")
    client.force_login(ada)
    return ada


def latin(tree: BeautifulSoup) -> list[str]:
    """Texts in Latin letters that are neither said to be in a language, nor a name, nor code."""
    found = []
    for text in tree.body.find_all(string=True):
        named = text.find_parent(lambda tag: tag.name in {"bdi", "code", "kbd", "script"} or "lang" in tag.attrs)
        if type(text) is NavigableString and named is tree.body.find_parent("html"):
            found += re.findall(r"[A-Za-z]{2,}[^<]*", OURS.sub("", text))
    return found


def test_a_language_that_was_chosen_holds_on_every_page(desk, ada, client):
    """Its tag, its direction, and no English but what says that it is."""
    desk.submit(title="اسکول جو دریا کے ساتھ اٹھتا ہے")
    desk.work()
    for address in (*PAGES, f"/editions/{desk.edition('portugal').pk}/"):
        answer = client.get(address)
        tree = BeautifulSoup(answer.content.decode(), "lxml")
        assert (tree.html["lang"], tree.html["dir"], answer.headers["Content-Language"]) == ("ur", "rtl", "ur")
        for name in tree.select("thead th[title], select[name=section] option, select[name=language] option"):
            name.decompose()  # what has a name of its own
        assert latin(tree) == [], address


def test_what_django_says_in_forms_is_in_that_language_too(desk, ada, client):
    """Errors and rules of passwords: Django itself has little of it in Urdu."""
    wrong = {"old_password": "x", "new_password1": "short", "new_password2": "other"}
    for fields in ({}, wrong, wrong | {"new_password2": "short"}):
        tree = BeautifulSoup(client.post("/account/password/", fields).content.decode(), "lxml")
        assert tree.select(".alert")
        assert latin(tree) == []


def test_a_person_changes_the_language_and_is_answered_in_it(desk, ada, client):
    """The choice is offered by each language's own name, and holds from that moment on."""
    tree = BeautifulSoup(client.get("/account/").content.decode(), "lxml")
    offered = {option["value"]: option.get_text() for option in tree.select("[name=language] option")}
    assert set(offered) == {"", *dict(django_settings.LANGUAGES)}
    assert (offered["pt"], offered["ur"], offered["en"]) == ("Português", "اردو", "English")
    saved = client.post("/account/", {"language": "pt"}, follow=True).content.decode()
    assert "As suas preferências foram guardadas." in saved
    assert BeautifulSoup(saved, "lxml").html["lang"] == "pt"


def test_a_stranger_is_spoken_to_as_the_browser_asks(desk, client):
    """A region's tag finds its language; one that the desk does not have is answered in English."""
    for asked, said in (("pt-PT,pt;q=0.8", "pt"), ("ur-PK", "ur"), ("tlh", "en")):
        answer = client.get("/sign-in/", headers={"Accept-Language": asked})
        assert answer.headers["Content-Language"] == said
        assert f'<html lang="{said}"' in answer.content.decode()


def test_pages_of_errors_are_in_that_language(desk, ada, client):
    """Those that are built without anything else as well."""
    assert "یہاں آپ کے لیے کچھ نہیں" in client.get("/editions/999999/").content.decode()
    wrong = client.post("/desk/decide/", {"action": "nothing-like-this"})
    assert (wrong.status_code, '<html lang="ur" dir="rtl">' in wrong.content.decode()) == (400, True)
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(ada)
    old = strict.post("/desk/undo/", {"edition": "1"})
    assert (old.status_code, '<html lang="ur" dir="rtl">' in old.content.decode()) == (403, True)
