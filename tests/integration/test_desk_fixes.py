"""Fixes of findings, clashes and updates in a browser without scripts: buttons that save as if a person had typed."""

from __future__ import annotations

from bs4 import BeautifulSoup, Tag
from django.test import Client
from django.urls import reverse

from pipeline.flow import clock, findings, installation
from pipeline.ledger import glossary
from pipeline.ledger.glossary import Entry
from pipeline.ledger.models import Edition, Finding, Version
from tests.integration.test_desk_editor import ada, browser, edition, form_of, save, tree

__all__ = ["ada", "edition"]

HTML = (
    '<p>The <a href="https://example.org/boat">boat</a> left the <strong>harbour</strong>.</p><p>Nobody was hurt.</p>'
)
DOUBLED = "Ninguém se se feriu."
MENDED = "Ninguém se feriu."


def row(client: Client, edition: Edition, key: str = "b2") -> Tag:
    """A segment on the editor's page."""
    return page(client, edition).find(id=f"s-{key}")


def page(client: Client, edition: Edition, query: str = "") -> BeautifulSoup:
    return tree(client.get(reverse("edition", args=[edition.pk]) + query))


def press(client: Client, button: Tag, within: BeautifulSoup | Tag, **more: str):
    """Press a button as a browser without scripts does: with the fields of its form, wherever that stands."""
    form = within.find(id=button["form"])
    fields = {each["name"]: each["value"] for each in form.select("input[type=hidden]") if each["name"][0] != "c"}
    return client.post(form["action"], {**fields, button["name"]: button["value"]}, **more)


def buttons(where: Tag, start: str) -> list[Tag]:
    """The buttons whose text begins so."""
    return [each for each in where.select("button") if each.get_text().startswith(start)]


def put(client: Client, edition: Edition, text: str, scope: str = "base", key: str = "b2") -> None:
    """Save a text by the form."""
    save(client, edition, key, {**form_of(client, edition, key), "text": text, "scope": scope})


def newest(edition: Edition) -> Version:
    return Edition.objects.get(pk=edition.pk).translation.version


def approve(client: Client, edition: Edition) -> None:
    """Approve what stands on the page."""
    digest = page(client, edition).select_one("#verdict input[name=digest]")["value"]
    client.post(reverse("verdict", args=[edition.pk]), {"do": "approve", "digest": digest})


def test_one_press_puts_a_finding_right(ada, edition):
    """It is a save like any other: a new version by the person; the finding is fixed, others stay open."""
    put(ada, edition, DOUBLED)
    Finding.objects.create(version=newest(edition), check_id="x", severity="warn", segment="b1", message="?")
    where = row(ada, edition)
    (button, own) = where.select(".fix button")
    assert button.get_text().strip() == "Replace “se se” by “se”"
    assert own.get_text() == "only in our edition"
    assert where.select_one(".fix .diff").get_text() == "Ninguém se se feriu."
    answer = press(ada, button, where)
    assert answer.headers["Location"] == f"/editions/{edition.pk}/?at=b2#s-b2"
    version = newest(edition)
    assert (version.targets["b2"], version.origin, version.author) == (MENDED, "person", "ada")
    assert version.segments[-1]["origin"] == "person"
    assert Finding.objects.get(check_id="repeated").state == Finding.State.FIXED
    assert version.findings.get(check_id="x").state == Finding.State.OPEN
    assert not row(ada, edition).select(".fix")


def test_a_fix_in_our_edition_alone_leaves_the_shared_text(ada, edition):
    """The finding of the shared text stays, and says where it is; our own wording has none."""
    put(ada, edition, DOUBLED)
    where = row(ada, edition)
    press(ada, where.select(".fix button")[1], where)
    assert newest(edition).targets["b2"] == DOUBLED
    now = row(ada, edition)
    assert now.select_one(".text").get_text() == MENDED
    assert "in the shared text" in now.select_one(".finding").get_text()


