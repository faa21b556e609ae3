"""The API: handing articles in, finding them, and where they stand."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.utils import timezone

from pipeline.ledger.models import Article, IdempotencyKey, Revision, RevisionText
from tests.integration.calls import API, Calls, problem, token

TIDE = {"title": "Tide report", "language": "en", "kind": "news", "key": "tide", "html": "<p>The water rose.</p>"}


@pytest.fixture
def cms(desk) -> Calls:
    """A program that hands in for Portugal and reads."""
    return token("read submit")


def test_an_article_comes_in_and_can_be_followed_to_its_page(desk, cms):
    """One call puts it in, one says where it is and why, section by section."""
    answer = cms.post("/articles", TIDE)
    assert answer.status_code == 201
    told = answer.json()
    assert (told["outcome"], told["key"], told["revision"]) == ("new", "tide", 1)
    assert answer.headers["Location"] == f"{API}/articles/{told['uid']}"
    desk.work()
    where = cms.client.get(told["status_url"], headers={"Authorization": f"Bearer {cms.secret}"}).json()
    places = {cell["section"]: cell for cell in where["cells"]}
    assert places["portugal"]["place"] == "waiting for review"
    assert places["portugal"]["edition"] == desk.edition("portugal").pk
    assert places["brazil"]["place"] == "published"
    assert places["brazil"]["url"].startswith("http")
    assert Revision.objects.get().submitted_by == "token read submit for ('portugal',)"


def test_what_other_sections_have_not_published_is_not_told(desk):
    """Brazil's token learns nothing of what waits in Portugal."""
    desk.submit()
    desk.work()
    uid = Article.objects.get().uid
    cells = token("read", ["brazil"]).get(f"/articles/{uid}/status").json()["cells"]
    assert "portugal" not in {cell["section"] for cell in cells}
    cells = token("read", None).get(f"/articles/{uid}/status").json()["cells"]
    assert "portugal" in {cell["section"] for cell in cells}


@pytest.mark.parametrize(
    ("body", "stored"),
    [
        ({"html": "<p>Boats &amp; nets.</p>"}, "<p>Boats &amp; nets.</p>"),
        ({"markdown": "Boats *and* nets."}, "<p>Boats <em>and</em> nets.</p>"),
        ({"text": "Boats & nets.\r\n<Tidewater>\n\nThe second."}, "<p>Boats &amp; nets.<br/>&lt;Tidewater&gt;</p>"),
    ],
)
def test_a_text_comes_as_html_markdown_or_plain_text(cms, body, stored):
    """In exactly one of them."""
    given = {key: value for key, value in TIDE.items() if key != "html"} | body
    assert cms.post("/articles", given).status_code == 201
    original = RevisionText.objects.get().original
    assert stored.replace("<br/>", "<br>") in original.replace("<br/>", "<br>")


def test_a_file_comes_in_a_form_with_what_is_known_of_it(cms):
    """The fields of the form win over what the file says of itself."""
    file = SimpleUploadedFile("tide.md", b"---\ntitle: Old\nlanguage: en\n---\nThe water rose.", "text/markdown")
    fields = {"file": file, "title": "Tide report", "key": "tide", "tags": "coast, boats"}
    answer = cms.client.post(f"{API}/articles", fields, headers={"Authorization": f"Bearer {cms.secret}"})
    assert answer.status_code == 201, answer.content
    assert answer.json()["title"] == "Tide report"
    revision = Revision.objects.get()
    assert revision.metadata["tags"] == ["coast", "boats"]
    assert revision.submitted_as == "tide.md"


def test_an_article_may_be_for_some_sections_only(cms):
    """As JSON or in a form; the description of the API lists it, with every field that a form takes."""
    assert cms.post("/articles", TIDE | {"only_sections": ["portugal"]}).status_code == 201
    file = SimpleUploadedFile("boats.md", b"The boats are ready.", "text/markdown")
    fields = {"file": file, "title": "Boats", "language": "en", "only_sections": "portugal, brazil", "part": "2"}
    answer = cms.client.post(f"{API}/articles", fields, headers={"Authorization": f"Bearer {cms.secret}"})
    assert answer.status_code == 201, answer.content
    kept = Revision.objects.order_by("id").values_list("metadata__only_sections", flat=True)
    assert list(kept) == [["portugal"], ["portugal", "brazil"]]
    assert "atlantis" in problem(cms.post("/articles", TIDE | {"only_sections": ["atlantis"]}), 422)["detail"]
    described = cms.get("/openapi.json").json()["paths"]["/api/v1/articles"]["post"]["requestBody"]["content"]
    known = {kind: set(each["schema"]["properties"]) for kind, each in described.items()}
    texts = {"html", "markdown", "text"}
    assert "only_sections" in known["application/json"]
    assert known["multipart/form-data"] - {"file"} == known["application/json"] - texts


