"""The editor in a browser without scripts: read, correct, decide; hostile articles; previews."""

from __future__ import annotations

from urllib.parse import urljoin, urlsplit

import pytest
from bs4 import BeautifulSoup
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from pipeline.flow import publish
from pipeline.ledger.models import Draft, Edition, Membership, Note, Version

HTML = (
    '<p>The <a href="https://example.org/boat">boat</a> left the <strong>harbour</strong>.</p><p>Nobody was hurt.</p>'
)


def browser(name: str, **roles: str) -> Client:
    """A browser of somebody with these roles."""
    user = User.objects.create_user(name)
    for section, role in roles.items():
        Membership.objects.create(user=user, section=section.replace("_", "-"), role=role)
    client = Client()
    client.force_login(user)
    return client


@pytest.fixture
def edition(desk) -> Edition:
    """Portugal's edition: it waits."""
    desk.submit(HTML)
    desk.work()
    return desk.edition("portugal")


@pytest.fixture
def ada(edition) -> Client:
    """An editor of Portugal."""
    return browser("ada", portugal="editor")


def tree(answer) -> BeautifulSoup:
    return BeautifulSoup(answer.content.decode(), "lxml")


def form_of(client: Client, edition: Edition, key: str) -> dict[str, str]:
    """The fields of a segment's form as a browser without scripts sends them."""
    return form_after(tree(client.get(reverse("segment", args=[edition.pk, key]))))


def save(client: Client, edition: Edition, key: str, fields: dict[str, str]):
    return client.post(reverse("segment", args=[edition.pk, key]), fields)


def test_source_and_translation_stand_side_by_side_as_formatted_text(ada, edition):
    """Links and emphasis are visible, and no tag of the article is one of the page."""
    page = tree(ada.get(reverse("edition", args=[edition.pk])))
    segment = page.find(id="s-b1")
    link = segment.select_one(".src .c-a")
    assert (link.get_text(), link["title"]) == ("boat", "link: https://example.org/boat")
    assert segment.select_one(".tgt .text .c-strong")
    assert not segment.select(".src a, .text a")
    assert (segment.select_one(".src")["lang"], segment.select_one(".text")["lang"]) == ("en", "pt-PT")


def test_a_segment_with_a_link_is_corrected_approved_and_published(desk, ada, edition):
    fields = form_of(ada, edition, "b1")
    assert "{1}" in fields["text"]
    fields["text"] = "Saiu do {2}porto{/2} o {1}barco{/1}."
    assert save(ada, edition, "b1", fields).headers["Location"] == f"/editions/{edition.pk}/?at=b1#s-b1"
    page = tree(ada.get(reverse("edition", args=[edition.pk])))
    digest = page.select_one("#verdict input[name=digest]")["value"]
    ada.post(reverse("verdict", args=[edition.pk]), {"do": "approve", "digest": digest})
    publish.run("site")
    html = desk.page("portugal")
    assert 'Saiu do <strong>porto</strong> o <a href="https://example.org/boat">barco</a>.' in html


@pytest.mark.parametrize(
    "text", ["Saiu o barco.", "{1}barco{/1} {1}barco{/1} {2}x{/2}", "{1}barco {2}porto{/1}{/2}", "{7}x{/7}", "{1}"]
)
def test_codes_that_are_lost_doubled_or_broken_are_refused_and_nothing_typed_is_lost(ada, edition, text):
    fields = {**form_of(ada, edition, "b1"), "text": text}
    answer = save(ada, edition, "b1", fields)
    assert answer.status_code == 422
    page = tree(answer)
    assert "links and marks" in page.select_one("[role=alert]").get_text()
    assert page.find("textarea").get_text().strip() == text
    assert not Version.objects.filter(origin="person").exists()


def test_what_people_type_is_text_and_never_markup(desk, ada, edition):
    fields = {**form_of(ada, edition, "b2"), "text": "<script>alert(1)</script> & {{chaves}} “x”"}
    save(ada, edition, "b2", fields)
    target = Version.objects.get(origin="person").targets["b2"]
    assert target == "&lt;script&gt;alert(1)&lt;/script&gt; &amp; {chaves} “x”"


