"""Every page by axe-core, in both colour schemes, wide and narrow, in a right-to-left language."""

from __future__ import annotations

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.urls import reverse

from pipeline.flow import digest
from pipeline.ledger.models import Edition, Preference

pytestmark = [pytest.mark.slow, pytest.mark.timeout(400), pytest.mark.django_db(transaction=True)]

WCAG = {"runOnly": {"type": "tag", "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]}}
HTML = (
    '<p>The <a href="https://example.org/boat">boat</a> left the <strong>harbour</strong>.</p><p>Nobody was hurt.</p>'
)


@pytest.fixture
def edition(desk) -> Edition:
    """Portugal's edition: it waits."""
    desk.submit(HTML)
    desk.work()
    return desk.edition("portugal")


def addresses(edition: Edition) -> list[str]:
    """The pages of the desk."""
    pk = edition.pk
    return [
        reverse("desk"),
        reverse("help"),
        reverse("preferences"),
        reverse("numbers"),
        *(reverse("submit", query={"way": way}) for way in ("paste", "file", "address")),
        reverse("submit_mine"),
        reverse("edition", args=[pk]),
        f"{reverse('edition', args=[pk])}?show=eyes",
        reverse("segment", args=[pk, "b1"]),
        reverse("preview", args=[pk]),
        reverse("slug", args=[pk]),
        reverse("board"),
        f"{reverse('board')}?by=languages",
        reverse("article", args=[edition.article.uid]),
        reverse("article_revision", args=[edition.article.uid, 1]),
        reverse("article_versions", args=[edition.article.uid, "pt"]),
        f"{reverse('deliveries')}?status=all",
        *(reverse(f"edition_{action}", args=[pk]) for action in ("withdraw", "restore", "correct")),
        reverse("runs"),
    ]


@pytest.mark.parametrize(
    ("scheme", "width", "language"),
    [("light", 320, "ur"), ("dark", 1280, "pt")],
)
def test_axe_finds_nothing_and_nothing_is_wider_than_the_window(edition, people, scheme, width, language):
    Preference.objects.create(user=people.make("ada", portugal="chief"), language=language)
    page = people.page("ada", color_scheme=scheme, viewport={"width": width, "height": 900})
    axe = Axe()
    found = []
    for address in addresses(edition):
        page.goto(address)
        assert page.locator("html").get_attribute("dir") == ("rtl" if language == "ur" else "ltr")
        result = axe.run(page, options=WCAG)
        found += [(address, each["id"], each["nodes"][0]["html"][:200]) for each in result.response["violations"]]
        wide = page.evaluate("document.documentElement.scrollWidth")
        if wide > width:
            found.append((address, "too wide", str(wide)))
    assert found == []


def test_the_sign_in_page_is_accessible(edition, people):
    page = people.page()
    page.goto(reverse("login"))
    assert Axe().run(page, options=WCAG).response["violations"] == []


def test_the_page_that_switches_the_daily_e_mail_off_is_accessible(people):
    page = people.page()
    page.goto(reverse("digest_off", args=[digest.token(people.make("ada"))]))
    assert Axe().run(page, options=WCAG).response["violations"] == []
    page.locator("main button").click()
    assert Axe().run(page, options=WCAG).response["violations"] == []


def test_texts_have_their_own_direction_in_a_page_of_another(desk, edition, people):
    """An English source and a Portuguese text on a page that is read from the right."""
    Preference.objects.create(user=people.make("ada", portugal="editor"), language="ur")
    page = people.page("ada")
    page.goto(reverse("edition", args=[edition.pk]))
    assert page.locator("html").get_attribute("dir") == "rtl"
    for part in (".src", ".text"):
        assert page.locator(f"#s-b1 {part}").evaluate("part => getComputedStyle(part).direction") == "ltr"
