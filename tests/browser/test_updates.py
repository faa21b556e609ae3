"""Updates, a section's own wording, two editors at once, fixes, keys alone, a right-to-left text: in a real browser."""

from __future__ import annotations

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.urls import reverse
from playwright.sync_api import Locator, Page, expect

from pipeline.flow import publish, translate
from pipeline.ledger.models import Edition, Version
from tests.browser.test_accessible import WCAG

pytestmark = [pytest.mark.slow, pytest.mark.timeout(400), pytest.mark.django_db(transaction=True)]

HTML = (
    '<p>The <a href="https://example.org/boat">boat</a> left the <strong>harbour</strong>.</p>'
    "<p>Nobody was hurt.</p><p>It rained.</p>"
)
URDU = """
[[sections]]
key = "pakistan"
name = "Pakistan"
country = "PK"
time_zone = "Asia/Karachi"
languages = [{ tag = "ur-PK", base = "ur" }]
policy = "review"
outputs = ["site"]
"""


@pytest.fixture
def edition(desk) -> Edition:
    """Portugal's edition: it waits."""
    desk.submit(HTML, summary="In short.")
    desk.work()
    return desk.edition("portugal")


def opened(page: Page, edition: Edition, key: str) -> tuple[Locator, Locator]:
    """A segment with its form, and the field in it."""
    segment = page.locator(f"#s-{key}")
    segment.get_by_role("link", name="Edit").click()
    field = segment.get_by_role("textbox", name="Translation")
    field.wait_for()
    return segment, field


def write(page: Page, edition: Edition, key: str, text: str, scope: str = "base") -> None:
    """Save a text of one segment."""
    segment, field = opened(page, edition, key)
    field.fill(text)
    if scope == "edition":
        segment.get_by_label("only our section’s edition").check()
    segment.get_by_role("button", name="Save").click()
    expect(segment.get_by_text("saved", exact=True)).to_be_visible()


def choose(field: Locator, word: str) -> None:
    """Choose a word of a text, as with Shift and arrows."""
    field.evaluate(
        """(field, word) => { const walker = document.createTreeWalker(field, NodeFilter.SHOW_TEXT); let node;
        while ((node = walker.nextNode())) { const at = node.data.indexOf(word); if (at < 0) continue;
        const range = document.createRange(); range.setStart(node, at); range.setEnd(node, at + word.length);
        const chosen = getSelection(); chosen.removeAllRanges(); chosen.addRange(range); return; } }""",
        word,
    )


def violations(page: Page) -> list[tuple[str, str]]:
    """What axe finds, in both colour schemes; and what is wider than the window."""
    found = []
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        result = Axe().run(page, options=WCAG)
        found += [(each["id"], each["nodes"][0]["html"][:200]) for each in result.response["violations"]]
    wide, window = page.evaluate("[document.documentElement.scrollWidth, innerWidth]")
    return found + ([("too wide", str(wide))] if wide > window else [])


def test_an_update_is_reviewed_segment_by_segment(desk, edition, people):
    """What changed in the source, what was approved, what is proposed; only what changed, with keys; then the site."""
    people.make("ada", portugal="editor")
    page = people.page("ada", viewport={"width": 320, "height": 800})
    page.goto(reverse("edition", args=[edition.pk]))
    write(page, edition, "b2", "Ninguém se feriu.")
    write(page, edition, "b3", "Choveu.")
    page.get_by_role("button", name="Approve").click()
    expect(page.get_by_text("Approved.")).to_be_visible()
    publish.run("site")
    desk.submit("<p>A storm came.</p>" + HTML.replace("was hurt", "was badly hurt"), summary="In short.")
    desk.work()
    page.goto(reverse("edition", args=[edition.pk]))
    expect(page.get_by_text("only these want a decision")).to_be_visible()
    page.get_by_role("link", name="Show only 2 segments that have changed").click()
    expect(page.locator(".seg")).to_have_count(2)
    page.keyboard.press("c")
    expect(page.locator("#s-b1")).to_be_focused()
    expect(page.locator("#s-b1 .was")).to_have_text("New since you approved.")
    page.keyboard.press("c")
    changed = page.locator("#s-b3")
    expect(changed).to_be_focused()
    expect(changed.locator(".src ins")).to_have_text("badly ")
    expect(changed.locator(".was")).to_contain_text("Approved before: Ninguém se feriu.")
    expect(changed.locator(".was .diff del")).not_to_have_count(0)
    page.keyboard.press("Shift+C")
    expect(page.locator("#s-b1")).to_be_focused()
    assert violations(page) == []
    changed.get_by_role("button", name="Put the approved text back").click()
    expect(changed.locator(".text")).to_have_text("Ninguém se feriu.")
    expect(changed).to_be_focused()
    page.get_by_role("button", name="Approve").click()
    expect(page.get_by_text("Approved.")).to_be_visible()
    publish.run("site")
    html = desk.page("portugal")
    assert html.index("Ninguém se feriu.") < html.index("Choveu.")


