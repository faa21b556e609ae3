"""An article's own page: all that is known of it for whose business it is, and what chiefs and operators do there."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from pipeline.documents import Origin, TranslatedSegment
from pipeline.flow import article_page, decisions, versions
from pipeline.flow.installation import network
from pipeline.flow.people import rights
from pipeline.ledger.models import (
    Article,
    Correction,
    Delivery,
    Edition,
    Event,
    Finding,
    Receipt,
    Translation,
    Version,
)
from pipeline.ledger.models.translations import unpack_segments
from tests.integration.test_board import browser, person, tree

HTML = '<p>The <a href="https://example.org/boat">boat</a> left.</p><p>Nobody was hurt.</p>'
SECOND = '<p>A new beginning.</p><p>The <a href="https://example.org/ship">boat</a> left.</p><p>Nobody was seen.</p>'


@pytest.fixture
def article(desk) -> Article:
    """Two revisions of a source; Portugal waits, Brazil is published."""
    desk.submit(HTML, authors=("A. Writer",))
    desk.work()
    Article.objects.get().revisions.update(submitted_by="sam")
    desk.submit(SECOND, title="Tide report, corrected")
    desk.work()
    return Article.objects.get()


def edited(translation: Translation, **texts: str) -> Version:
    """A person's version: some segments in other words."""
    translation = Translation.objects.select_related("article", "version__revision").get(pk=translation.pk)
    assert translation.version
    old = unpack_segments(translation.version.segments)
    new = tuple(
        TranslatedSegment(each.key, texts.get(each.key, each.target), Origin.PERSON, evidence=each.evidence)
        for each in old
    )
    return versions.add(
        translation, translation.version.revision, new, author="ines", net=network(), origin=Version.By.PERSON
    )


def section_of(found: Any, name: str) -> str:
    """The text of one part of the page."""
    return " ".join(found.find(id=name).find_parent("section").get_text(" ").split())


def test_the_page_says_where_why_who_and_how(desk, article):
    """Places with reasons, revisions with what cleaning did, versions, provenance, receipts, events."""
    found = tree(browser(person("pat", portugal="chief")), f"/articles/{article.uid}/")
    places = section_of(found, "places")
    assert "Portugal Portuguese (Portugal) waiting for review" in places
    assert "waits for an editor of Portugal" in places
    assert "Brasil Portuguese (Brazil) published" in places
    revisions = section_of(found, "revisions")
    assert "revision 2" in revisions
    assert "sam · tide.html" in revisions
    assert "replaced by a newer one" in revisions
    texts = section_of(found, "versions")
    assert "version 2" in texts
    assert "machine translation" in texts
    assert "fake:" in texts
    made = section_of(found, "editions")
    assert "engine fake , model" in made
    assert "checksum" in made
    events = section_of(found, "events")
    assert "revision 2 came in as tide.html" in events
    assert "brazil" not in events
    assert "Brasil" not in section_of(found, "deliveries")
    operators = tree(browser(person("oda", staff=True)), f"/articles/{article.uid}/")
    sent = section_of(operators, "deliveries")
    assert "Brasil , Portuguese (Brazil) site confirmed" in sent
    assert "confirmed, 0 seconds ago" in sent or "confirmed, " in sent
    assert Receipt.objects.count() == len(operators.select(".receipts li"))


def test_a_stranger_sees_what_is_published_and_nothing_else(desk, article):
    """Not the newer title, no revision, no text, no event, no delivery; and no page of what nobody has published."""
    Edition.objects.filter(section="united-states").update(state="withdrawn", approved=None)
    Article.objects.update(title="A secret title")
    dan = browser(person("dan"))
    told = tree(dan, f"/articles/{article.uid}/").find("main").get_text(" ")
    assert "Tide report" in told
    assert "published" in told
    for secret in ("secret", "sam", "Angola", "united-states", "revision", "checksum", "waits for an editor"):
        assert secret not in told
    for address in ("revisions/1/", "revisions/2/", "versions/pt/", "versions/en/"):
        assert dan.get(f"/articles/{article.uid}/{address}").status_code == 404
    Edition.objects.update(approved=None, candidate=None, state="targeted")
    assert dan.get(f"/articles/{article.uid}/").status_code == 404
    assert dan.get("/articles/nothing/").status_code == 404
    assert browser(person("sam")).get(f"/articles/{article.uid}/revisions/2/").status_code == 200


def test_another_sections_language_is_not_an_editors_business(desk, article):
    """An editor of the United States sees the English text and its events, and nothing of the Portuguese one."""
    kim = browser(person("kim", united_states="editor"))
    found = tree(kim, f"/articles/{article.uid}/")
    assert found.find(id="language-en")
    assert not found.find(id="language-pt")
    assert "Portugal" not in section_of(found, "editions")
    assert kim.get(f"/articles/{article.uid}/versions/pt/").status_code == 404
    assert kim.get(f"/articles/{article.uid}/versions/en/").status_code == 200


