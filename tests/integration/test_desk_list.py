"""My desk: what waits, its filters and counts, and decisions on several editions at once."""

from __future__ import annotations

import re
from datetime import timedelta
from urllib.parse import quote

import pytest
from bs4 import BeautifulSoup
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone

from pipeline.desk import mydesk
from pipeline.errors import Permanent
from pipeline.flow import decisions, editing, installation, people, publish, undo, waiting
from pipeline.ledger import invariants
from pipeline.ledger.models import ApprovedUnit, Delivery, Edition, Event, Finding, Membership, Presence, Scope

HOSTILE = '"><script>alert(1)</script><img src=x onerror=alert(2)> {{ 7 }} \u202eevil'


def person(name: str, **roles: str) -> User:
    """Somebody with roles in sections."""
    user = User.objects.create_user(name)
    for section, role in roles.items():
        Membership.objects.create(user=user, section=section.replace("_", "-"), role=role)
    return user


def browser(user: User) -> Client:
    """A browser in which somebody is signed in."""
    client = Client()
    client.force_login(user)
    return client


@pytest.fixture
def ada(desk) -> User:
    """An editor of Portugal and of Angola, which follows it."""
    return person("ada", portugal="editor", angola="editor")


@pytest.fixture
def client(ada) -> Client:
    """Ada's browser."""
    return browser(ada)


@pytest.fixture
def waits(desk, ada) -> None:
    """Three articles, each waiting in Portugal and in Angola; nothing is published yet."""
    for name in ("tide", "wind", "rain"):
        desk.submit(f"<p>The {name} rose by the harbour.</p>", key=name, title=f"The {name} report")
    desk.work(publishing=False)


def page(client: Client, address: str = "/desk/") -> BeautifulSoup:
    """A page as a tree."""
    answer = client.get(address)
    assert answer.status_code == 200
    return BeautifulSoup(answer.content.decode(), "lxml")


def keys(tree: BeautifulSoup) -> list[str]:
    """The articles on a page of the list, in order."""
    return [bdi.get_text() for bdi in tree.select(".line .what .facts bdi:last-of-type")]


def edition(section: str, key: str) -> Edition:
    """As it stands in the ledger."""
    return Edition.objects.select_related("candidate", "approved").get(section=section, article__key=key)


def form(client: Client, address: str = "/desk/") -> dict[str, str]:
    """Everything that the list's form would send but ticks and buttons."""
    fields = page(client, address).select("#decide input[type=hidden]")
    return {field["name"]: field["value"] for field in fields}


def decide(
    client: Client, action: str, *editions: Edition, seen: dict[str, str] | None = None, **more
) -> BeautifulSoup:
    """Tick, press the button, and follow to the page that tells."""
    given = {**(seen or form(client)), "action": action, "edition": [each.pk for each in editions], **more}
    answer = client.post("/desk/decide/", given, follow=True)
    assert answer.redirect_chain == [(given["next"], 302)]
    return BeautifulSoup(answer.content.decode(), "lxml")


def results(tree: BeautifulSoup) -> list[str]:
    """What happened to each."""
    return [each.get_text(" ", strip=True) for each in tree.select(".outcomes .result")]


def test_each_line_says_what_a_decision_needs_to_know(waits, client, ada):
    """Title in its language and direction, section, state, origin, length, age, findings, who has it."""
    wanted = edition("portugal", "tide")
    Finding.objects.filter(version=wanted.candidate).delete()
    Finding.objects.create(version=wanted.candidate, check_id="links", severity="block", message="lost")
    Finding.objects.create(version=wanted.candidate, check_id="numbers", severity="warn", message="odd")
    bea = person("bea", portugal="editor")
    waiting.here(wanted, bea)
    waiting.assign(wanted, ada)
    (line,) = page(client, "/desk/?section=portugal&text=tide").select(".line")
    title = line.h2.a
    assert (title["lang"], title["dir"], title["href"]) == ("pt-PT", "ltr", f"/editions/{wanted.pk}/")
    words = line.get_text(" ", strip=True)
    for fact in (
        *("Portugal", "Portuguese (Portugal)", "waits for review", "machine translation", "1 finding blocks"),
        *("1 warning", "bea is on it now", "assigned to ada", "characters"),
    ):
        assert fact in words
    assert line.find("time")["datetime"] == wanted.candidate.created_at.isoformat()