def test_two_editors_see_all_three_texts_and_none_is_lost(ada, edition):
    bea = browser("bea", portugal="editor")
    first, second = form_of(ada, edition, "b2"), form_of(bea, edition, "b2")
    save(ada, edition, "b2", {**first, "text": "Ninguém se feriu."})
    answer = save(bea, edition, "b2", {**second, "text": "Não houve feridos."})
    assert answer.status_code == 409
    page = tree(answer)
    said = [each.get_text() for each in page.select("[role=alert] dd")]
    assert said[0] == "ydoboNõ sawõ truhõ."  # where both began
    marked = page.select("[role=alert] dd ins")
    assert [each.get_text() for each in marked] == ["Ninguém se feriu", "Não houve feridos"]
    fields = form_after(page)
    assert fields["text"] == "Não houve feridos."
    save(bea, edition, "b2", {**fields, "text": "Ninguém se feriu; não houve feridos."})
    assert (
        Version.objects.filter(origin="person").latest("number").targets["b2"] == "Ninguém se feriu; não houve feridos."
    )


def form_after(page: BeautifulSoup) -> dict[str, str]:
    form = page.select_one("form.write")
    return {
        **{field["name"]: field["value"] for field in form.select("input[name^=seen-]")},
        "text": form.find("textarea").get_text().strip(),
        "scope": form.select_one("input[name=scope][checked]")["value"],
    }


def test_a_form_that_comes_back_remembers_where_it_began(ada, edition):
    """A refused text, or a draft of yesterday, must not overwrite what a colleague has saved since."""
    bea = browser("bea", portugal="editor")
    refused, draft = form_of(ada, edition, "b1"), form_of(ada, edition, "b2")
    ada.post(reverse("draft", args=[edition.pk, "b2"]), {**draft, "text": "Não houve"})
    again = form_after(tree(save(ada, edition, "b1", {**refused, "text": "Sem ligação."})))
    moved = "Saiu do {2}porto{/2} o {1}barco{/1}."
    for key, text in (("b1", moved), ("b2", "Ninguém se feriu.")):
        save(bea, edition, key, {**form_of(bea, edition, key), "text": text})
    assert save(ada, edition, "b1", {**again, "text": "O {1}barco{/1} saiu do {2}porto{/2}."}).status_code == 409
    assert save(ada, edition, "b2", {**form_of(ada, edition, "b2"), "text": "Não houve feridos."}).status_code == 409


def test_what_was_not_changed_is_no_draft(ada, edition):
    """As when a form is opened and closed again."""
    ada.post(reverse("draft", args=[edition.pk, "b2"]), form_of(ada, edition, "b2"))
    assert not Draft.objects.exists()


def test_one_may_go_over_to_the_shared_text_where_the_section_has_its_own(ada, edition):
    """Nobody else has saved: there is no conflict."""
    save(ada, edition, "b2", {**form_of(ada, edition, "b2"), "text": "Todos bem.", "scope": "edition"})
    fields = {**form_of(ada, edition, "b2"), "scope": "base", "text": "Ninguém se feriu."}
    assert save(ada, edition, "b2", fields).status_code == 302


def test_own_wording_whose_source_is_gone_can_be_given_up(desk, ada, edition):
    """Else nothing could be approved any more."""
    save(ada, edition, "b2", {**form_of(ada, edition, "b2"), "text": "Todos bem.", "scope": "edition"})
    desk.submit(HTML.replace("Nobody was hurt", "It rained all day"))
    desk.work()
    page = tree(ada.get(reverse("edition", args=[edition.pk])))
    ada.post(page.find("button", string="Give it up").parent["action"], {"do": "take"})
    digest = tree(ada.get(reverse("edition", args=[edition.pk]))).select_one("input[name=digest]")["value"]
    ada.post(reverse("verdict", args=[edition.pk]), {"do": "approve", "digest": digest})
    assert Edition.objects.get(pk=edition.pk).state == "approved"


def test_an_own_wording_is_a_visibly_different_act(desk, ada, edition):
    form = tree(ada.get(reverse("segment", args=[edition.pk, "b2"])))
    scope = form.select_one("fieldset.scope").get_text(" ", strip=True)
    assert "also for" in scope
    assert "only our section" in scope
    save(ada, edition, "b2", {**form_of(ada, edition, "b2"), "text": "Todos bem.", "scope": "edition"})
    row = tree(ada.get(reverse("edition", args=[edition.pk]))).find(id="s-b2")
    assert "own wording" in row.get_text()
    assert form_of(ada, edition, "b2")["scope"] == "edition"