def test_revisions_are_compared_by_segments_and_words(desk, article):
    """What came, what changed, what only links elsewhere; and what the source says of itself."""
    client = browser(person("pat", portugal="editor"))
    found = tree(client, f"/articles/{article.uid}/revisions/2/")
    said = {item.find(class_="kind").get_text(): item for item in found.select("ul.changes li")}
    assert list(said) == ["authors"]
    assert said["authors"].find("del").get_text() == "A. Writer"
    changes = found.select("ol.changes li")
    assert [item.find("p", lang="en").get_text() for item in changes] == [
        "Tide report, corrected",
        "The boat leftA new beginning.",
        "A new beginning.",
        "The boat left.",
        "Nobody was hurtseen.",
    ]
    assert "a link or an emphasis has changed" in changes[3].get_text()
    assert [mark.name for mark in changes[4].select("del, ins")] == ["del", "ins"]
    first = tree(client, f"/articles/{article.uid}/revisions/1/")
    assert not first.select(".changes")
    assert "The texts are the same" in tree(client, f"/articles/{article.uid}/revisions/2/?from=2").get_text()
    assert tree(client, f"/articles/{article.uid}/revisions/2/?from=99x").select("ol.changes")
    assert client.get(f"/articles/{article.uid}/revisions/3/").status_code == 404


def test_two_versions_are_compared_word_by_word(desk, article):
    """The last two, or two that are chosen; across revisions segments are found by their sources."""
    edited(Translation.objects.get(base="pt"), b3="Ninguém foi visto & <b>salvo</b>.")
    client = browser(person("pat", portugal="editor"))
    found = tree(client, f"/articles/{article.uid}/versions/pt/")
    assert "from version 2 to version 3" in found.h1.get_text()
    (change,) = found.select("ol.changes li")
    assert "Nobody was seen." in change.find("p", class_="quiet").get_text()
    assert change.find("ins").get_text().startswith("Ninguém foi visto")
    assert not change.find("b")
    assert "4 segments are the same in both" in found.get_text()
    across = tree(client, f"/articles/{article.uid}/versions/pt/?from=1&to=2")
    assert len(across.select("ol.changes li")) == 5
    for odd in ("?from=0&to=x", "?from=3&to=1"):
        assert client.get(f"/articles/{article.uid}/versions/pt/{odd}").status_code == 200
    assert client.get(f"/articles/{article.uid}/versions/pt/?to=99").status_code == 404
    assert client.get(f"/articles/{article.uid}/versions/xx/").status_code == 404


def test_findings_corrections_and_failed_deliveries_stand_there(desk, article):
    """With the retry for who may; what failed at any stage is tried again by an operator at once."""
    portugal = desk.edition("portugal")
    given = {"check_id": "numbers", "severity": "block", "segment": "b1"}
    Finding.objects.create(version=portugal.candidate, message="12 is missing.", **given)
    put_aside = {"state": "dismissed", "decided_by": "ines", "why": "It is a house number."}
    Finding.objects.create(version=portugal.candidate, message="13 is missing.", **given, **put_aside)
    page = desk.edition("brazil").deliveries.get()
    Delivery.objects.filter(pk=page.pk).update(status="failed", reason="The disk is full. Make room.")
    che = browser(person("che", brazil="chief", portugal="editor"))
    found = tree(che, f"/articles/{article.uid}/")
    findings = section_of(found, "findings")
    assert "12 is missing. b1" in findings
    assert "ines : It is a house number." in findings
    form = found.find(id="deliveries").find_parent("section").find("form")
    answer = che.post(form["action"], {"next": form.find("input", attrs={"name": "next"})["value"]})
    assert answer.headers["Location"] == f"/articles/{article.uid}/#deliveries"
    assert Delivery.objects.get(pk=page.pk).status == "ready"
    Delivery.objects.filter(pk=page.pk).update(status="failed", reason="The disk is full. Make room.")
    Translation.objects.filter(base="pt").update(status="failed", reason="No words.")
    oda = browser(person("oda", staff=True))
    assert "Try again what failed" in tree(oda, f"/articles/{article.uid}/").get_text()
    oda.post(f"/articles/{article.uid}/retry/")
    assert set(Translation.objects.values_list("status", flat=True)) == {"ready", "done"}
    assert che.post(f"/articles/{article.uid}/retry/").status_code == 403


def asked(client: Client, address: str, **fields: str) -> str:
    """What the confirmation page says to a form that is refused."""
    answer = client.post(address, fields)
    assert answer.status_code == 422
    return answer.content.decode()


