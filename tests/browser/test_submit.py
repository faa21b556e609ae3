"""The submit form in a browser: what is pasted, without scripts, and for those who do not see it."""

from __future__ import annotations

import re

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from pipeline.ledger.models import Preference, Proposal, Revision
from tests.browser.test_accessible import WCAG

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300), pytest.mark.django_db(transaction=True)]

WORDS = "The volunteers read the river gauge twice a day and write the height of the water into a book."
WORD = (
    f"<html><head><style>p {{ color: red }}</style></head><body><h1 class=MsoTitle style='color:red'>River gauges</h1>"
    f"<p class=MsoNormal style='mso-list:l0 level1 lfo1' onclick='window.ran = 1'>{WORDS} "
    '<a href="https://example.org/gauges" hx-get="/sign-out/">More</a></p>'
    '<p><img src="https://media.example.org/gauge.jpg" onerror="window.ran = 1" alt="A gauge"></p>'
    '<form action="https://example.org/"><input name="csrfmiddlewaretoken" value="x"></form>'
    '<script>window.ran = 1</script><div id="trouble" style="position:fixed">Over it</div></body></html>'
)
PASTE = """(field, html) => {
  const data = new DataTransfer();
  data.setData("text/html", html);
  field.focus();
  field.dispatchEvent(new ClipboardEvent("paste", { clipboardData: data, bubbles: true, cancelable: true }));
}"""


def expected(people, *words: str) -> None:
    """Leave out what a test has asked for itself: the preview shows pictures, and a form that is refused is a 422."""
    people.faults[:] = [fault for fault in people.faults if not any(word in fault for word in words)]


def paste(page: Page, html: str) -> None:
    """What Ctrl+V does."""
    page.locator(".rich").evaluate(PASTE, html)


def test_what_is_pasted_is_sent_as_it_was_and_does_nothing_on_the_page(desk, people):
    """Word's own marks reach the cleaning; nothing runs, nothing is fetched, no field of the form is doubled."""
    people.make("ada", portugal="submitter")
    page = people.page("ada")
    page.get_by_role("link", name="Submit", exact=True).click()
    expect(page.get_by_role("textbox", name="Text of the article")).to_be_visible()
    paste(page, WORD)
    shown = page.locator(".rich")
    expect(shown).to_contain_text("River gauges")
    assert page.locator('[name="csrfmiddlewaretoken"]').count() == page.locator("form").count()
    assert page.locator("#trouble").count() == 1
    assert shown.locator("[style], [onclick], [src], [class], [id], [hx-get]").count() == 0
    assert page.evaluate("window.ran") is None
    page.get_by_role("button", name="Continue").click()
    expect(page.get_by_label("Title")).to_have_value("River gauges")
    expect(page.locator(".note")).to_contain_text("English")
    kept = Proposal.objects.get().html
    assert "mso-list" in kept
    assert 'href="https://example.org/gauges"' in kept
    assert 'src="https://media.example.org/gauge.jpg"' in kept
    page.get_by_role("button", name="Continue").click()
    expect(page.get_by_role("heading", name="What happens next")).to_be_visible()
    title = page.frame_locator("iframe").locator("h1")
    expect(title).to_have_text("River gauges")
    assert "Times" not in title.evaluate("part => getComputedStyle(part).fontFamily")  # its style sheet is there
    page.get_by_label("Angola").uncheck()
    button = page.get_by_role("button", name="Submit")
    button.dblclick()
    expect(page.get_by_role("heading", name="It is in")).to_be_visible()
    expected(people, "media.example.org", "ERR_NAME_NOT_RESOLVED")
    assert Revision.objects.get().metadata["only_sections"] == ["portugal", "brazil", "united-states"]


def test_typed_text_and_a_changed_one_go_the_same_way(desk, people):
    """Typed into the field; back to it, it is still there."""
    people.make("ada", portugal="submitter")
    page = people.page("ada")
    page.goto("/submit/")
    page.get_by_label("Title").fill("Typed")
    page.get_by_role("textbox", name="Text of the article").press_sequentially("A <b> is no tag. ")
    page.get_by_role("button", name="Continue").click()
    page.get_by_role("link", name="Change the text").click()
    expect(page.locator(".rich")).to_have_text("A <b> is no tag.")
    paste(page, f"<p>{WORDS}</p>")
    page.get_by_role("button", name="Continue").click()
    expect(page.get_by_label("Title")).to_have_value("Typed")
    assert WORDS in Proposal.objects.order_by("-id")[0].html


def test_what_is_too_large_is_said_before_it_is_sent(desk, people):
    """Nothing that was pasted or chosen is lost by it."""
    people.make("ada", portugal="submitter")
    page = people.page("ada")
    page.goto("/submit/?way=file")
    page.get_by_label("File").set_input_files({"name": "a.html", "mimeType": "text/html", "buffer": b"x" * 5_100_000})
    expect(page.get_by_role("alert").filter(has_text="too large")).to_be_visible()
    page.get_by_role("button", name="Continue").click()
    assert page.url.endswith("/submit/?way=file")
    assert not Proposal.objects.exists()


def test_without_scripts_it_is_a_plain_form(desk, people):
    """All three steps."""
    people.make("ada", portugal="submitter")
    page = people.page("ada", java_script_enabled=False)
    page.goto("/submit/?way=paste")
    page.get_by_label("Text of the article").fill(f"# River gauges\n\n{WORDS}")
    page.get_by_role("button", name="Continue").click()
    page.get_by_role("button", name="Continue").click()
    page.get_by_role("button", name="Submit").click()
    expect(page.get_by_role("heading", name="It is in")).to_be_visible()


@pytest.mark.parametrize(("scheme", "width", "language"), [("light", 320, "ur"), ("dark", 1280, "pt")])
def test_axe_finds_nothing_on_any_step(desk, people, scheme, width, language):
    """Every step, the list, and a form that is refused."""
    Preference.objects.create(user=people.make("ada", portugal="submitter"), language=language)
    page = people.page("ada", color_scheme=scheme, viewport={"width": width, "height": 900})
    axe, found = Axe(), []

    def look(name: str) -> None:
        result = axe.run(page, options=WCAG)
        found.extend((name, each["id"], each["nodes"][0]["html"][:200]) for each in result.response["violations"])
        if (wide := page.evaluate("document.documentElement.scrollWidth")) > width:
            found.append((name, "too wide", str(wide)))

    page.goto("/submit/")
    page.locator("#submit-text .primary").click()
    expect(page.locator(".alert:not([hidden])")).to_be_visible()
    look("refused")
    paste(page, WORD)
    look("text")
    page.locator("#submit-text .primary").click()
    page.wait_for_url(re.compile("/about/"))
    look("about")
    page.locator("form.submit .primary").click()
    page.wait_for_url(re.compile(r"/submit/[\w-]+/$"))
    expect(page.locator(".sections")).to_be_visible()
    look("look")
    page.goto("/submit/mine/")
    look("mine")
    page.go_back()
    page.locator(".hand-in .primary").click()
    expect(page.locator(".choices a").first).to_be_visible()
    look("done")
    expected(people, "media.example.org", "ERR_NAME_NOT_RESOLVED", "422")
    assert found == []
