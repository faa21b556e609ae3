"""Editors at work: find, correct, approve, see it on the site."""

from __future__ import annotations

import re

import pytest
from django.urls import reverse
from playwright.sync_api import expect

from pipeline.flow import publish
from pipeline.ledger.models import Edition, Version

pytestmark = [pytest.mark.slow, pytest.mark.timeout(400), pytest.mark.django_db(transaction=True)]

HTML = (
    '<p>The <a href="https://example.org/boat">boat</a> left the <strong>harbour</strong>.</p><p>Nobody was hurt.</p>'
)


@pytest.fixture
def edition(desk) -> Edition:
    """Portugal's edition: it waits."""
    desk.submit(HTML)
    desk.work()
    return desk.edition("portugal")


def test_sign_in_find_correct_a_segment_with_a_link_approve_and_it_is_on_the_site(desk, edition, people):
    """The whole way, with the mouse."""
    people.make("ada", portugal="editor")
    page = people.page("ada")
    page.get_by_role("link", name=re.compile("ediT")).first.click()
    segment = page.locator("#s-b1")
    segment.get_by_role("link", name="Edit").click()
    field = segment.get_by_role("textbox")
    expect(field.locator("[data-n='1']")).to_have_class(re.compile("c-a"))
    field.evaluate(
        """field => { const text = field.ownerDocument.createTextNode('Zarpou: ');
        field.prepend(text); field.dispatchEvent(new Event('input', {bubbles: true})); }"""
    )
    segment.get_by_role("button", name="Save").click()
    expect(segment.get_by_text("saved")).to_be_visible()
    page.get_by_role("button", name="Approve").click()
    expect(page.get_by_text("Approved.")).to_be_visible()
    publish.run("site")
    html = desk.page("portugal")
    assert "Zarpou: " in html
    assert '<a href="https://example.org/boat">' in html
    assert Edition.objects.get(pk=edition.pk).decided_by == "ada"


def test_everything_can_be_done_with_keys(desk, edition, people):
    """Down to a segment, write, save and on to the next; the help; the decision."""
    people.make("ada", portugal="editor")
    page = people.page("ada")
    page.goto(reverse("edition", args=[edition.pk]))
    page.keyboard.press("?")
    expect(page.get_by_role("dialog")).to_be_visible()
    page.keyboard.press("Escape")
    keys = [each.get_attribute("id") for each in page.locator(".seg").all()]
    for _ in range(keys.index("s-b2") + 1):
        page.keyboard.press("j")
    expect(page.locator("#s-b2")).to_be_focused()
    page.keyboard.press("Enter")
    area = page.locator("#s-b2").get_by_role("textbox")
    expect(area).to_be_focused()
    page.keyboard.press("Control+a")
    page.keyboard.type("Ninguém se feriu.")
    page.keyboard.press("Control+Enter")
    expect(page.locator("#s-b2 .text")).to_have_text("Ninguém se feriu.")
    expect(page.locator("#s-b2")).to_be_focused()  # it was the last one
    page.keyboard.press("a")
    expect(page.locator("#decide")).to_be_focused()
    for _ in range(20):  # a field for date and time has a stop for each of its parts
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.value") == "approve":
            break
    page.keyboard.press("Enter")
    expect(page.get_by_text("Approved.")).to_be_visible()
    assert Edition.objects.get(pk=edition.pk).approved.targets["b2"] == "Ninguém se feriu."


