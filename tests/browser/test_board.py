"""The board in a browser: it changes by itself, stays where one is, and can be paused; filters stand in the address."""

from __future__ import annotations

import re

import pytest
from django.urls import reverse
from playwright.sync_api import expect

from pipeline.flow import board
from pipeline.ledger.models import Article, Delivery

pytestmark = [pytest.mark.slow, pytest.mark.timeout(400), pytest.mark.django_db(transaction=True)]


@pytest.fixture
def articles(desk, monkeypatch) -> list[Article]:
    """Three articles; nothing but what happens to them moves the board."""
    monkeypatch.setattr(board, "REFRESHED", 10**10)
    for key in ("tide", "wind", "rain"):
        desk.submit(f"<p>The {key} rose.</p>", key=key, title=f"The {key} report", name=f"{key}.html")
    desk.work(publishing=False)
    return list(Article.objects.order_by("-created_at", "-pk"))


def test_the_board_changes_by_itself_and_one_stays_where_one_is(desk, articles, people):
    """The focus stays on its cell; paused, nothing moves; a filter is kept by what comes in."""
    people.make("ada", portugal="editor")
    page = people.page("ada")
    page.clock.install()
    page.goto(reverse("board"))
    cell = page.locator(f"#c{articles[0].pk}-0")
    expect(cell).to_contain_text("in review")
    cell.focus()
    desk.submit("<p>The snow fell.</p>", key="snow", title="The snow report", name="snow.html")
    desk.work(publishing=False)
    page.clock.run_for(10_500)
    expect(page.locator("#rows")).to_contain_text("The snow report")
    expect(cell).to_be_focused()
    page.get_by_role("button", name="Pause").click()
    desk.submit("<p>The hail fell.</p>", key="hail", title="The hail report", name="hail.html")
    desk.work(publishing=False)
    page.clock.run_for(10_500)
    expect(page.locator("#rows")).not_to_contain_text("The hail report")
    page.get_by_role("button", name="Pause").click()
    expect(page.locator("#rows")).to_contain_text("The hail report")
    page.locator("#filter-text").fill("rain")
    page.locator("#filter-text").press("Enter")
    expect(page.locator("#rows tr")).to_have_count(1)
    expect(page).to_have_url(re.compile(r"/board/\?text=rain$"))
    page.reload()
    expect(page.locator("#rows tr")).to_have_count(1)


def test_without_scripts_a_chief_withdraws_and_has_a_delivery_tried_again(desk, articles, people):
    """Links, forms and pages that ask: nothing more is needed."""
    desk.work()
    Delivery.objects.filter(edition__section="brazil", edition__article=articles[0]).update(
        status="failed", reason="The disk is full. Make room."
    )
    people.make("che", brazil="chief")
    page = people.page("che", java_script_enabled=False)
    page.goto(reverse("board"))
    page.locator("#filter-state").select_option("failed")
    page.get_by_role("button", name="Show").click()
    expect(page.locator("#rows tr")).to_have_count(1)
    page.locator("#rows a.title").click()
    page.get_by_role("button", name=re.compile("Try again ?: Brasil")).click()
    expect(page.locator(".messages")).to_contain_text("It is tried again.")
    page.get_by_role("link", name=re.compile("Withdraw ?: Brasil")).click()
    page.locator("#why").fill("The figures are wrong.")
    page.get_by_role("button", name="Withdraw it").click()
    expect(page.locator(".messages")).to_contain_text("Withdrawn.")
    expect(page.locator("#brazil-pt-BR")).to_contain_text("withdrawn by che: The figures are wrong.")