def test_counts_agree_in_menu_list_and_filters(waits, client):
    """However they are filtered, the whole is the same number everywhere."""
    tree = page(client)
    menu = int(tree.select_one("#waiting-count").get_text())
    states = tree.select("select[name=state] option")
    by_state = sum(int(found[1]) for option in states if (found := re.search(r"\((\d+)\)", option.get_text())))
    assert (menu, by_state, len(keys(tree))) == (6, 6, 6)
    assert "6 of 6" in tree.select_one("#found").get_text()
    one = page(client, "/desk/?text=wind&section=portugal")
    assert "1 of 6" in one.select_one("#found").get_text()
    assert one.select_one("#waiting-count").get_text() == "6"
    assert page(client, "/board/").select_one("#waiting-count").get_text() == "6"


@pytest.mark.parametrize(
    ("query", "count"),
    [
        *(("", 6), ("section=portugal", 3), ("language=pt-AO", 3), ("state=in_review", 3), ("state=following", 3)),
        *(("origin=machine", 6), ("origin=person", 0), ("mine=me", 1), ("mine=nobody", 5), ("text=WIND", 2)),
        *(("findings=block", 1), ("findings=none", 0), ("text=%25", 0), ("section=portugal&text=rain", 1)),
    ],
)
def test_filters_narrow_the_list(waits, client, ada, query, count):
    """Each by itself, and together; letters for a pattern are letters."""
    Finding.objects.all().delete()
    for each in Edition.objects.filter(section="portugal"):
        Finding.objects.create(version=each.candidate, check_id="numbers", severity="warn", message="odd")
    waiting.assign(edition("portugal", "tide"), ada)
    blocked = edition("portugal", "rain").candidate
    Finding.objects.create(version=blocked, check_id="links", severity="block", message="lost")
    expected = count if query != "findings=block" else 2  # the same version waits in both sections
    assert len(keys(page(client, f"/desk/?{query}"))) == expected


def test_titles_are_found_as_they_are_translated_and_as_the_section_has_worded_them(waits, client):
    """An editor looks for what the page will say."""
    tide, net = edition("portugal", "tide"), installation.network()
    translated = tide.candidate.title
    assert translated not in ("", tide.article.title)
    assert keys(page(client, f"/desk/?section=portugal&text={quote(translated)}")) == ["tide"]
    editing.save(tide.pk, Scope.EDITION, "title", "A maré, à noite", seen=translated, by="ada", net=net)
    found = page(client, f"/desk/?text={quote('maré, à noite')}")
    assert keys(found) == ["tide"]
    assert found.select_one(".line h2").get_text(strip=True) == "A maré, à noite"
    editing.drop_own(tide.pk, "title", by="ada")
    assert keys(page(client, f"/desk/?text={quote('maré, à noite')}")) == []


def test_the_end_of_an_address_is_chosen_before_it_is_published(waits, client):
    """What can't be one comes back with the reason, and what was typed."""
    tide = edition("portugal", "tide")
    refused = client.post(f"/editions/{tide.pk}/slug/", {"slug": "…"})
    assert refused.status_code == 422
    assert "A slug has letters or digits." in refused.content.decode()
    assert 'value="…"' in refused.content.decode()
    told = client.post(f"/editions/{tide.pk}/slug/", {"slug": "Maré alta!"}, follow=True).content.decode()
    assert "The address ends in “mare-alta” now." in told
    decide(client, "approve", tide)
    assert edition("portugal", "tide").path.endswith("/mare-alta/")


def test_a_return_of_an_update_leaves_it_to_the_first_approver_who_published(desk, waits, client):
    """The page names who approved what stands there; the return is undone from the list all the same."""
    tide = edition("portugal", "tide")
    decisions.approve(tide.pk, by="bea", net=installation.network())
    publish.run("site")
    desk.submit("<p>The tide fell by the harbour.</p>", key="tide", title="The tide report")
    desk.work()
    tree = decide(client, "return", edition("portugal", "tide"), why="Wrong.")
    assert edition("portugal", "tide").decided_by == "bea"
    assert len(tree.select(".recent form")) == 1
    undo.undo(tide.pk, by="ada", net=installation.network())
    after = edition("portugal", "tide")
    assert (after.state, after.decided_by) == ("in_review", "bea")
    assert invariants.broken() == []