def test_our_own_wording_is_looked_at_and_mended_too(ada, edition):
    """Its findings are in no ledger: they can be mended, not dismissed."""
    put(ada, edition, DOUBLED, "edition")
    where = row(ada, edition)
    (finding,) = [each for each in where.select(".finding") if each.select(".mark")[0].get_text() == "own wording"]
    assert not finding.select("details")
    (button,) = finding.select("button")
    press(ada, button, where)
    now = Edition.objects.get(pk=edition.pk)
    assert [each["target"] for each in now.overlay] == [MENDED]
    assert now.translation.version.targets["b2"] != MENDED


def test_a_fix_of_a_stale_page_overwrites_nothing(ada, edition):
    """Both texts are shown, as after any other save that came too late."""
    bea = browser("bea", portugal="editor")
    put(ada, edition, DOUBLED)
    where = row(ada, edition)
    put(bea, edition, "Não houve feridos.")
    answer = press(ada, where.select_one(".fix button"), where)
    assert answer.status_code == 409
    assert newest(edition).targets["b2"] == "Não houve feridos."
    assert tree(answer).find("textarea").get_text().strip() == MENDED


def test_people_of_other_sections_can_press_no_fix(ada, edition):
    """Nor do they see one."""
    put(ada, edition, DOUBLED)
    fields = {"fix-base": MENDED, "seen-base": DOUBLED}
    address = reverse("segment", args=[edition.pk, "b2"])
    assert browser("cy", brazil="editor").post(address, fields).status_code == 404
    reader = browser("di", portugal="submitter")
    assert not row(reader, edition).select(".fix, form")
    assert reader.post(address, fields).status_code == 403
    assert newest(edition).targets["b2"] == DOUBLED


def test_what_a_fix_is_sent_with_is_looked_at_like_any_text(ada, edition):
    """A button's value can be forged."""
    fields = {**form_of(ada, edition, "b1"), "fix-base": "Sem ligação."}
    assert save(ada, edition, "b1", fields).status_code == 422


def test_a_save_can_be_undone_with_one_press(ada, edition):
    """The text that stood there before is offered; nothing is offered after a first look."""
    before = newest(edition).targets["b2"]
    fields = {**form_of(ada, edition, "b2"), "text": MENDED}
    answer = ada.post(reverse("segment", args=[edition.pk, "b2"]), fields, headers={"HX-Request": "true"})
    saved = tree(answer)
    (undo,) = buttons(saved, "Undo")
    again = tree(press(ada, undo, saved, headers={"HX-Request": "true"}))
    assert newest(edition).targets["b2"] == before
    assert buttons(again, "Undo")[0]["value"] == MENDED
    assert not buttons(row(ada, edition), "Undo")


def test_terms_are_put_in_and_forbidden_ones_replaced(desk, ada):
    """By the glossary as it stands."""
    entry = Entry("en", "tide table", "pt", "tabela de marés", forbidden=("mapa de marés",))
    glossary.put([glossary.checked(entry)], "ana", clock.now)
    desk.submit("<p>The tide table is new.</p>", key="table", title="Table")
    desk.work()
    edition = Edition.objects.get(section="portugal", article__key="table")
    put(ada, edition, "O mapa de marés é novo.", key="b1")
    where = row(ada, edition, "b1")
    names = {each.get_text().strip() for each in where.select(".fix button")}
    assert "Replace “mapa” by “tabela”" in names
    press(ada, where.select_one(".fix button"), where)
    assert newest(edition).targets["b1"] == "O tabela de marés é novo."


def test_a_dismissed_finding_offers_nothing(ada, edition):
    """It is no fault."""
    put(ada, edition, DOUBLED)
    (found,) = newest(edition).findings.filter(check_id="repeated")
    findings.dismiss(found.pk, by="ada", why="A quotation.", net=installation.network())
    assert not row(ada, edition).select(".fix")


def test_in_the_form_a_fix_goes_into_the_field(ada, edition):
    """Saved is only what is then saved; where it began is kept."""
    put(ada, edition, DOUBLED)
    form = tree(ada.get(reverse("segment", args=[edition.pk, "b2"])))
    (button,) = [each for each in form.select("button.use") if each["value"] == MENDED]
    answer = tree(press(ada, button, form))
    assert answer.find("textarea").get_text().strip() == MENDED
    assert answer.select_one("input[name=seen-base]")["value"] == DOUBLED
    assert newest(edition).targets["b2"] == DOUBLED