def test_a_chief_withdraws_an_edition_and_brings_it_back(desk, article):
    """With a reason, after a question; others may not; its pages follow."""
    brazil = desk.edition("brazil")
    address = f"/editions/{brazil.pk}/withdraw/"
    che = browser(person("che", brazil="chief"))
    assert "Readers of this section" in tree(che, address).get_text()
    assert desk.edition("brazil").state == "live"
    assert "A withdrawal needs a reason." in asked(che, address, why="  ")
    for other in (person("pat", portugal="chief"), person("bea", brazil="editor")):
        assert browser(other).post(address, {"why": "x"}).status_code == 403
    answer = che.post(address, {"why": "The figures are wrong."}, follow=True)
    assert "Withdrawn. 1 page is on its way." in answer.content.decode()
    assert desk.edition("brazil").reason == "withdrawn by che: The figures are wrong."
    assert desk.edition("united-states").state == "live"
    again = tree(che, f"/articles/{article.uid}/")
    assert "/reinstate/" in str(again.find(id="editions").find_parent("section"))
    assert "Brought back." in che.post(f"/editions/{brazil.pk}/reinstate/", follow=True).content.decode()
    assert desk.edition("brazil").state == "approved"
    assert "is not withdrawn" in asked(che, f"/editions/{brazil.pk}/reinstate/")


def test_an_operator_withdraws_the_whole_article(desk, article):
    """Nobody else does; it comes back the same way."""
    oda, address = browser(person("oda", staff=True)), f"/articles/{article.uid}/withdraw/"
    assert browser(person("pat", portugal="chief", brazil="chief")).post(address, {"why": "x"}).status_code == 403
    assert "in any section" in tree(oda, address).get_text()
    oda.post(address, {"why": "Wrong."})
    assert Article.objects.get().withdrawn
    assert set(Edition.objects.values_list("state", flat=True)) == {"withdrawn"}
    assert "as a whole" in tree(oda, f"/articles/{article.uid}/").get_text()
    oda.post(f"/articles/{article.uid}/reinstate/")
    assert not Article.objects.get().withdrawn


def test_a_chief_restores_an_earlier_version(desk, article):
    """Chosen from those that say something else; as a new one, which tells whom it repeats."""
    brazil = desk.edition("brazil")
    che, address = browser(person("che", brazil="chief")), f"/editions/{brazil.pk}/restore/"
    assert [option["value"] for option in tree(che, address).select("select[name=version] option")] == ["1"]
    assert "has no version" in asked(che, address, version="99")
    assert "has no version" in asked(che, address, version="x")
    assert browser(person("oda", staff=True)).post(address, {"version": "1"}).status_code == 403
    che.post(address, {"version": "1", "why": "All of them are right."})
    now = Edition.objects.select_related("approved__restored").get(pk=brazil.pk)
    assert (now.approved.number, now.approved.restored.number, now.decided_by) == (3, 1, "che")
    assert "repeats version 1" in tree(che, f"/articles/{article.uid}/").get_text()


def test_corrections_are_marked_for_one_section_or_for_all(desk, article):
    """By its chief, by an operator; with a note that is not empty, and that readers see."""
    brazil = desk.edition("brazil")
    che, oda = browser(person("che", brazil="chief")), browser(person("oda", staff=True))
    assert "A correction needs a note." in asked(che, f"/editions/{brazil.pk}/correct/", note=" ")
    che.post(f"/editions/{brazil.pk}/correct/", {"note": "O porto estava errado."})
    oda.post(f"/articles/{article.uid}/correct/", {"note": "The harbour was wrong."})
    assert che.post(f"/articles/{article.uid}/correct/", {"note": "x"}).status_code == 403
    assert oda.post(f"/editions/{brazil.pk}/correct/", {"note": "x"}).status_code == 403
    assert Correction.objects.count() == 2
    told = section_of(tree(che, f"/articles/{article.uid}/"), "corrections")
    assert "O porto estava errado." in told
    assert "The harbour was wrong." in told
    desk.work()
    assert "O porto estava errado." in desk.page("brazil")


def test_the_page_takes_the_same_number_of_queries_however_much_there_is(desk, article, django_assert_max_num_queries):
    """Many versions, events and receipts; only the last events are shown until one asks for all."""
    oda = browser(person("oda", staff=True))
    translation = Translation.objects.get(base="pt")
    for number in range(6):
        edited(translation, b1=f"Número {number}.")
    portugal = desk.edition("portugal")
    decisions.decline(portugal.pk, by="ines", reason="Not ours.")
    Event.objects.bulk_create(
        Event(article=article, at=article.created_at, stage="review", message=f"event {number}")
        for number in range(150)
    )
    with django_assert_max_num_queries(26):
        found = tree(oda, f"/articles/{article.uid}/")
    assert len(found.select(".events li")) == 100
    assert len(tree(oda, f"/articles/{article.uid}/?events=all").select(".events li")) == Event.objects.count()


def test_names_of_routes_are_told_apart():
    """One hop, two, an engine without a checksum, the same twice."""
    made = article_page.engines(["firefox:enpt@01", "argos:en_es@45+argos:es_pt@67", "fake:x", "firefox:enpt@01"])
    assert [(each.engine, each.model, each.checksum) for each in made] == [
        ("firefox", "enpt", "01"),
        ("argos", "en_es", "45"),
        ("argos", "es_pt", "67"),
        ("fake", "x", ""),
    ]


def test_who_handed_an_article_in_sees_their_own(desk, article):
    """Its source and its revisions, not what sections decide."""
    view = article_page.find(article.uid, rights(person("sam")))
    assert view
    assert view.inside
    assert view.sections == frozenset()
    assert view.bases == {"en"}
