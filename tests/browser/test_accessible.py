"""Every page by axe-core, in both colour schemes, wide and narrow, in a right-to-left language."""

from __future__ import annotations

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.urls import reverse

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
        reverse("home"),
        reverse("help"),
        reverse("preferences"),
        reverse("edition", args=[pk]),
        f"{reverse('edition', args=[pk])}?show=eyes",
        reverse("segment", args=[pk, "b1"]),
        reverse("preview", args=[pk]),
    ]


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [320, 1280])
def test_axe_finds_nothing_and_nothing_is_wider_than_the_window(edition, people, scheme, width):
    people.make("ada", portugal="editor")
    page = people.page("ada", color_scheme=scheme, viewport={"width": width, "height": 900})
    axe = Axe()
    page.context.add_init_script("")  # axe runs by evaluation, which the policy lets the test do, and no page
    found = []
    for address in addresses(edition):
        page.goto(address)
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


def test_texts_have_their_own_direction_and_the_page_that_of_its_language(desk, people):
    """An Arabic quotation's article, and an interface that is read from the left."""
    desk.submit("<p>The river rose.</p>", title="دریا", key="rtl")
    desk.work()
    user = people.make("ada", portugal="editor")
    Preference.objects.create(user=user, language="en")
    page = people.page("ada")
    page.goto(reverse("edition", args=[desk.edition("portugal").pk]))
    assert page.locator("html").get_attribute("dir") == "ltr"
    assert page.locator("#s-b1 .src").get_attribute("dir") == "ltr"