def test_a_duplicate_and_an_update_are_results_and_no_errors(cms):
    """Each says what it is; nothing is recorded twice."""
    assert cms.post("/articles", TIDE).json()["outcome"] == "new"
    again = cms.post("/articles", TIDE)
    assert (again.status_code, again.json()["outcome"], again.json()["revision"]) == (200, "duplicate", 1)
    other = cms.post("/articles", TIDE | {"html": "<p>The water fell.</p>"})
    assert (other.status_code, other.json()["outcome"], other.json()["revision"]) == (200, "updated", 2)
    assert Revision.objects.count() == 2


def test_an_article_of_other_sections_is_not_revised_by_who_names_its_key_or_address(desk):
    """Neither before the sections have got it nor afterwards; its own sections, and who handed it in, may."""
    told = TIDE | {"only_sections": ["portugal"], "canonical_url": "https://news.example.org/tide"}
    ours, other, everyone = token("submit"), token("submit", ["brazil"]), token("submit", None)
    assert ours.post("/articles", told).status_code == 201
    theirs = told | {"html": "<p>Nothing rose.</p>"}
    by_address = {**theirs, "key": "another"}
    for _ in range(2):
        refused = problem(other.post("/articles", theirs, {"Idempotency-Key": "k"}), 422)
        assert refused["detail"] == "The key “tide” is taken by an article of others."
        assert "was handed in by others" in problem(other.post("/articles", by_address), 422)["detail"]
        assert other.post("/articles", told).json()["outcome"] == "duplicate"
        assert (Revision.objects.count(), IdempotencyKey.objects.count()) == (1, 0)
        desk.work()
    assert other.post("/articles", {**theirs, "key": "another", "canonical_url": ""}).status_code == 201
    colleague = token("submit", ["portugal", "brazil"], name="colleague")
    for number, caller in enumerate((ours, colleague, everyone), 2):
        told = caller.post("/articles", theirs | {"html": f"<p>It rose {number} times.</p>"}).json()
        assert (told["outcome"], told["revision"]) == ("updated", number)


def test_the_same_key_gets_the_same_answer(cms):
    """Also after the article has changed; with another body it is refused, and another token has keys of its own."""
    key = {"Idempotency-Key": "4c8e"}
    first = cms.post("/articles", TIDE, key)
    cms.post("/articles", TIDE | {"title": "Flood report"})
    again = cms.post("/articles", TIDE, key)
    assert (again.status_code, again.json()) == (first.status_code, first.json())
    assert again.headers["Idempotency-Replayed"] == "true"
    assert again.headers["Location"] == first.headers["Location"]
    assert Revision.objects.count() == 2
    told = problem(cms.post("/articles", TIDE | {"title": "Other"}, key), 422)
    assert told["errors"][0]["field"] == "header.Idempotency-Key"
    other = token("submit", ["brazil"])
    assert other.post("/articles", TIDE | {"key": "other"}, key).json()["outcome"] == "new"


def test_a_key_is_forgotten_after_two_days(cms):
    """Until then for sure; what is too old goes with the next."""
    cms.post("/articles", TIDE, {"Idempotency-Key": "old"})
    IdempotencyKey.objects.update(at=timezone.now() - timedelta(hours=47))
    assert "Idempotency-Replayed" in cms.post("/articles", TIDE, {"Idempotency-Key": "old"}).headers
    IdempotencyKey.objects.update(at=timezone.now() - timedelta(hours=49))
    answer = cms.post("/articles", TIDE, {"Idempotency-Key": "old"})
    assert answer.json()["outcome"] == "duplicate"
    assert IdempotencyKey.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_the_same_key_twice_at_the_same_moment_gets_one_answer(desk):
    """One article, one revision, one answer for both, whoever comes first."""
    callers = [token("submit", name="cms")]
    callers += [Calls(callers[0].secret) for _ in range(3)]
    together = Barrier(len(callers))

    def call(caller: Calls) -> tuple[int, object]:
        together.wait(10)
        answer = caller.post("/articles", TIDE, {"Idempotency-Key": "at once"})
        connection.close()
        return answer.status_code, answer.json()

    with ThreadPoolExecutor(len(callers)) as pool:
        answers = list(pool.map(call, callers))
    assert answers == [answers[0]] * len(callers)
    assert answers[0][0] == 201
    assert Revision.objects.count() == 1


def test_a_refused_submission_keeps_no_key(cms):
    """Mended, it is taken under the same key."""
    key = {"Idempotency-Key": "mend"}
    problem(cms.post("/articles", {**TIDE, "language": "xx-nope"}, key), 422)
    assert cms.post("/articles", TIDE, key).status_code == 201


@pytest.mark.parametrize(
    ("body", "status", "said"),
    [
        ("{", 422, "body"),
        ("[]", 422, "body"),
        ("\ud800".encode("utf-8", "surrogatepass"), 422, "body"),
        ('{"title": 7}', 422, "body.title"),
        ('{"html": "<p>x</p>", "part": 0}', 422, "body.part"),
        ('{"html": "<p>x</p>", "embargo": "soon"}', 422, "body.embargo"),
        ('{"html": "<p>x</p>", "embarg": "2026-11-30"}', 422, "embargo"),
        ('{"html": "<p>x</p>", "text": "x"}', 422, "body.text"),
        ('{"title": "Nothing"}', 422, "html"),
        ('{"html": "<p>x</p>", "title": "X", "language": "tlh"}', 422, "tlh"),
        ('{"html": "' + "<p>x</p>" * 700_000 + '"}', 413, "more than"),
        ('{"html": "' + "<div>" * 3_000 + '"}', 422, "deep"),
    ],
)
def test_what_cannot_be_taken_is_told_with_its_field(cms, body, status, said):
    """One clear sentence; nothing is recorded."""
    answer = cms.post("/articles", body)
    told = problem(answer, status)
    assert said in json.dumps(told), told
    assert Article.objects.count() == 0


