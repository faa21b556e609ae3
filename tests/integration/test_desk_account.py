"""Accounts: signing in, being locked out, passwords, preferences, the operators' room, ``sectionwire people``."""

from __future__ import annotations

import io
import json
import re
from datetime import timedelta

import pytest
from axes.models import AccessAttempt
from django.conf import settings as django_settings
from django.contrib.auth.models import User
from django.core import mail
from django.core.cache import cache
from django.core.exceptions import ImproperlyConfigured
from django.core.mail.backends.locmem import EmailBackend
from django.core.management import call_command
from django.test import Client, RequestFactory

from config import settings as config
from pipeline.desk import security
from pipeline.errors import Permanent
from pipeline.ledger.models import Membership, Preference

PASSWORD = "tidewater-pass-1"


@pytest.fixture(autouse=True)
def forgetful(settings) -> None:
    """Nobody is locked out by the test before."""
    cache.clear()
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


@pytest.fixture
def ada(home, db, settings) -> User:
    """Somebody with an account and a password."""
    settings.NETWORK_FILE.write_text((home / "network.toml").read_text(encoding="utf-8"), encoding="utf-8")
    return User.objects.create_user("ada", "ada@example.org", PASSWORD)


def sign_in(client: Client, name: str, password: str, **extra):
    """Fill in the form."""
    return client.post("/sign-in/", {"username": name, "password": password}, **extra)


def people(*arguments: str) -> str:
    """Run ``sectionwire people``; gives what it prints."""
    out = io.StringIO()
    call_command("people", *arguments, stdout=out, stderr=out)
    return out.getvalue()


def test_five_wrong_passwords_lock_a_name_out_from_one_address_until_a_time_that_is_told(ada, client):
    """Even with the right password; from elsewhere, and with another name, one still gets in."""
    User.objects.create_user("bea", password=PASSWORD)
    assert [sign_in(client, "ada", f"wrong-{n}").status_code for n in range(5)] == [200, 200, 200, 200, 429]
    locked = sign_in(client, "ada", PASSWORD)
    assert locked.status_code == 429
    until = AccessAttempt.objects.get().attempt_time + timedelta(minutes=15)
    assert f'datetime="{until.isoformat()}"' in locked.content.decode()
    assert "default-src 'none'" in locked.headers["Content-Security-Policy"]
    assert sign_in(Client(), "ada", PASSWORD, REMOTE_ADDR="192.0.2.9").status_code == 302
    assert sign_in(Client(), "bea", PASSWORD).status_code == 302
    AccessAttempt.objects.update(attempt_time=until - timedelta(minutes=31))
    assert sign_in(client, "ada", PASSWORD).status_code == 302


def test_the_right_password_forgives_earlier_mistakes(ada, client):
    """Four wrong ones in the morning and four in the evening are no attack."""
    for _ in range(2):
        for number in range(4):
            sign_in(client, "ada", f"wrong-{number}")
        assert sign_in(client, "ada", PASSWORD).status_code == 302
    assert not AccessAttempt.objects.exists()


def test_what_a_failed_attempt_leaves_behind_holds_no_password(ada, client):
    """Nor the token of the form."""
    sign_in(client, "ada", "my-real-password", headers={"X-CSRFToken": "token"})
    client.post("/sign-in/", {"username": "ada", "password": "secret-2", "csrfmiddlewaretoken": "secret-3"})
    row = AccessAttempt.objects.get()
    assert "my-real" not in row.post_data
    assert "secret" not in row.post_data + row.get_data


@pytest.mark.parametrize(
    ("proxies", "told", "address"),
    [
        *((0, "198.51.100.7", "192.0.2.1"), (1, "198.51.100.7", "198.51.100.7"), (1, "", "192.0.2.1")),
        *((1, "203.0.113.5, 198.51.100.7", "198.51.100.7"), (2, "203.0.113.5, 198.51.100.7", "203.0.113.5")),
        *((3, "198.51.100.7", "198.51.100.7"), (1, "<script>", "192.0.2.1"), (1, "2001:db8::1", "2001:db8::1")),
    ],
)
def test_only_our_own_proxies_are_believed(settings, proxies, told, address):
    """Whoever asks may write into the header what they like."""
    settings.TRUSTED_PROXIES = proxies
    request = RequestFactory().get("/", REMOTE_ADDR="192.0.2.1", headers={"X-Forwarded-For": told})
    assert security.client_address(request) == address