def test_no_form_stands_in_another(ada, edition):
    """A browser would drop the inner one, and send the wrong thing."""
    put(ada, edition, DOUBLED)
    for html in (
        ada.get(reverse("segment", args=[edition.pk, "b2"])).content.decode(),
        ada.get(reverse("edition", args=[edition.pk])).content.decode(),
    ):
        assert not BeautifulSoup(html, "html.parser").select("form form")


def test_changes_that_do_not_touch_are_offered_together(ada, edition):
    """Both texts, where they began, what each changed, and one press for both."""
    bea = browser("bea", portugal="editor")
    start = "O {1}barco{/1} saiu do {2}porto{/2} ontem."
    put(ada, edition, start, key="b1")
    mine = form_of(bea, edition, "b1")
    put(ada, edition, start.replace("barco", "navio"), key="b1")
    answer = tree(save(bea, edition, "b1", {**mine, "text": start.replace("ontem", "hoje")}))
    clash = answer.select_one(".clash")
    began, theirs, yours, both = clash.select("dd")
    assert began.get_text() == "O barco saiu do porto ontem."
    assert [each.get_text() for each in theirs.select("del, ins")] == ["barco", "navio"]
    assert [each.get_text() for each in yours.select("del, ins")] == ["ontem", "hoje"]
    assert (both.select_one(".theirs").get_text(), both.select_one(".yours").get_text()) == ("navio", "hoje")
    (take,) = clash.select("button")
    taken = tree(press(bea, take, answer))
    fields = {each["name"]: each["value"] for each in taken.select("form.write input[type=hidden]")}
    text = taken.find("textarea").get_text().strip()
    assert text == "O {1}navio{/1} saiu do {2}porto{/2} hoje."
    assert save(bea, edition, "b1", {**fields, "text": text}).status_code == 302


def test_an_update_shows_source_approved_and_proposed_and_only_what_changed(desk, ada, edition):
    """Keys have moved, by a new paragraph; what is gone is told of; the approved text can be put back."""
    put(ada, edition, "O {1}barco{/1} saiu do {2}porto{/2}.", key="b1")
    put(ada, edition, MENDED)
    approve(ada, edition)
    changed = f"<p>Storm.</p>{HTML}".replace("Nobody was hurt", "Nobody was badly hurt")
    desk.submit(changed)
    desk.work()
    whole = page(ada, edition)
    assert [each["id"] for each in whole.select(".seg.changed")] == ["s-summary", "s-b1", "s-b3"]
    only = page(ada, edition, "?show=changed")
    assert [each["id"] for each in only.select(".seg")] == ["s-summary", "s-b1", "s-b3"]
    assert "New since" in only.find(id="s-b1").get_text()
    where = only.find(id="s-b3")
    assert [each.get_text().strip() for each in where.select(".src ins")] == ["badly"]
    assert where.select_one(".was span").get_text() == MENDED
    assert where.select(".was .diff ins")
    (back, _ours) = where.select(".was button")
    press(ada, back, where)
    assert row(ada, edition, "b3").select_one(".text").get_text() == MENDED
    desk.submit("<p>Storm.</p>")
    desk.work()
    gone = page(ada, edition).select_one(".gone")
    assert "2 segments" in gone.summary.get_text()
    assert MENDED in gone.get_text()


def test_a_shared_text_that_changed_below_ours_says_how(ada, edition):
    """What it said when ours was written, and what it says now."""
    put(ada, edition, "Não houve feridos.")
    put(ada, edition, "Todos bem.", "edition")
    put(browser("bea", brazil="editor"), Edition.objects.get(section="brazil"), "Não houve mortos.")
    shown = row(ada, edition).select_one(".conflict .diff")
    assert [each.get_text() for each in shown.select("del, ins")] == ["feridos", "mortos"]


def test_where_nothing_has_changed_the_page_says_so(ada, edition):
    """And leads back to all of it."""
    assert "No segment has changed." in page(ada, edition, "?show=changed").select_one("main").get_text()
