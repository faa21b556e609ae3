"""Hostile articles, translations and editors run nothing: a corpus of payloads on every page, in a real Chromium."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from html import escape

import pytest
from django.contrib.auth.models import User
from django.urls import reverse
from django.utils import timezone
from playwright.sync_api import Page, expect

from pipeline.documents import Failure, Metadata, Route, Submission
from pipeline.errors import Permanent
from pipeline.flow import decisions, exchange, installation, prepare, publish, translate
from pipeline.flow.submit import submit
from pipeline.ledger import glossary
from pipeline.ledger.models import Edition, Finding, Note, Version
from tests.browser.canary import AUDIT, OUT, TOUCH, Canary, Payload, payloads, portions
from tests.integration.conftest import InlineEngines

pytestmark = [pytest.mark.slow, pytest.mark.timeout(400), pytest.mark.django_db(transaction=True)]

CONTROL = "http://control.example/"
PORTION = 60
"""Payloads in one article."""
ALIVE = 75
"""So many payloads run in Chromium where nothing holds them; the others are for other browsers and older ones."""

OPEN_ALL = """() => {
  const all = [...document.querySelectorAll(".seg a.edit")];
  for (const link of all) link.click();
  return all.length;
}"""
OPENED = "all => document.querySelectorAll('form.write').length === all"
FRAMES = """texts => Promise.all(texts.map(text => new Promise(done => {
  const frame = document.createElement("iframe");
  frame.sandbox = "allow-scripts allow-same-origin allow-forms allow-modals";
  frame.srcdoc = `<!doctype html><title>w</title><body>${text}`;
  setTimeout(done, 5000);
  frame.onload = () => setTimeout(() => {
    frame.onload = null;
    try {
      for (const element of frame.contentDocument.querySelectorAll("*")) {
        for (const kind of ["mouseover", "pointerenter", "beforeinput"]) element.dispatchEvent(new Event(kind));
        element.click?.();
      }
    } catch { /* it was led away: that is seen, too */ }
    setTimeout(done, 50);
  }, 0);
  document.body.append(frame);
})))"""


@pytest.fixture
def canary(people) -> Canary:
    return Canary(people.address)


@pytest.fixture
def page(people, canary) -> Page:
    """An editor of Portugal, signed in, with the canary beside the window."""
    people.make("ada", portugal="editor")
    User.objects.filter(username="ada").update(is_staff=True)  # an operator sees the other sections' editions, too
    context = people.chromium.new_context(
        base_url=people.address, storage_state=people.page("ada").context.storage_state()
    )
    people.contexts.append(context)
    context.set_default_timeout(10_000)
    canary.watch(context)
    return context.new_page()


def work(desk) -> None:
    """Until nothing is left: one run takes only so many."""
    for _ in range(40):
        left = prepare.run(), translate.run("pt", desk.engines)
        if not any(taken for taken, _ in left):
            break
    publish.run("site")


class HandedIn:
    """Hands payloads in; what intake refuses is handed in by itself, so that one takes no others with it."""

    def __init__(self) -> None:
        self.refused: list[Payload] = []
        self.articles = 0

    def give(self, given: Sequence[Payload], make: Callable[[Sequence[Payload]], Submission]) -> None:
        try:
            submit(make(given))
            self.articles += 1
        except Permanent:
            if len(given) == 1:
                self.refused += given
                return
            middle = len(given) // 2
            self.give(given[:middle], make)
            self.give(given[middle:], make)


def known(given: Sequence[Payload], **more: object) -> Metadata:
    return Metadata(**{"title": "Tide report", "language": "en", "key": f"tide-{given[0].number}", **more})  # type: ignore[arg-type]


def as_html(given: Sequence[Payload]) -> Submission:
    html = "<p>The water rose.</p>\n" + "\n".join(payload.text for payload in given)
    return Submission("tide.html", html.encode(), known(given))


def as_text(given: Sequence[Payload]) -> Submission:
    html = "".join(
        f"<p>{escape(each.text)} <b title='{escape(each.text)}'>rose</b></p><pre><code>{escape(each.text)}</code></pre>"
        for each in given
    )
    return Submission("tide.html", html.encode(), known(given))


def as_markdown(given: Sequence[Payload]) -> Submission:
    fields = f"---\ntitle: {json.dumps(given[-1].text)}\nsummary: {json.dumps(given[0].text)}\n---\n"
    text = "\n\n".join(f"The water rose.\n\n{payload.text}" for payload in given)
    return Submission("tide.md", (fields + text).encode(), known(given, title=""))


def as_json(given: Sequence[Payload]) -> Submission:
    article = {"title": given[0].text, "html": f"<p>Water.</p>{given[-1].text}", "tags": [each.text for each in given]}
    return Submission("tide.json", json.dumps(article).encode(), known(given, title=""))


def as_fields(given: Sequence[Payload]) -> Submission:
    texts = [payload.text for payload in given]
    texts = texts * 4
    return Submission(
        f"{texts[0]}.html",
        f"<html><head><title>{escape(texts[1])}</title></head><body><p>The water rose.</p></body></html>".encode(),
        known(
            given,
            title=texts[0],
            summary=texts[1],
            image_alt=texts[2],
            image="https://example.org/a.png?" + texts[3],
            authors=(texts[3], texts[0]),
            tags=tuple(texts[:4]),
            series=texts[1],
            part=2,
            kind=texts[2][:30],
            slug=texts[3],
            key=texts[0],
        ),
    )


def audit(page: Page, canary: Canary) -> None:
    """Touch everything, and look at what stands there; the frame of the preview is only looked at."""
    page.evaluate(TOUCH)
    for frame in page.frames:
        for fault in frame.evaluate(AUDIT, OUT):
            canary.seen.append(f"{canary.where}: stands in {frame.url}: {fault}")


def look(page: Page, canary: Canary, address: str, room: str = "desk") -> None:
    if canary.room == "page" != room:
        page.goto("about:blank")  # pictures of the last page that are still asked for are that page's affair
        page.wait_for_timeout(300)
    canary.room, canary.where = room, address
    page.goto(address)
    audit(page, canary)


def look_at_edition(page: Page, canary: Canary, edition: Edition) -> None:
    """The editor, with all its forms open, and the preview."""
    look(page, canary, reverse("edition", args=[edition.pk]))
    page.wait_for_function(OPENED, arg=page.evaluate(OPEN_ALL))
    audit(page, canary)
    look(page, canary, reverse("preview", args=[edition.pk]), "page")


def look_at_article(page: Page, canary: Canary, edition: Edition) -> None:
    """The article's own page, its source, and its translations side by side."""
    uid = edition.article.uid
    look(page, canary, reverse("article", args=[uid]))
    look(page, canary, reverse("article_revision", args=[uid, 1]))
    look(page, canary, reverse("article_versions", args=[uid, "pt"]))