def test_our_own_wording_stays_ours_and_an_update_below_it_is_decided(desk, edition, people):
    """Title and one segment for our section alone; the shared text changes below; keep ours, then take it."""
    people.make("ada", portugal="editor")
    people.make("bea", brazil="editor")
    page = people.page("ada")
    page.goto(reverse("edition", args=[edition.pk]))
    shared = dict(edition.translation.version.targets)
    write(page, edition, "title", "Maré viva em Lisboa", "edition")
    write(page, edition, "b2", "Todos bem.", "edition")
    expect(page.locator("#s-b2 .mark", has_text="own wording").first).to_be_visible()
    assert Edition.objects.get(pk=edition.pk).translation.version.targets == shared
    brazil = desk.edition("brazil")
    other = people.page("bea")
    other.goto(reverse("edition", args=[brazil.pk]))
    expect(other.locator("#s-b2 .text")).to_have_text(shared["b2"])
    write(other, brazil, "b2", "Ninguém se feriu.")
    page.goto(reverse("edition", args=[edition.pk]))
    assert violations(page) == []
    for answer, stands in (("Keep ours", "Todos bem."), ("Take the shared text", "Não houve feridos.")):
        page.goto(reverse("edition", args=[edition.pk]))
        conflict = page.locator("#s-b2 .conflict")
        expect(conflict.locator("ins")).not_to_have_count(0)
        conflict.get_by_role("button", name=answer).click()
        expect(page.locator("#s-b2 .conflict")).to_have_count(0)
        expect(page.locator("#s-b2 .text")).to_have_text(stands)
        if answer == "Keep ours":
            write(other, brazil, "b2", "Não houve feridos.")
    page.get_by_role("button", name="Approve").click()
    expect(page.get_by_text("Approved.")).to_be_visible()
    publish.run("site")
    assert "Maré viva em Lisboa" in desk.page("portugal")
    assert "Não houve feridos." in desk.page("portugal")
    assert "Maré viva" not in desk.page("brazil")


def test_two_editors_changes_come_together_with_keys(desk, edition, people):
    """The later one sees who changed which words, takes both into the field, and saves."""
    people.make("ada", portugal="editor")
    people.make("bea", portugal="editor")
    ada, bea = (people.page(name) for name in ("ada", "bea"))
    for page in (ada, bea):
        page.goto(reverse("edition", args=[edition.pk]))
    began = edition.translation.version.targets["b2"].split()
    for page in (ada, bea):
        opened(page, edition, "b2")
    for page, text in ((ada, ["Ontem", *began[1:]]), (bea, [*began[:-1], "ferido."])):
        page.locator("#s-b2").get_by_role("textbox").fill(" ".join(text))
        page.locator("#s-b2").get_by_role("textbox").press("Control+Enter")
    clash = bea.locator("#s-b2 .clash")
    expect(clash.locator("ins.theirs")).to_have_text("Ontem")
    expect(clash.locator("ins.yours")).to_have_text("ferido")
    people.faults.clear()  # the browser itself writes the conflict (409) to its console
    assert violations(bea) == []
    take = clash.get_by_role("button", name="Take both into the field")
    take.focus()
    take.press("Enter")
    field = bea.locator("#s-b2").get_by_role("textbox")
    expect(field).to_be_focused()
    both = " ".join(["Ontem", *began[1:-1], "ferido."])
    expect(field).to_have_value(both)
    field.press("Control+Enter")
    expect(bea.locator("#s-b2 .text")).to_have_text(both)