def test_a_filtered_view_is_an_address(waits, client, ada):
    """What is chosen stands in the form again; the address is the same for a colleague; it outlives a decision."""
    address = "/desk/?text=tide&section=portugal&order=newest"
    tree = page(client, address)
    assert tree.select_one("input[name=text]")["value"] == "tide"
    chosen = {select["name"]: select.select_one("[selected]")["value"] for select in tree.select(".filters select")}
    assert (chosen["section"], chosen["order"], chosen["state"]) == ("portugal", "newest", "")
    assert form(client, address)["next"] == address
    assert keys(page(browser(person("bea", portugal="chief", angola="editor")), address)) == ["tide"]


@pytest.mark.parametrize(
    "query", ["section=nowhere", "state=x", "order=x", "findings=%00", "text=a%00b", "page=x", "page=-1", "page=99999"]
)
def test_an_odd_address_does_no_harm(waits, client, query):
    """What is not known is left out, and told of."""
    tree = page(client, f"/desk/?{query}")
    assert len(keys(tree)) == 6
    assert ("left out" in tree.select_one("#found").get_text()) == ("page" not in query)


def test_the_most_urgent_comes_first_and_other_orders_can_be_had(waits, client):
    """Urgency is the article's priority, then its embargo, then how long it waits."""
    wind, rain = edition("portugal", "wind"), edition("portugal", "rain")
    wind.candidate.revision.priority = 10
    wind.candidate.revision.save()
    Edition.objects.filter(pk=rain.pk).update(release_at=timezone.now() + timedelta(hours=2))
    tree = page(client, "/desk/?section=portugal")
    assert keys(tree) == ["wind", "rain", "tide"]
    assert [line.select_one(".urgent") is not None for line in tree.select(".line")] == [True, False, False]
    assert "not before" in tree.select(".line")[1].get_text()
    newest = keys(page(client, "/desk/?section=portugal&order=newest"))
    assert newest == list(reversed(keys(page(client, "/desk/?section=portugal&order=oldest"))))


def test_fifty_come_at_a_time_and_filters_stay(waits, client, monkeypatch):
    """The next page keeps the filters, and a decision comes back to the page."""
    monkeypatch.setattr(mydesk, "PER_PAGE", 2)
    first = page(client, "/desk/?section=portugal")
    following = first.select_one("a[rel=next]")["href"]
    assert (len(keys(first)), following) == (2, "?section=portugal&page=2")
    assert len(keys(page(client, f"/desk/{following}"))) == 1
    assert form(client, f"/desk/{following}")["next"] == "/desk/?section=portugal&page=2"


def test_several_are_approved_as_they_were_on_the_screen(waits, client):
    """What blocks is told; what changed meanwhile is told; the rest goes through, followers with it."""
    tide, wind, rain = (edition("portugal", key) for key in ("tide", "wind", "rain"))
    seen = form(client)
    Finding.objects.create(version=wind.candidate, check_id="links", severity="block", message="a link is lost")
    own = {"key": "b1", "source": "x", "base": "y", "target": "z", "by": "bea", "at": ""}
    Edition.objects.filter(pk=rain.pk).update(overlay=[own])
    tree = decide(client, "approve", tide, wind, rain, seen=seen)
    assert "1 of 3 done" in tree.select_one("#outcomes-summary").get_text()
    done, blocked, changed = results(tree)
    assert done.startswith("Done: Approved")
    assert "a link is lost" in blocked
    assert "has changed since you saw it" in changed
    states = {key: edition("portugal", key).state for key in ("tide", "wind", "rain")}
    assert states == {"tide": "approved", "wind": "in_review", "rain": "in_review"}
    assert edition("portugal", "tide").decided_by == "ada"
    assert edition("angola", "tide").state == "approved"
    assert page(client).select_one(".outcomes") is None


def test_a_follower_that_is_ticked_as_well_counts_as_done(waits, client):
    """Its approval came with that of the section it follows."""
    tree = decide(client, "approve", edition("portugal", "tide"), edition("angola", "tide"))
    assert "2 of 2 done" in tree.select_one("#outcomes-summary").get_text()
    assert "together with" in results(tree)[1]


def test_without_the_digest_of_the_screen_nothing_is_approved(waits, client):
    """A form that was tampered with."""
    tide = edition("portugal", "tide")
    tree = decide(client, "approve", tide, seen={"next": "/desk/"})
    assert "has changed since you saw it" in results(tree)[0]
    assert edition("portugal", "tide").state == "in_review"