def test_a_forgotten_password_is_replaced_by_a_link_that_works_once(ada, client):
    """And the answer does not tell whether there is such an account."""
    for address in ("ada@example.org", "nobody@example.org"):
        answer = client.post("/account/forgotten/", {"email": address})
        assert answer.headers["Location"] == "/account/forgotten/sent/"
    (message,) = mail.outbox
    assert message.to == ["ada@example.org"]
    link = re.search(r"http://testserver(/account/set/\S+)", message.body)[1]
    page = client.get(link, follow=True)
    place = page.redirect_chain[-1][0]
    weak = client.post(place, {"new_password1": "short", "new_password2": "short"})
    assert "too short" in weak.content.decode()
    done = client.post(place, {"new_password1": "harbour-lamp-9", "new_password2": "harbour-lamp-9"}, follow=True)
    assert "new password is set" in done.content.decode()
    assert sign_in(client, "ada", "harbour-lamp-9").status_code == 302
    assert "used already" in Client().get(link, follow=True).content.decode()


def test_nobodys_letter_box_is_filled_with_links(ada, client):
    """One link in five minutes; the answer stays the same."""
    for _ in range(3):
        assert client.post("/account/forgotten/", {"email": "ada@example.org"}).status_code == 302
    assert len(mail.outbox) == 1
    cache.clear()
    client.post("/account/forgotten/", {"email": "ada@example.org"})
    assert len(mail.outbox) == 2


def test_a_password_is_changed_by_who_knows_the_old_one(ada, client):
    """Other browsers are signed out."""
    other = Client()
    for browser in (client, other):
        sign_in(browser, "ada", PASSWORD)
    given = {"new_password1": "harbour-lamp-9", "new_password2": "harbour-lamp-9"}
    assert client.post("/account/password/", {"old_password": "x", **given}).status_code == 200
    assert client.post("/account/password/", {"old_password": PASSWORD, **given}).status_code == 302
    assert client.get("/account/").status_code == 200
    assert other.get("/account/").status_code == 302


def test_a_person_chooses_the_language_of_the_desk(ada, client, settings):
    """It wins over the browser's; a right-to-left one turns the page; an unknown one is refused."""
    settings.LANGUAGES = [("en", "en"), ("pt", "pt"), ("ur", "ur")]
    client.force_login(ada)
    wanted = {"headers": {"Accept-Language": "pt"}}
    assert '<html lang="pt" dir="ltr">' in client.get("/help/", **wanted).content.decode()
    assert client.post("/account/", {"language": "ur"}).status_code == 302
    answer = client.get("/help/", **wanted)
    assert '<html lang="ur" dir="rtl">' in answer.content.decode()
    assert answer.headers["Content-Language"] == "ur"
    assert client.post("/account/", {"language": "xx"}).status_code == 422
    assert Preference.objects.get().language == "ur"
    client.post("/account/", {"language": ""})
    assert Preference.objects.get().language == ""


def test_pages_of_people_stay_out_of_shared_caches(ada, client):
    """They are private."""
    client.force_login(ada)
    assert "private" in client.get("/desk/").headers["Cache-Control"]


def test_an_operator_gives_people_sections_of_the_network_only(ada, client):
    """In the admin, by a form beside the account."""
    op = User.objects.create_user("op", is_staff=True)
    client.force_login(op)
    address = f"/admin/auth/user/{ada.pk}/change/"
    assert 'value="portugal"' in client.get(address).content.decode()
    given = {
        "username": "ada",
        "email": "ada@example.org",
        "is_active": "on",
        "is_superuser": "on",
        "is_staff": "on",
        "memberships-TOTAL_FORMS": "1",
        "memberships-INITIAL_FORMS": "0",
        "memberships-0-role": "chief",
    }
    assert client.post(address, {**given, "memberships-0-section": "nowhere"}).status_code == 200
    assert client.post(address, {**given, "memberships-0-section": "portugal"}).status_code == 302
    assert Membership.objects.get(user=ada).role == "chief"
    ada.refresh_from_db()
    assert (ada.is_staff, ada.is_superuser) == (False, False)


def test_an_operator_has_no_power_over_superusers(ada, client):
    """Neither over their passwords, nor by making one."""
    boss = User.objects.create_superuser("boss", password=PASSWORD)
    client.force_login(User.objects.create_user("op", is_staff=True))
    new = {"password1": "harbour-lamp-9", "password2": "harbour-lamp-9"}
    assert client.post(f"/admin/auth/user/{boss.pk}/password/", new).status_code == 403
    assert client.post(f"/admin/auth/user/{boss.pk}/change/", {"username": "boss"}).status_code == 403
    assert client.post(f"/admin/auth/user/{ada.pk}/delete/", {"post": "yes"}).status_code == 403
    assert User.objects.filter(is_superuser=True).count() == 1