def look_at_lists(page: Page, canary: Canary) -> None:
    for name in ("board", "desk"):
        look(page, canary, reverse(name))
        while (more := page.locator("a[rel=next]")).count():
            look(page, canary, reverse(name) + str(more.first.get_attribute("href")))


def look_at_site(page: Page, canary: Canary, desk) -> int:
    """Every page that was published, opened as a file."""
    files = sorted(
        (desk.home / "outputs").glob("[pu]*/*/**/*.html")
    )  # a section's root only leads on to its front page
    for file in files:
        look(page, canary, file.as_uri(), "page")
    return len(files)


def approve(edition: Edition) -> None:
    decisions.approve(edition.pk, by="ada", net=installation.network(), dismiss="hostile, and so to be shown")


def test_the_canary_sees_what_runs_where_nothing_protects(page, canary):
    """The corpus is alive: on a page with no policy of ours the canary sees it run, ask and lead away."""
    corpus = payloads()
    assert len({payload.text for payload in corpus}) == len(corpus) >= 150
    page.route(CONTROL, lambda route: route.fulfill(body="<!doctype html><title>w</title>", content_type="text/html"))
    page.goto(CONTROL)
    page.evaluate(FRAMES, [payload.text for payload in corpus])
    for _ in range(40):  # answers come back one after another
        if len(canary.ran) >= ALIVE:
            break
        page.wait_for_timeout(250)
    told = "\n".join(canary.seen)
    assert len(canary.ran) >= ALIVE
    assert "dialog" in canary.ran
    assert len([url for url in canary.asked if OUT in url]) >= 10
    for what in ("asked another host (script)", "asked another host (stylesheet)", "was led away", "complains"):
        assert what in told