def test_several_are_returned_or_refused_with_a_reason(waits, client):
    """The reason is kept; without one nothing happens."""
    tide, wind = edition("portugal", "tide"), edition("portugal", "wind")
    assert "Say in a sentence why" in decide(client, "return", tide, why="  ").select_one(".messages").get_text()
    assert "at most" in decide(client, "decline", tide, why="x" * 2001).select_one(".messages").get_text()
    assert edition("portugal", "tide").state == "in_review"
    decide(client, "return", tide, why="The place names\nare wrong.")
    assert edition("portugal", "tide").reason == "returned by ada: The place names are wrong."
    decide(client, "decline", wind, why="Not for our readers.")
    assert edition("portugal", "wind").state == "declined"
    assert sorted(keys(page(client, "/desk/?section=portugal"))) == ["rain", "tide"]


def test_a_chief_assigns_to_colleagues_and_an_editor_to_themselves(waits, client, ada):
    """Nobody can be given what they may not decide."""
    tide = edition("portugal", "tide")
    eve = person("eve", portugal="chief")
    stranger = person("dan", brazil="chief")
    decide(client, "assign", tide, assignee="me")
    assert edition("portugal", "tide").assigned_to == ada
    assert "Only a chief" in results(decide(client, "assign", tide, assignee=str(eve.pk)))[0]
    chief = browser(eve)
    assert [option.get_text() for option in page(chief).select("#assignee option")] == ["me", "nobody", "ada"]
    decide(chief, "assign", tide, assignee="nobody")
    assert edition("portugal", "tide").assigned_to is None
    assert "decides nothing" in results(decide(chief, "assign", tide, assignee=str(stranger.pk)))[0]
    decide(chief, "assign", tide, assignee=str(ada.pk))
    assert edition("portugal", "tide").assigned_to == ada
    decide(client, "assign", tide, assignee="nobody")
    assert edition("portugal", "tide").assigned_to is None


@pytest.mark.parametrize(
    ("change", "status"),
    [
        *(
            ({"action": "delete"}, 400),
            ({"action": ""}, 400),
            ({"edition": ["x"]}, 404),
            ({"edition": ["9" * 40]}, 404),
        ),
        *(({"edition": ["-1"]}, 404), ({"edition": [str(n) for n in range(51)]}, 400), ({"edition": []}, 302)),
    ],
)
def test_a_form_that_nobody_filled_in_is_refused(waits, client, change, status):
    """Whatever is sent."""
    given = {**form(client), "action": "decline", "why": "no", "edition": [edition("portugal", "tide").pk], **change}
    assert client.post("/desk/decide/", given).status_code == status
    assert not Edition.objects.filter(state="declined").exists()


def test_one_edition_of_others_among_those_ticked_stops_all(waits, client):
    """A forged form does nothing at all."""
    others = Edition.objects.get(section="brazil", article__key="tide")
    given = {**form(client), "action": "return", "why": "x", "edition": [edition("portugal", "tide").pk, others.pk]}
    assert client.post("/desk/decide/", given).status_code == 403
    assert edition("portugal", "tide").state == "in_review"


@pytest.mark.parametrize(
    "way", ["https://evil.example/", "//evil.example/", "javascript:alert(1)", "/\\evil.example", "no-such-view", ""]
)
def test_the_way_back_leads_nowhere_else(waits, client, way):
    """Only to our own pages."""
    answer = client.post("/desk/decide/", {"action": "assign", "next": way})
    assert answer.headers["Location"] == "/desk/"


def test_an_approval_is_undone_until_something_is_sent(desk, waits, client):
    """With its followers; what it fed to the memory is forgotten; it waits as before, and can be approved again."""
    tide = edition("portugal", "tide")
    before = waiting.counts(rights_of("ada"))
    tree = decide(client, "approve", tide)
    assert ApprovedUnit.objects.filter(version=tide.candidate).exists()
    button = tree.select_one(".outcomes form")
    fields = {field["name"]: field["value"] for field in button.select("input")}
    told = client.post(button["action"], fields, follow=True).content.decode()
    assert "Taken back" in told
    for section, state in (("portugal", "in_review"), ("angola", "following")):
        now = edition(section, "tide")
        assert (now.state, now.approved, now.candidate, now.path, now.decided_by) == (
            state,
            None,
            tide.candidate,
            "",
            "",
        )
    assert not Delivery.objects.filter(edition__section__in=["portugal", "angola"]).exists()
    assert not ApprovedUnit.objects.filter(version=tide.candidate).exists()
    assert waiting.counts(rights_of("ada")) == before
    assert invariants.broken() == []
    decide(client, "approve", tide)
    publish.run("site")
    assert edition("portugal", "tide").deliveries.get().confirmed_seq > 0