def test_people_are_added_by_an_operator_without_a_browser(ada, client):
    """The link that is printed sets the password; who has one already is not given another."""
    said = people("add", "ines", "--section", "portugal", "--email", "ines@example.org")
    assert "ines is editor in portugal." in said
    link = re.search(r"http://127.0.0.1:8200(/account/set/\S+)", said)[1]
    assert "Choose a password" in client.get(link, follow=True).content.decode()
    assert Membership.objects.get(user__username="ines").role == "editor"
    assert "http" not in people("add", "ada", "--section", "brazil", "--role", "chief")
    people("role", "ines", "--section", "portugal", "--role", "chief")
    first, second = json.loads(people("list", "--json"))
    assert (first["name"], first["sections"]) == ("ada", {"brazil": "chief"})
    assert (second["name"], second["sections"]) == ("ines", {"portugal": "chief"})
    given = re.search(r"http://127.0.0.1:8200(/account/set/\S+)", people("link", "ada"))[1]
    people("remove", "ines", "--section", "portugal")
    people("remove", "ada")
    assert "has been used already" in client.get(given, follow=True).content.decode()
    with pytest.raises(Permanent, match="account ada is closed"):
        people("link", "ada")
    assert not Membership.objects.exists()
    assert not User.objects.get(username="ada").is_active
    assert "ada  no section, closed" in people("list")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["add", "ines", "--section", "nowhere"], "no section"),
        (["add", "in es", "--section", "portugal"], "can't be made"),
        (["add", "ines", "--section", "portugal", "--email", "x"], "can't be made"),
        (["role", "ada", "--section", "portugal"], "does not work in"),
        (["remove", "ada", "--section", "portugal"], "does not work in"),
        (["link", "nobody"], "no account"),
    ],
)
def test_what_can_not_be_done_for_people_is_said_in_a_sentence(ada, arguments, message):
    """And nothing is half done."""
    with pytest.raises(Permanent, match=message):
        people(*arguments)
    assert list(User.objects.values_list("username", flat=True)) == ["ada"]


def test_a_link_is_mailed_where_mail_is_set_up(ada, settings, monkeypatch):
    """And not printed then."""
    monkeypatch.setattr(django_settings, "EMAIL_BACKEND", "django.core.mail.backends.smtp.EmailBackend")
    monkeypatch.setattr("django.core.mail.get_connection", lambda **_: EmailBackend())
    assert "http" not in people("link", "ada")
    assert "http://127.0.0.1:8200/account/set/" in mail.outbox[-1].body


@pytest.mark.parametrize(
    ("address", "host", "port", "tls"),
    [
        ("smtp+tls://user:p%40ss@mail.example", "mail.example", 587, True),
        ("smtps://mail.example:4650", "mail.example", 4650, False),
        ("smtp://mail.example", "mail.example", 25, False),
    ],
)
def test_how_mail_is_sent_comes_from_one_variable(monkeypatch, address, host, port, tls):
    """With everything that a mail server asks for."""
    monkeypatch.setenv("SECTIONWIRE_EMAIL_URL", address)
    read = config.read_mail()
    assert (read["EMAIL_HOST"], read["EMAIL_PORT"], read["EMAIL_USE_TLS"]) == (host, port, tls)
    assert read["EMAIL_HOST_PASSWORD"] == ("p@ss" if "user" in address else "")


@pytest.mark.parametrize("address", ["mail.example", "http://mail.example", "smtp://", "smtp://mail.example:x"])
def test_a_mail_address_that_is_none_is_told_without_its_password(monkeypatch, address):
    """In a sentence."""
    monkeypatch.setenv("SECTIONWIRE_EMAIL_URL", address)
    with pytest.raises(ImproperlyConfigured, match="SECTIONWIRE_EMAIL_URL is none"):
        config.read_mail()


def test_a_language_of_the_interface_needs_only_a_file(tmp_path):
    """Its folder is named as gettext wants it."""
    for name in ("pt_BR", "ur"):
        (tmp_path / name / "LC_MESSAGES").mkdir(parents=True)
        (tmp_path / name / "LC_MESSAGES" / "django.mo").write_bytes(b"")
    assert config.find_languages(tmp_path) == ["pt-br", "ur"]