def test_a_draft_comes_back_and_is_gone_once_it_is_saved(ada, edition):
    fields = {**form_of(ada, edition, "b2"), "text": "Ninguém se"}
    ada.post(reverse("draft", args=[edition.pk, "b2"]), fields)
    assert form_of(ada, edition, "b2")["text"] == "Ninguém se"
    assert "your draft" in tree(ada.get(reverse("edition", args=[edition.pk]))).find(id="s-b2").get_text()
    save(ada, edition, "b2", {**fields, "text": "Ninguém se feriu."})
    assert not Draft.objects.exists()
    ada.post(reverse("draft", args=[edition.pk, "b2"]), fields)
    ada.post(reverse("draft", args=[edition.pk, "b2"]), {**fields, "discard": "1"})
    assert not Draft.objects.exists()


def test_what_changed_meanwhile_is_not_approved(ada, edition):
    digest = tree(ada.get(reverse("edition", args=[edition.pk]))).select_one("input[name=digest]")["value"]
    save(ada, edition, "b2", {**form_of(ada, edition, "b2"), "text": "Ninguém se feriu."})
    answer = ada.post(reverse("verdict", args=[edition.pk]), {"do": "approve", "digest": digest}, follow=True)
    assert "has changed since you saw it" in answer.content.decode()
    assert Edition.objects.get(pk=edition.pk).approved_id is None


def test_approving_for_later_is_in_the_sections_time_and_goes_out_then(desk, ada, edition):
    digest = tree(ada.get(reverse("edition", args=[edition.pk]))).select_one("input[name=digest]")["value"]
    ada.post(
        reverse("verdict", args=[edition.pk]), {"do": "approve", "digest": digest, "release_at": "2040-07-01T09:30"}
    )
    now = Edition.objects.get(pk=edition.pk)
    assert now.release_at.isoformat() == "2040-07-01T08:30:00+00:00"
    publish.run("site")
    assert not (desk.home / "outputs" / "portugal" / now.path).exists()


@pytest.mark.parametrize("moment", ["soon", "0001-01-01T00:00+05:00", "9999-12-31T23:59-05:00", "2026-13-01T00:00"])
def test_a_time_that_is_none_is_told_of(ada, edition, moment):
    digest = tree(ada.get(reverse("edition", args=[edition.pk]))).select_one("input[name=digest]")["value"]
    fields = {"do": "approve", "digest": digest, "release_at": moment}
    answer = ada.post(reverse("verdict", args=[edition.pk]), fields, follow=True)
    assert "no date and time" in answer.content.decode()
    assert Edition.objects.get(pk=edition.pk).approved_id is None


@pytest.mark.parametrize("name", ["verdict", "draft", "segment"])
def test_a_character_that_no_text_has_is_not_understood(ada, edition, name):
    args = [edition.pk] if name == "verdict" else [edition.pk, "b2"]
    answer = ada.post(reverse(name, args=args), {"do": "note", "why": "a\0b", "text": "a\0b", "scope": "base"})
    assert answer.status_code == 400


def test_a_section_that_has_left_the_network_is_told_of(desk, ada, edition, settings):
    """Its editions are on the list still."""
    network = settings.NETWORK_FILE.read_text(encoding="utf-8")
    settings.NETWORK_FILE.write_text(
        network.replace('key = "portugal"', 'key = "lusitania"').replace('"portugal"', '"lusitania"'), encoding="utf-8"
    )
    answer = ada.get(reverse("edition", args=[edition.pk]))
    assert "There is no section" in answer.content.decode()
    frame = reverse("preview_file", args=[edition.pk, "after", "pt-pt/2026/preview/"])
    assert ada.get(frame).status_code == 404


def test_return_and_rejection_want_a_reason_and_notes_are_kept(ada, edition):
    url = reverse("verdict", args=[edition.pk])
    assert "needs a reason" in ada.post(url, {"do": "return"}, follow=True).content.decode()
    ada.post(url, {"do": "take", "why": "Quem fala?"})
    ada.post(url, {"do": "return", "why": "O título não serve."})
    assert Edition.objects.get(pk=edition.pk).state == "returned"
    assert Note.objects.get().text == "Quem fala?"
    page = ada.get(reverse("edition", args=[edition.pk])).content.decode()
    assert "Quem fala?" in page
    assert "O título não serve." in page


