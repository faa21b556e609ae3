"""My desk in a browser: decisions about several at once and their undo, with keys alone, from right to left."""

from __future__ import annotations

import re

import pytest
from django.urls import reverse
from playwright.sync_api import Page, expect

from pipeline.ledger.models import Edition, Preference

pytestmark = [pytest.mark.slow, pytest.mark.timeout(400), pytest.mark.django_db(transaction=True)]


@pytest.fixture
def waits(desk) -> None:
    """Three articles wait in Portugal."""
    for key in ("tide", "wind", "rain"):
        desk.submit(f"<p>The {key} rose by the harbour.</p>", key=key, title=f"The {key} report", name=f"{key}.html")
    desk.work(publishing=False)


def edition(key: str) -> Edition:
    """Portugal's edition of an article."""
    return Edition.objects.get(section="portugal", article__key=key)


def tick(page: Page, *keys: str) -> None:
    """Tick articles."""
    for key in keys:
        page.locator(f"#tick-{edition(key).pk}").check()


def states() -> dict[str, str]:
    """How Portugal's editions stand."""
    return dict(Edition.objects.filter(section="portugal").values_list("article__key", "state"))


def test_several_are_approved_assigned_and_returned_and_all_of_it_undone(waits, people):
    people.make("ada", portugal="editor")
    page = people.page("ada")
    tick(page, "tide", "wind")
    expect(page.locator("#ticked")).to_have_text("(2)")
    page.get_by_role("button", name="Assign", exact=True).click()
    expect(page.locator("#outcomes-summary")).to_have_text("2 of 2 done.")
    expect(page.get_by_text("assigned to ada")).to_have_count(2)
    tick(page, "tide", "wind")
    page.get_by_role("button", name="Approve").click()
    expect(page.locator("#outcomes-summary")).to_have_text("2 of 2 done.")
    assert states() == {"tide": "approved", "wind": "approved", "rain": "in_review"}
    page.locator(".outcomes").get_by_role("button", name=re.compile("Undo")).first.click()
    expect(page.get_by_text("waits for a decision again")).to_be_visible()
    assert sorted(states().values()) == ["approved", "in_review", "in_review"]
    tick(page, "rain")
    page.get_by_role("button", name="Return", exact=True).click()
    assert page.locator("#why").evaluate("field => field.validity.valueMissing")
    page.locator("#why").fill("The names are wrong.")
    page.get_by_role("button", name="Return", exact=True).click()
    expect(page.locator(".line .why")).to_contain_text("The names are wrong.")
    recent = page.locator(".recent li").filter(has_text="returned")
    recent.get_by_role("button", name=re.compile("Undo")).click()
    expect(page.get_by_text("waits for a decision again")).to_be_visible()
    assert states()["rain"] == "in_review"


def test_with_keys_alone(waits, people):
    people.make("ada", portugal="editor")
    page = people.page("ada")
    page.goto(reverse("desk"))
    page.keyboard.press("?")
    expect(page.get_by_role("dialog")).to_be_visible()
    page.keyboard.press("Escape")
    for key in ("j", "x", "j", "j", "k", "x"):  # the first, and the second after a step too far
        page.keyboard.press(key)
    expect(page.locator(".line input:checked")).to_have_count(2)
    page.keyboard.press("a")
    expect(page.locator("#decide-heading")).to_be_focused()
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.locator("#outcomes-summary")).to_have_text("2 of 2 done.")
    assert sorted(states().values()) == ["approved", "approved", "in_review"]
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    expect(page.locator("#verdict")).to_be_visible()


def test_from_right_to_left(waits, people):
    """Ticks stand at the right; Portuguese titles keep their direction; letters in a field are no keys."""
    Preference.objects.create(user=people.make("uzma", portugal="chief"), language="ur")
    page = people.page("uzma")
    assert page.locator("html").get_attribute("dir") == "rtl"
    line = page.locator(".line").first
    box, title = line.locator("input[type=checkbox]").bounding_box(), line.locator("h2 a")
    assert box["x"] > title.bounding_box()["x"]
    assert title.evaluate("title => getComputedStyle(title).direction") == "ltr"
    field = page.locator("#filter-text")
    field.press_sequentially("xj tide")
    expect(field).to_have_value("xj tide")
    expect(page.locator(".line input:checked")).to_have_count(0)
    page.goto(reverse("desk"))
    tick(page, "tide")
    page.locator("button[value=approve]").click()
    expect(page.locator(".outcomes.success")).to_be_visible()
    assert not re.search("[A-Za-z]{4}", page.locator(".outcomes .result").inner_text())