def test_other_kinds_of_content_are_refused(cms):
    """Also none at all, and a form without a file."""
    headers = {"Authorization": f"Bearer {cms.secret}"}
    problem(cms.client.post(f"{API}/articles", "x", content_type="text/html", headers=headers), 415)
    problem(cms.client.post(f"{API}/articles", "x", content_type="", headers=headers), 415)
    problem(cms.client.post(f"{API}/articles", {"title": "x"}, headers=headers), 422)
    large = SimpleUploadedFile("a.html", b"x" * 5_000_001)
    problem(cms.client.post(f"{API}/articles", {"file": large}, headers=headers), 413)
    broken = "multipart/form-data"  # without a boundary
    problem(cms.client.post(f"{API}/articles", "x", content_type=broken, headers=headers), 400)


def test_pages_of_the_list_lose_nothing_while_articles_come_in(desk, cms):
    """And show nothing twice."""
    for number in range(7):
        desk.submit(f"<p>{number}</p>", key=f"a{number}")
    first = cms.get("/articles", limit=3).json()
    desk.submit("<p>new</p>", key="new")
    seen = [each["key"] for each in first["items"]]
    following = first["next"]
    while following:
        page = cms.get("/articles", limit=3, cursor=following).json()
        seen += [each["key"] for each in page["items"]]
        following = page["next"]
    assert seen == [f"a{number}" for number in reversed(range(7))]


def test_filters_narrow_the_list(desk, cms):
    """Section, language and state are of one edition, and states only of one's own sections."""
    desk.submit(key="tide")
    desk.work()
    desk.submit("<p>Boats.</p>", key="boats", title="Boats", kind="news")

    def keys(**query: object) -> list[str]:
        return [each["key"] for each in cms.get("/articles", **query).json()["items"]]

    assert keys() == ["boats", "tide"]
    assert keys(q="BOAT") == ["boats"]
    assert keys(key="tide") == ["tide"]
    assert keys(section="portugal", state="in_review") == ["tide"]
    assert keys(section="brazil", state="live") == []  # not this token's
    assert keys(section="brazil") == ["tide"]  # published: everybody sees that
    assert keys(language="pt-PT") == ["tide"]
    assert keys(source_language="pt") == []
    assert keys(since=(timezone.now() + timedelta(minutes=1)).isoformat()) == []
    assert keys(since="2020-01-01T00:00:00") == ["boats", "tide"]
    edges = [{"since": "9999-12-31T23:59:59-12:00"}, {"since": "0001-01-01T00:00:00+12:00"}]
    words = [{"state": "nope"}, {"since": "x"}, {"cursor": "x"}, {"odd": "x"}]
    for query in ({"limit": 0}, {"limit": 201}, *edges, *words):
        told = problem(cms.get("/articles", **query), 422)
        assert f"query.{next(iter(query))}" in json.dumps(told)
    assert keys(q="\0%'\"") == []


def test_an_article_is_told_whole_and_only_when_it_has_changed(desk, cms):
    """With its revisions; an ETag saves the rest."""
    desk.submit(tags=("coast",))
    desk.work(publishing=False)
    uid = Article.objects.get().uid
    answer = cms.get(f"/articles/{uid}")
    told = answer.json()
    assert (told["uid"], told["kind"], told["tags"]) == (uid, "news", ["coast"])
    assert [each["number"] for each in told["revisions"]] == [1]
    again = cms.get(f"/articles/{uid}", {"If-None-Match": answer.headers["ETag"]})
    assert (again.status_code, again.content) == (304, b"")
    desk.submit("<p>The water fell.</p>")
    assert cms.get(f"/articles/{uid}", {"If-None-Match": answer.headers["ETag"]}).status_code == 200
    problem(cms.get("/articles/aaaaaaaaaaaa"), 404)
    problem(cms.get("/articles/nope"), 422)


def test_calls_take_the_same_number_of_queries_for_many(desk, cms, django_assert_num_queries):
    """Two of them are the token's: known, and counted."""
    counts = {"/articles": 3, "/editions": 4, "/deliveries": 3, "/findings": 3}
    for number in range(2):
        desk.submit(f"<p>{number}</p>", key=f"a{number}")
        desk.work(publishing=False)
        uid = Article.objects.get(key=f"a{number}").uid
        one = {f"/articles/{uid}": 4, f"/articles/{uid}/status": 8, f"/articles/{uid}/editions": 5}
        for path, queries in {**counts, **one, f"/articles/{uid}/translations": 4}.items():
            with django_assert_num_queries(queries):
                assert cms.get(path).status_code == 200, path
