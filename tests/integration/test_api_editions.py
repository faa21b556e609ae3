"""The API: deciding, deliveries, findings, segments, withdrawal."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from django.utils import timezone
from django.utils.dateparse import parse_datetime

from pipeline.flow import publish
from pipeline.ledger import invariants
from pipeline.ledger.models import Article, Delivery, Edition, Event, Finding, Version, WebhookSend
from tests.integration.calls import Calls, problem, token


@pytest.fixture
def reviewer(desk) -> Calls:
    """Portugal's edition waits; this program decides for Portugal."""
    desk.submit("<p>The water rose.</p><p>Boats are <strong>ready</strong>.</p>")
    desk.work(publishing=False)
    return token("review operate")


def waiting(program: Calls) -> dict[str, object]:
    """The one edition that waits."""
    (edition,) = program.get("/editions", state="in_review").json()["items"]
    return edition


def test_what_was_read_is_approved_and_published(desk, reviewer):
    """By its digest, in the token's name."""
    edition = waiting(reviewer)
    told = reviewer.get(f"/editions/{edition['id']}").json()
    assert told == edition
    answer = reviewer.post(f"/editions/{edition['id']}/approve", {"digest": told["waiting"]["digest"]})
    assert answer.status_code == 200
    assert (answer.json()["state"], answer.json()["waiting"]) == ("approved", None)
    publish.run("site")
    now = reviewer.get(f"/editions/{edition['id']}").json()
    assert now["state"] == "live"
    assert now["urls"]["site"].startswith("http")
    assert Event.objects.filter(section="portugal", stage="review", actor=f"{now['decided_by']}").exists()
    assert now["decided_by"].startswith("token ")
    assert invariants.broken() == []


def test_what_has_changed_since_it_was_read_is_not_approved(reviewer):
    """409, and what waits goes on waiting; so with a second approval of the same."""
    edition = waiting(reviewer)
    path = f"/editions/{edition['id']}/approve"
    told = problem(reviewer.post(path, {"digest": "0" * 64}), 409)
    assert "changed since" in told["detail"]
    assert waiting(reviewer) == edition
    # All but the first of these have no name in UTC, or in a zone of a section.
    times = "soon", "9999-12-31T23:59:59-12:00", "0001-01-01T00:00:00+12:00", "9999-12-31T23:59:59Z"
    timed = [{"digest": edition["waiting"]["digest"], "release_at": each} for each in times]
    for body in [{}, {"digest": ""}, {"digest": 7}, {"digest": "x", "odd": 1}, *timed]:
        assert problem(reviewer.post(path, body), 422)["errors"]
    digest = edition["waiting"]["digest"]
    assert reviewer.post(path, {"digest": digest}).status_code == 200
    problem(reviewer.post(path, {"digest": digest}), 409)


def test_an_approval_may_wait_for_its_time(desk, reviewer):
    """And nothing goes out before."""
    edition = waiting(reviewer)
    later = timezone.now() + timedelta(hours=3)
    in_utc = later.replace(tzinfo=None).isoformat()  # as articles may say it: without a zone
    body = {"digest": edition["waiting"]["digest"], "release_at": in_utc}
    told = reviewer.post(f"/editions/{edition['id']}/approve", body).json()
    assert abs(parse_datetime(told["release_at"]) - later) < timedelta(seconds=1)
    publish.run("site")
    assert not (desk.home / "outputs" / "portugal").exists()


def test_a_finding_that_blocks_is_told_and_needs_a_reason(reviewer):
    """It is listed; dismissed with the approval, it keeps who and why."""
    edition = waiting(reviewer)
    version = Version.objects.get(translation__base="pt")
    Finding.objects.create(version=version, check_id="numbers", severity="block", segment="b1", message="12 is lost.")
    listed = reviewer.get("/findings", severity="block").json()["items"]
    assert [(each["check"], each["message"], each["version"]) for each in listed] == [("numbers", "12 is lost.", 1)]
    assert token("read", ["united-states"]).get("/findings", severity="block").json()["items"] == []
    path, digest = f"/editions/{edition['id']}/approve", edition["waiting"]["digest"]
    assert "12 is lost." in problem(reviewer.post(path, {"digest": digest}), 409)["detail"]
    answer = reviewer.post(path, {"digest": digest, "dismiss": "It is a house number."})
    assert answer.status_code == 200
    (listed,) = reviewer.get("/findings", state="dismissed").json()["items"]
    assert listed["why"] == "It is a house number."
    assert listed["decided_by"].startswith("token ")


def test_what_waits_is_returned_or_declined_with_a_reason(desk, reviewer):
    """Which stands in the edition."""
    edition = waiting(reviewer)
    for verb in ("return", "decline"):
        for body in ({}, {"reason": ""}, {"reason": "  "}):
            problem(reviewer.post(f"/editions/{edition['id']}/{verb}", body), 422)
    told = reviewer.post(f"/editions/{edition['id']}/return", {"reason": "The names are wrong."}).json()
    assert (told["state"], "The names are wrong." in told["reason"]) == ("returned", True)
    told = reviewer.post(f"/editions/{edition['id']}/decline", {"reason": "Not for us."}).json()
    assert told["state"] == "declined"