def test_an_update_shows_what_changed_in_the_source_and_what_was_approved(desk, ada, edition):
    digest = tree(ada.get(reverse("edition", args=[edition.pk]))).select_one("input[name=digest]")["value"]
    ada.post(reverse("verdict", args=[edition.pk]), {"do": "approve", "digest": digest})
    desk.submit(HTML.replace("Nobody was hurt", "Nobody was badly hurt"))
    desk.work()
    page = tree(ada.get(reverse("edition", args=[edition.pk]) + "?show=eyes"))
    changed = [each["id"] for each in page.select(".seg") if each.select_one(".was")]
    assert changed == ["s-b2"]
    assert page.select_one("#s-b2 .src ins").get_text().strip() == "badly"
    assert "Approved before" in page.select_one("#s-b2").get_text()


def test_the_preview_is_the_page_and_its_frame_can_do_nothing(desk, ada, edition):
    page = tree(ada.get(reverse("preview", args=[edition.pk])))
    frame = page.find("iframe")
    assert frame["sandbox"] == []  # nothing is allowed
    answer = ada.get(frame["src"])
    assert answer.headers["Content-Security-Policy"].startswith("sandbox; default-src 'none'")
    inside = tree(answer)
    assert inside.find("html")["lang"] == "pt-PT"
    sheet = urljoin(f"http://desk{frame['src']}", inside.find("link", rel="stylesheet")["href"])
    assert ada.get(urlsplit(sheet).path).headers["Content-Type"].startswith("text/css")
    assert ada.get(frame["src"].replace("/after/", "/after/../../")).status_code == 404


@pytest.mark.parametrize("name", ["edition", "preview", "segment"])
def test_others_see_nothing_of_it_before_it_is_published(edition, name):
    stranger = browser("cy", brazil="editor")
    args = [edition.pk, "b1"] if name == "segment" else [edition.pk]
    assert stranger.get(reverse(name, args=args)).status_code == 404
    assert Client().get(reverse(name, args=args)).status_code == 302


def test_people_of_other_sections_see_what_is_published_and_nothing_that_waits(desk, ada, edition):
    """Not the newer text, its preview, nor what is said about it."""
    digest = tree(ada.get(reverse("edition", args=[edition.pk]))).select_one("input[name=digest]")["value"]
    ada.post(reverse("verdict", args=[edition.pk]), {"do": "approve", "digest": digest})
    save(ada, edition, "b2", {**form_of(ada, edition, "b2"), "text": "Um texto por ler."})
    ada.post(reverse("verdict", args=[edition.pk]), {"do": "note", "why": "Entre nós."})
    stranger = browser("cy", brazil="editor")
    page = stranger.get(reverse("edition", args=[edition.pk])).content.decode()
    assert "Um texto por ler." not in page
    assert "Entre nós." not in page
    assert "waits for review" not in page
    assert "Um texto por ler." in ada.get(reverse("edition", args=[edition.pk])).content.decode()
    frame = tree(stranger.get(reverse("preview", args=[edition.pk]) + "?show=after")).find("iframe")["src"]
    assert "Um texto por ler." not in stranger.get(frame).content.decode()
    assert stranger.get(frame.replace("/before/", "/after/")).status_code == 404


@pytest.mark.parametrize("name", ["verdict", "presence", "draft", "own", "segment"])
def test_readers_change_nothing(desk, edition, name):
    live = desk.edition("united-states")
    reader = browser("cy", brazil="editor")
    args = [live.pk, "b1"] if name in {"draft", "own", "segment"} else [live.pk]
    assert reader.post(reverse(name, args=args), {"do": "return", "why": "x"}).status_code == 403
    assert reader.get(reverse("edition", args=[live.pk])).status_code == 200


def test_the_editor_takes_the_same_number_of_queries_for_many_segments(
    desk, ada, edition, django_assert_max_num_queries
):
    desk.submit("".join(f"<p>The water rose {n} times.</p>" for n in range(60)), key="long", title="Long")
    desk.work()
    long = Edition.objects.get(section="portugal", article__key="long")
    with django_assert_max_num_queries(30):
        assert ada.get(reverse("edition", args=[long.pk])).status_code == 200