def test_hostile_articles_run_nothing_on_any_page(desk, page, canary):
    """Not even the policy has to hold anything back: of a payload nothing but its words is left by then."""
    handed = HandedIn()
    kinds = (("body", PORTION, as_html), ("alone", 1, as_html), ("text", PORTION, as_text), ("field", 4, as_fields))
    for group, size, make in (*kinds, ("markdown", PORTION, as_markdown), ("field", PORTION, as_json)):
        whole = [payload for payload in payloads(group) if "\0" not in payload.text]
        for portion in [*portions(whole, size), *([each] for each in payloads(group) if each not in whole)]:
            handed.give(portion, make)
    assert len(handed.refused) < 20, handed.refused
    work(desk)
    editions = list(Edition.objects.filter(section="portugal"))
    assert len(editions) == handed.articles
    for edition in editions:
        look_at_edition(page, canary, edition)
        look(page, canary, reverse("article", args=[edition.article.uid]))
    look_at_lists(page, canary)
    for edition in editions:
        approve(edition)
    publish.run("site")
    assert look_at_site(page, canary, desk) > 2 * handed.articles
    look_at_lists(page, canary)
    assert canary.seen == []


class HostileEngines(InlineEngines):
    """An engine that answers every sentence with a payload."""

    def translate(self, route: Route, sentences: Sequence[str]) -> Iterator[Mapping[str, str | Failure]]:
        corpus = payloads("text", "body")
        yield {each: corpus[at % len(corpus)].text for at, each in enumerate(sentences)}


def test_hostile_engines_memories_and_glossaries_run_nothing(desk, page, canary):
    """What comes back from an engine, from a TMX file and from a glossary is text, and nothing else."""
    given = payloads("text")
    units = "".join(
        f"<tu><tuv xml:lang='en'><seg>The boat {each.number} left the harbour.</seg></tuv>"
        f"<tuv xml:lang='pt'><seg>{escape(each.text)}</seg></tuv></tu>"
        for each in given
    )
    tmx = f"<tmx version='1.4'><header srclang='en'/><body>{units}</body></tmx>"
    net = installation.network()
    taken = exchange.bring_in(io.BytesIO(tmx.encode()), "hostile.tmx", net, by=given[0].text)
    assert taken.new > 10
    terms = [
        glossary.Entry("en", f"water {at}", "pt", given[at].text[:200], note=given[at + 3].text) for at in range(3)
    ]
    glossary.put(terms, by=given[1].text, now=timezone.now)
    sentences = [f"<p>The boat {each.number} left the <em>harbour</em>.</p>" for each in given]
    sentences += [f"<p>The boat {each.number} left the harbour.</p>" for each in given]
    sentences += [f"<p>The water {at} <b>rose</b> to {at} metres.</p>" for at in range(30)]
    desk.submit("".join(sentences))
    desk.engines = HostileEngines(desk.home)
    work(desk)
    edition = desk.edition("portugal")
    targets = " ".join(edition.candidate.targets.values())
    assert "__ran(" in targets
    look_at_edition(page, canary, edition)
    look_at_article(page, canary, edition)
    approve(edition)
    publish.run("site")
    look_at_site(page, canary, desk)
    assert canary.seen == []