def test_others_see_what_is_published_and_nothing_of_what_waits(desk, reviewer):
    """Of an edition that is live with a newer version in review."""
    edition = waiting(reviewer)
    stranger = token("read", ["united-states"])
    uid = Article.objects.get().uid
    assert "portugal" not in {each["section"] for each in stranger.get(f"/articles/{uid}/editions").json()["items"]}
    problem(stranger.get(f"/editions/{edition['id']}"), 404)
    reviewer.post(f"/editions/{edition['id']}/approve", {"digest": edition["waiting"]["digest"]})
    publish.run("site")
    desk.submit("<p>The water fell.</p>")
    desk.work(publishing=False)
    inside = reviewer.get(f"/editions/{edition['id']}").json()
    assert (inside["state"], inside["waiting"]["version"]) == ("in_review", 2)
    outside = stranger.get(f"/editions/{edition['id']}").json()
    assert (outside["state"], outside["waiting"], outside["reason"], outside["decided_by"]) == ("live", None, "", "")
    assert outside["approved"]["version"] == 1


def test_segments_come_in_pages_of_one_version(desk, reviewer):
    """A newer version does not mix itself in between."""
    path = f"/articles/{Article.objects.get().uid}/translations"
    (portuguese,) = reviewer.get(path).json()["items"]
    assert (portuguese["base"], portuguese["origin"], portuguese["version"]) == ("pt", "machine", 1)
    first = reviewer.get(f"{path}/pt/segments", limit=1).json()
    assert (first["version"], len(first["items"]), first["items"][0]["key"]) == (1, 1, "title")
    desk.submit("<p>Something else.</p>")
    desk.work(publishing=False)
    rest = reviewer.get(f"{path}/pt/segments", cursor=first["next"]).json()
    assert (rest["version"], rest["next"]) == (1, None)
    bold = next(each for each in rest["items"] if "<strong>" in each["source"])
    assert bold["markup"]
    assert "<strong>" in bold["target"]
    assert reviewer.get(f"{path}/pt/segments").json()["version"] == 2
    assert reviewer.get(f"{path}/pt/segments", version=1).json()["version"] == 1
    problem(reviewer.get(f"{path}/pt/segments", version=9), 404)
    problem(reviewer.get(f"{path}/xx/segments"), 404)
    for cursor in ("x", "WzFd", "WzEsIngiXQ", "Wy0xLDBd", "W3RydWUsMF0"):
        problem(reviewer.get(f"{path}/pt/segments", cursor=cursor), 422)
    assert token("read", ["united-states"]).get(path).json()["items"][0]["base"] == "en"
    problem(token("read", ["united-states"], name="other").get(f"{path}/pt/segments"), 404)


def test_what_failed_is_listed_with_its_reason_and_tried_again(desk):
    """With the receipts of what was tried."""
    in_the_way = desk.home / "outputs" / "united-states"
    in_the_way.parent.mkdir(parents=True)
    in_the_way.write_text("a file where the folder should be")
    desk.submit()
    desk.work()
    operator = token("operate", ["united-states"])
    (failed,) = operator.get("/deliveries", status="failed").json()["items"]
    whole = operator.get(f"/deliveries/{failed['id']}").json()
    assert [each["outcome"] for each in whole["receipts"]] == ["permanent"]
    assert whole["reason"]
    in_the_way.unlink()
    answer = operator.post(f"/deliveries/{failed['id']}/retry")
    assert (answer.status_code, answer.json()["status"]) == (200, "ready")
    publish.run("site")
    assert operator.get(f"/deliveries/{failed['id']}").json()["status"] == "done"
    problem(operator.post(f"/deliveries/{failed['id']}/retry"), 409)
    assert {row["section"] for row in operator.get("/deliveries").json()["items"]} == {"united-states"}
    every = token("read", None).get("/deliveries", limit=1).json()
    assert every["next"]
    assert len(every["items"]) == 1


def test_an_article_is_withdrawn_and_brought_back(desk):
    """From one section by its own token, as a whole only by one for all; and those who listen are told."""
    desk.submit()
    desk.work()
    uid = Article.objects.get().uid
    brazil, everywhere = token("operate", ["brazil"]), token("operate", None)
    everywhere.post("/webhooks", {"url": "https://hooks.example.org/", "topics": ["edition.withdrawn"]})
    reason = {"reason": "The figures were wrong."}
    problem(brazil.post(f"/articles/{uid}/withdraw", reason), 403)
    problem(brazil.post(f"/articles/{uid}/withdraw", reason | {"section": "united-states"}), 403)
    problem(brazil.post(f"/articles/{uid}/withdraw", {"section": "brazil", "reason": " "}), 422)
    told = brazil.post(f"/articles/{uid}/withdraw", reason | {"section": "brazil"}).json()
    assert [(each["section"], each["state"]) for each in told["editions"]] == [("brazil", "withdrawn")]
    assert told["pages"] == 1
    (send,) = WebhookSend.objects.all()
    assert json.loads(send.body)["data"]["section"] == "brazil"
    publish.run("site")
    assert Delivery.objects.get(edition__section="brazil").status == "done"
    told = brazil.post(f"/articles/{uid}/reinstate", {"section": "brazil"}).json()
    assert [each["state"] for each in told["editions"]] == ["approved"]
    problem(brazil.post(f"/articles/{uid}/reinstate", {"section": "brazil"}), 409)
    everywhere.post(f"/articles/{uid}/withdraw", reason)
    assert everywhere.get(f"/articles/{uid}").json()["withdrawn"] is True
    assert set(Edition.objects.values_list("state", flat=True)) == {"withdrawn"}
    problem(everywhere.post(f"/articles/{uid}/withdraw", reason | {"section": "atlantis"}), 409)


def test_a_broken_network_file_is_the_operators_to_see(reviewer, settings):
    """Callers are told to come back, and nothing of what is in it."""
    settings.NETWORK_FILE.write_text("secret-thing = nonsense", encoding="utf-8")
    answer = reviewer.get("/articles")
    assert "secret-thing" not in json.dumps(problem(answer, 503))
    assert int(answer.headers["Retry-After"]) > 0