def rights_of(name: str):
    """Somebody's rights."""
    return people.rights(User.objects.get(username=name))


@pytest.mark.parametrize("sent", [{"sending_seq": 1}, {"sending_seq": 1, "confirmed_seq": 1, "status": "done"}])
def test_what_was_sent_is_not_undone(waits, client, sent):
    """Nor what a worker tried to send: it may have arrived. A follower that is out keeps the leader's approval."""
    tide = edition("portugal", "tide")
    decide(client, "approve", tide)
    Delivery.objects.filter(edition__section="angola").update(**sent)
    answer = client.post("/desk/undo/", {"edition": tide.pk, "next": "/desk/"}, follow=True)
    assert "can’t be taken back" in answer.content.decode().replace("&#x27;", "’")
    assert edition("portugal", "tide").state == "approved"
    assert edition("portugal", "tide").deliveries.count() == 1
    Delivery.objects.filter(edition=tide).update(**sent)
    with pytest.raises(Permanent, match="published already"):
        undo.undo(tide.pk, by="ada", net=installation.network())
    assert undo.recent(rights_of("ada")) == []


@pytest.mark.parametrize("act", [decisions.send_back, decisions.decline])
def test_a_return_or_a_rejection_is_undone(waits, client, act):
    """It waits again, for whoever it waited for before."""
    tide = edition("portugal", "tide")
    act(tide.pk, by="ada", **{"note" if act is decisions.send_back else "reason": "a mistake"})
    (row,) = page(client).select(".recent li")
    assert tide.candidate.title in row.get_text()
    client.post("/desk/undo/", {"edition": tide.pk})
    assert (edition("portugal", "tide").state, edition("portugal", "tide").decided_by) == ("in_review", "")
    assert Event.objects.filter(message__contains="taken back", actor="ada").count() == 1


def test_nothing_decided_is_nothing_to_undo(waits, client):
    """It says how it stands."""
    tide = edition("portugal", "tide")
    answer = client.post("/desk/undo/", {"edition": tide.pk}, follow=True)
    assert "no decision that could be taken back" in answer.content.decode()


def test_hostile_titles_stay_text(desk, ada, client):
    """In the list, in what is told of a decision, in the list of decisions."""
    desk.submit("<p>The water rose.</p>", title=HOSTILE, key="<b>key</b>")
    desk.work(publishing=False)
    for tree in (page(client), decide(client, "return", edition("portugal", "<b>key</b>"), why=HOSTILE), page(client)):
        assert not [tag for tag in tree.find_all("script") if not tag.get("src")]
        assert not tree.find_all("img")
        assert not [tag for tag in tree.find_all(True) if any(name.startswith("on") for name in tag.attrs)]
        assert "{{ 7 }}" in tree.get_text()


def test_the_list_takes_the_same_number_of_queries_for_many(desk, ada, client, django_assert_max_num_queries):
    """Three waiting articles or twenty."""
    for number in range(20):
        desk.submit(f"<p>The water rose {number} times.</p>", key=f"tide-{number}", title=f"Tide {number}")
    desk.work(publishing=False)
    Presence.objects.create(edition=edition("portugal", "tide-1"), user=person("bea"), at=timezone.now())
    with django_assert_max_num_queries(14):
        assert len(keys(page(client))) == 40


def test_somebody_without_a_section_is_told_so(desk, waits):
    """A submitter decides nothing."""
    tree = page(browser(person("sam", portugal="submitter")))
    assert "You decide for no section" in tree.get_text()
    assert tree.select_one("#waiting-count").get_text() == "0"


def test_nothing_left_says_well_done_and_no_match_offers_all(desk, ada, client, waits):
    """Two kinds of empty."""
    assert page(client, "/desk/?text=volcano").select_one(".empty a")["href"] == "/desk/"
    Edition.objects.all().update(state="declined")
    assert "Well done" in page(client).select_one(".empty").get_text()