def test_a_hostile_text_in_the_ledger_runs_nothing(desk, page, canary):
    """Raw markup where a translation should be, as if every check before had failed: desk, preview and page hold."""
    given = payloads("body", "text", "alone")[::2]
    given += [each for each in payloads("body") if "refresh" in each.text and each not in given]
    desk.submit("".join(f"<p>The water <em>rose</em> {each.number}.</p>" for each in given))
    desk.work(publishing=False)
    edition = desk.edition("portugal")
    for version in Version.objects.filter(translation=edition.translation_id):
        texts = [each.text for each in given]
        version.segments = [{**row, "target": texts[at % len(texts)]} for at, row in enumerate(version.segments)]
        version.save()
    finding = Finding(version=edition.candidate, check_id="x", severity="warn", segment="b1", message=given[0].text)
    finding.save()
    Note.objects.create(edition=edition, author=given[1].text, text=given[2].text, at=timezone.now())
    Edition.objects.filter(pk=edition.pk).update(reason=given[3].text)
    look(page, canary, reverse("edition", args=[edition.pk]))
    page.wait_for_function(OPENED, arg=page.evaluate(OPEN_ALL))
    audit(page, canary)
    look_at_article(page, canary, edition)
    look_at_lists(page, canary)
    assert canary.seen == []
    canary.lenient = True
    canary.room = "page"
    canary.where = "preview"
    page.goto(reverse("preview", args=[edition.pk]))
    page.wait_for_timeout(200)  # what leads away does so after the page has loaded
    approve(edition)
    publish.run("site")
    for file in (desk.home / "outputs" / "portugal").glob("*/*/**/*.html"):
        canary.where = str(file)
        page.goto(file.as_uri())
        page.wait_for_timeout(200)
    assert canary.seen == []


def save(page: Page, canary: Canary, segment: str) -> None:
    audit(page, canary)
    page.locator(segment).get_by_role("button", name="Save").click()
    expect(page.locator(segment).get_by_text("saved")).to_be_visible()
    audit(page, canary)


def test_what_an_editor_types_runs_nothing(desk, page, canary):
    """Into the field that shows links, into a note and as a reason: words, on every page that shows them."""
    given = payloads("text")
    desk.submit('<p>The <a href="https://example.org/boat">boat</a> left.</p><p>Nobody was hurt.</p>')
    desk.work()
    edition = desk.edition("portugal")
    look(page, canary, reverse("edition", args=[edition.pk]))
    texts = "".join(each.text for each in given)
    segment = page.locator("#s-b2")
    segment.get_by_role("link", name="Edit").click()
    segment.get_by_role("textbox").fill(texts)
    segment.get_by_role("button", name="Save").click()
    expect(segment.get_by_role("alert")).to_contain_text("links and marks")  # {1} is none of this text's
    audit(page, canary)
    segment.get_by_role("textbox").fill(texts.replace("{", "{{").replace("}", "}}"))
    save(page, canary, "#s-b2")
    look(page, canary, reverse("edition", args=[edition.pk]))
    page.locator("#s-b1").get_by_role("link", name="Edit").click()
    page.locator("#s-b1").get_by_role("textbox").evaluate(
        "(field, text) => { field.append(text); field.dispatchEvent(new Event('input', {bubbles: true})) }", texts
    )
    save(page, canary, "#s-b1")
    for each in given[::4]:
        page.get_by_label("Note or reason").fill(each.text)
        page.get_by_role("button", name="Only leave the note").click()
        expect(page.locator(".notes > li > p:first-child").first).to_have_text(each.text.strip())
        audit(page, canary)
    look_at_edition(page, canary, edition)
    look_at_article(page, canary, edition)
    edition.refresh_from_db()
    assert "__ran" in edition.candidate.targets["b1"]
    approve(edition)
    publish.run("site")
    look_at_site(page, canary, desk)
    look_at_lists(page, canary)
    assert canary.seen == []