def test_one_press_mends_a_finding_and_one_more_takes_it_back(desk, edition, people):
    """The segment is put in anew, the finding is gone, what blocked does no more; nothing is loaded again."""
    people.make("ada", portugal="editor")
    page = people.page("ada")
    page.goto(reverse("edition", args=[edition.pk]))
    write(page, edition, "b2", "Ninguém se se feriu.")
    segment = page.locator("#s-b2")
    fix = segment.get_by_role("button", name="Replace “se se” by “se”")
    fix.focus()
    fix.press("Enter")
    expect(segment.locator(".text")).to_have_text("Ninguém se feriu.")
    expect(segment).to_be_focused()
    expect(segment.locator(".fix")).to_have_count(0)
    segment.get_by_role("button", name="Undo").click()
    expect(segment.locator(".text")).to_have_text("Ninguém se se feriu.")
    _, field = opened(page, edition, "b2")  # the button beside the text is another than the one in the form
    segment.get_by_role("button", name="Replace “se se” by “se”").click()
    expect(field).to_have_value("Ninguém se feriu.")
    assert violations(page) == []
    page.get_by_role("button", name="Save").click()
    expect(segment.locator(".text")).to_have_text("Ninguém se feriu.")
    page.get_by_role("button", name="Approve").click()
    expect(page.get_by_text("Approved.")).to_be_visible()


def test_from_the_list_to_the_site_with_keys_alone(desk, edition, people):
    """Find it, go to the segment with a link, move the link by keys, save, decide."""
    people.make("ada", portugal="editor")
    page = people.page("ada")
    for _ in range(60):
        page.keyboard.press("Tab")
        if "/editions/" in page.evaluate("document.activeElement.href ?? ''"):
            break
    page.keyboard.press("Enter")
    page.wait_for_url("**/editions/**")
    page.locator(".editor").wait_for()
    for _ in range(6):
        page.keyboard.press("n")
        if page.evaluate("document.activeElement.id") == "s-b1":
            break
    page.keyboard.press("Enter")
    field = page.locator("#s-b1 .rich-field")
    expect(field).to_be_focused()
    page.keyboard.press("Control+a")
    page.keyboard.type("O barco saiu do porto")
    choose(field, "barco")
    page.keyboard.press("Alt+1")
    choose(field, "saiu")
    page.keyboard.press("Alt+2")
    choose(field, "sai")
    page.keyboard.press("Alt+Shift+ArrowRight")
    page.keyboard.press("Alt+Shift+ArrowRight")
    page.keyboard.press("Control+Enter")
    expect(page.locator("#s-b1 .text .c-strong")).to_have_text("porto")
    page.keyboard.press("a")
    for _ in range(20):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.value") == "approve":
            break
    page.keyboard.press("Enter")
    expect(page.get_by_text("Approved.")).to_be_visible()
    publish.run("site")
    assert 'O <a href="https://example.org/boat">barco</a> saiu do <strong>porto</strong>' in desk.page("portugal")


def test_a_right_to_left_text_is_edited_with_its_links(desk, people, settings):
    """Urdu on an English page: the field's direction; a link is moved by buttons, and by keys as one sees it."""
    settings.NETWORK_FILE.write_text(settings.NETWORK_FILE.read_text("utf-8") + URDU, encoding="utf-8")
    desk.submit(HTML)
    desk.work()
    while translate.run("ur", desk.engines)[1]:
        pass
    edition = desk.edition("pakistan")
    people.make("zara", pakistan="editor")
    page = people.page("zara")
    page.goto(reverse("edition", args=[edition.pk]))
    segment, field = opened(page, edition, "b1")
    assert field.evaluate("field => getComputedStyle(field).direction") == "rtl"
    field.press("Control+a")
    page.keyboard.type("کشتی آج بندرگاہ سے روانہ ہوئی")
    choose(field, "کشتی")
    segment.locator("button.wrap[data-n='1']").click()
    choose(field, "آج")
    segment.locator("button.wrap[data-n='2']").click()
    segment.locator("button.shift[data-n='2'][data-step='1']").click()
    expect(field.locator("[data-n='2']")).to_have_text("بندرگاہ")
    choose(field, "کشتی")
    page.keyboard.press("Alt+Shift+ArrowLeft")  # on, in a text that is read from the right
    expect(field.locator("[data-n='1']")).to_have_text("آج")
    page.keyboard.press("Alt+Shift+ArrowRight")
    expect(field.locator("[data-n='1']")).to_have_text("کشتی")
    segment.get_by_role("button", name="Save").click()
    expect(segment.locator(".text .c-a")).to_have_text("کشتی")
    assert Version.objects.filter(origin="person").latest("number").targets["b1"] == (
        '<a href="https://example.org/boat">کشتی</a> آج <strong>بندرگاہ</strong> سے روانہ ہوئی'
    )
    assert violations(page) == []