def test_links_can_be_moved_with_the_mouse_and_a_lost_one_is_told_of(desk, edition, people):
    people.make("ada", portugal="editor")
    page = people.page("ada")
    page.goto(reverse("edition", args=[edition.pk]))
    segment = page.locator("#s-b1")
    segment.get_by_role("link", name="Edit").click()
    field = segment.get_by_role("textbox")
    field.press("Control+a")
    field.press_sequentially("O barco saiu do porto")
    expect(segment.locator("button.wrap.missing")).to_have_count(2)
    segment.get_by_role("button", name="Save").click()
    expect(segment.get_by_role("alert")).to_contain_text("links and marks")
    people.faults.clear()  # the browser itself writes the refusal (422) to its console
    field = segment.get_by_role("textbox")
    expect(field).to_have_text("O barco saiu do porto")
    for word, number in (("porto", "2"), ("barco", "1")):
        field.evaluate(
            """(field, word) => { const walker = document.createTreeWalker(field, NodeFilter.SHOW_TEXT); let node;
            while ((node = walker.nextNode())) { const at = node.data.indexOf(word); if (at < 0) continue;
            const range = document.createRange(); range.setStart(node, at); range.setEnd(node, at + word.length);
            const chosen = getSelection(); chosen.removeAllRanges(); chosen.addRange(range); return; } }""",
            word,
        )
        segment.locator(f"button.wrap[data-n='{number}']").click()
    expect(segment.locator("button.wrap.missing")).to_have_count(0)
    segment.get_by_role("button", name="Save").click()
    expect(segment.get_by_text("saved")).to_be_visible()
    target = Version.objects.filter(origin="person").latest("number").targets["b1"]
    assert target == 'O <a href="https://example.org/boat">barco</a> saiu do <strong>porto</strong>'


def test_two_editors_at_once_lose_nothing(desk, edition, people):
    people.make("ada", portugal="editor")
    people.make("bea", portugal="editor")
    pages = [people.page("ada"), people.page("bea")]
    for page in pages:
        page.goto(reverse("edition", args=[edition.pk]))
        page.locator("#s-b2").get_by_role("link", name="Edit").click()
        page.locator("#s-b2").get_by_role("textbox").wait_for()
    expect(pages[1].get_by_text("ada has this open, too.")).to_be_visible()
    for page, text in zip(pages, ["Ninguém se feriu.", "Não houve feridos."], strict=True):
        page.locator("#s-b2").get_by_role("textbox").fill(text)
        page.locator("#s-b2").get_by_role("button", name="Save").click()
    alert = pages[1].locator("#s-b2").get_by_role("alert")
    expect(alert).to_contain_text("Ninguém se feriu.")
    people.faults.clear()  # the browser itself writes the conflict (409) to its console
    expect(pages[1].locator("#s-b2").get_by_role("textbox")).to_have_value("Não houve feridos.")
    pages[1].locator("#s-b2").get_by_role("button", name="Save").click()
    expect(pages[1].locator("#s-b2 .text")).to_have_text("Não houve feridos.")


def test_what_was_typed_is_there_again_when_the_browser_was_closed(desk, edition, people):
    people.make("ada", portugal="editor")
    page = people.page("ada")
    page.goto(reverse("edition", args=[edition.pk]))
    page.locator("#s-b2").get_by_role("link", name="Edit").click()
    page.locator("#s-b2").get_by_role("textbox").fill("Ninguém se")
    expect(page.locator("#s-b2").get_by_text("Draft kept")).to_be_visible()
    page.close()
    again = people.page("ada")
    again.goto(reverse("edition", args=[edition.pk]))
    again.locator("#s-b2").get_by_role("link", name="Edit").click()
    expect(again.locator("#s-b2").get_by_role("textbox")).to_have_value("Ninguém se")


def test_reading_saving_and_approving_work_without_scripts(desk, edition, people):
    people.make("ada", portugal="editor")
    page = people.page("ada", java_script_enabled=False)
    page.goto(reverse("edition", args=[edition.pk]))
    page.locator("#s-b1").get_by_role("link", name="Edit").click()
    area = page.get_by_label("Translation")
    assert "{1}" in area.input_value()
    area.fill("O {1}barco{/1} saiu do {2}porto{/2}.")
    page.get_by_role("button", name="Save").click()
    expect(page.locator("#s-b1 .text .c-a")).to_have_text("barco")
    page.get_by_role("button", name="Approve").click()
    expect(page.get_by_text("Approved.")).to_be_visible()
