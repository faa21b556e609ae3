"""Who may ask for what: every address and verb of the desk, for owner, colleague, submitter, stranger and nobody.

The table below is held against the URL table: an address that is not in it fails, so that none can be forgotten.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from copy import copy
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import transaction
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, reverse
from django.utils import timezone

from pipeline.flow import digest, installation, publish
from pipeline.flow.batches import overview
from pipeline.ledger.models import BatchRun, Delivery, Edition, Event, Finding, Membership, Proposal
from pipeline.stages.publish import site

OPEN, LOGIN, HIDDEN, REFUSED, NO_VERB = "open", "sign in first", "hidden", "refused", "no such verb"

PEOPLE = ("owner", "colleague", "submitter", "operator", "stranger", "nobody")
"""An editor of Portugal; one of Brazil; who hands in for Portugal; who runs the machine; an account without a section;
nobody who is known."""

VERBS = ("get", "head", "post", "put", "patch", "delete", "options", "trace")

Gates = Mapping[str, str]

ALL: Gates = dict.fromkeys(PEOPLE, OPEN)
SIGNED_IN: Gates = ALL | {"nobody": LOGIN}
READ: Gates = SIGNED_IN | {"colleague": HIDDEN, "stranger": HIDDEN}
CHANGE: Gates = READ | {"submitter": REFUSED, "operator": REFUSED}
OTHERS_READ: Gates = SIGNED_IN
OTHERS_CHANGE: Gates = dict.fromkeys(PEOPLE, REFUSED) | {"colleague": OPEN, "nobody": LOGIN}
DECIDING: Gates = SIGNED_IN | {"submitter": HIDDEN, "stranger": HIDDEN}
OPERATING: Gates = DECIDING | {"owner": REFUSED, "colleague": REFUSED}
LEAD: Gates = CHANGE | {"owner": REFUSED, "operator": OPEN}
OTHERS_LEAD: Gates = OTHERS_CHANGE | {"colleague": REFUSED, "operator": OPEN}
ONLY_CHIEFS: Gates = LEAD | {"operator": REFUSED}
OTHERS_ONLY_CHIEFS: Gates = OTHERS_LEAD | {"operator": REFUSED}
OPERATE: Gates = dict.fromkeys(PEOPLE, REFUSED) | {"operator": OPEN, "nobody": LOGIN}
BEYOND: Gates = dict.fromkeys(("owner", "submitter", "stranger"), HIDDEN)
INSIDE: Gates = SIGNED_IN | {"stranger": HIDDEN}
SUBMIT: Gates = SIGNED_IN | {"stranger": REFUSED}
BEGUN: Gates = dict.fromkeys(PEOPLE, HIDDEN) | {"stranger": REFUSED, "nobody": LOGIN}
STAFF: Gates = dict.fromkeys(PEOPLE, HIDDEN) | {"operator": OPEN, "nobody": LOGIN}


@dataclass(frozen=True)
class Entry:
    """Who may ask for an address with which verb; other verbs are none of its own.

    ``gates`` holds for an edition of Portugal's that waits, ``others`` for one of Brazil's that is published, where
    that differs. ``form`` is one of Django's form views, which answer other verbs with the form.
    """

    gates: Mapping[str, Gates]
    others: Mapping[str, Gates] | None = None
    arguments: Callable[[Edition], dict[str, Any]] = lambda edition: {}
    fields: Callable[[Edition], dict[str, Any]] = lambda edition: {}
    public: bool = False
    form: bool = False


def of_edition(edition: Edition, **more: object) -> dict[str, Any]:
    """The arguments of an address that stands under an edition's."""
    return {"pk": edition.pk, **more}


def file_of(edition: Edition) -> dict[str, Any]:
    """The page in the preview's frame."""
    path = edition.path or site.article_path(edition.language, timezone.now(), "preview")
    return of_edition(edition, which="before" if edition.approved_id else "after", path=path)


def finding_of(edition: Edition) -> dict[str, Any]:
    """What a check says of an edition's text."""
    version = edition.candidate or edition.approved
    assert version is not None
    given = {"check_id": "numbers", "severity": "warn", "segment": "b1", "message": "an odd number"}
    return of_edition(edition, finding=Finding.objects.get_or_create(version=version, **given)[0].pk)


def run_of(edition: Edition) -> dict[str, Any]:
    """A run of a schedule."""
    return {"pk": BatchRun.objects.get().pk}


def begun(edition: Edition, **more: object) -> dict[str, Any]:
    """What another person is about to hand in."""
    reader = User.objects.get(username="reader")
    given = {"user": reader, "html": "<p>x</p>", "metadata": {"title": "x"}, "described": True, "at": timezone.now()}
    Proposal.objects.get_or_create(uid="another-persons", defaults=given)
    return {"uid": "another-persons", **more}


def decision(edition: Edition) -> dict[str, Any]:
    """A decision about one edition of the list."""
    return {"action": "return", "why": "The names are wrong.", "edition": [edition.pk]}


def of_article(edition: Edition, **more: object) -> dict[str, Any]:
    """The arguments of an address that stands under an article's."""
    return {"uid": edition.article.uid, **more}


def delivery_of(edition: Edition) -> dict[str, Any]:
    """A delivery of an edition that has failed."""
    given = {"output": "site", "defaults": {"lane": "publish.site", "wanted_seq": 1}}
    row = Delivery.objects.get_or_create(edition=edition, **given)[0]
    Delivery.objects.filter(pk=row.pk).update(status="failed", reason="The disk is full.")
    return {"pk": row.pk}


def asking(gates: Gates) -> Mapping[str, Gates]:
    """An action that is asked about by GET and done by POST."""
    return dict.fromkeys(("get", "head", "post"), gates)


page = Entry({"get": SIGNED_IN, "head": SIGNED_IN})
segment = partial(of_edition, key="b1")
change = {"gates": {"post": CHANGE}, "others": {"post": OTHERS_CHANGE}}
public = Entry({"get": ALL, "head": ALL}, public=True)
public_form = Entry({"get": ALL, "head": ALL, "post": ALL}, public=True, form=True)
edition_page = Entry({"get": READ, "head": READ}, {"get": OTHERS_READ, "head": OTHERS_READ}, of_edition)

NUMBERS: Gates = SIGNED_IN | {"stranger": REFUSED}
numbers = Entry({"get": NUMBERS, "head": NUMBERS})
numbers_file = Entry(numbers.gates, arguments=lambda edition: {"name": "backlog"})

TABLE: dict[str, Entry] = {
    "numbers": numbers,
    "numbers_plot": numbers_file,
    "numbers_csv": numbers_file,
    "home": page,
    "help": page,
    "submit": Entry(dict.fromkeys(("get", "head", "post"), SUBMIT), fields=lambda edition: {"paste": "<h1>A</h1>b"}),
    "submit_mine": Entry({"get": SUBMIT, "head": SUBMIT}),
    "submit_look": Entry(dict.fromkeys(("get", "head", "post"), BEGUN), arguments=begun),
    "submit_about": Entry(dict.fromkeys(("get", "head", "post"), BEGUN), arguments=begun),
    "submit_preview": Entry({"get": BEGUN, "head": BEGUN}, arguments=partial(begun, path="en/2026/preview/")),
    "submit_discard": Entry({"post": BEGUN}, arguments=begun),
    "board": page,
    "deliveries": page,
    "deliveries_retry": Entry({"post": SIGNED_IN}),
    "delivery_retry": Entry({"post": LEAD}, {"post": OTHERS_LEAD | BEYOND}, delivery_of),
    "workers": Entry({"get": STAFF, "head": STAFF}),
    "article": Entry({"get": SIGNED_IN, "head": SIGNED_IN}, arguments=of_article),
    "article_revision": Entry({"get": INSIDE, "head": INSIDE}, arguments=lambda edition: of_article(edition, number=1)),
    "article_versions": Entry(
        {"get": INSIDE, "head": INSIDE}, arguments=lambda edition: of_article(edition, base="pt")
    ),
    "article_withdraw": Entry(asking(OPERATE), arguments=of_article, fields=lambda edition: {"why": "Wrong names."}),
    "article_reinstate": Entry(asking(OPERATE), arguments=of_article),
    "article_correct": Entry(asking(OPERATE), arguments=of_article, fields=lambda edition: {"note": "Wrong names."}),
    "article_retry": Entry({"post": OPERATE}, arguments=of_article),
    "edition_withdraw": Entry(
        asking(LEAD), asking(OTHERS_LEAD), of_edition, fields=lambda edition: {"why": "Wrong names."}
    ),
    "edition_reinstate": Entry(asking(LEAD), asking(OTHERS_LEAD), of_edition),
    "edition_correct": Entry(
        asking(ONLY_CHIEFS), asking(OTHERS_ONLY_CHIEFS), of_edition, fields=lambda edition: {"note": "Wrong names."}
    ),
    "edition_restore": Entry(
        asking(ONLY_CHIEFS), asking(OTHERS_ONLY_CHIEFS), of_edition, fields=lambda edition: {"version": "1"}
    ),
    "desk": page,
    "decide": Entry(**change, fields=decision),
    "undo": Entry(**change, fields=lambda edition: {"edition": edition.pk}),
    "preferences": Entry({"get": SIGNED_IN, "head": SIGNED_IN, "post": SIGNED_IN}),
    "password_change": Entry({"get": SIGNED_IN, "head": SIGNED_IN, "post": SIGNED_IN}, form=True),
    "login": public_form,
    "logout": Entry({"post": ALL}, public=True),
    "password_reset": public_form,
    "password_reset_done": public,
    "password_reset_confirm": Entry(
        public_form.gates, public=True, form=True, arguments=lambda edition: {"uidb64": "MQ", "token": "x-y"}
    ),
    "digest_off": Entry(
        {"get": ALL, "head": ALL, "post": ALL},
        public=True,
        arguments=lambda edition: {"token": digest.token(User.objects.get(username="reader"))},
    ),
    "healthz": public,
    "readyz": public,
    "metrics": public,
    "edition": edition_page,
    "preview": edition_page,
    "preview_file": Entry(edition_page.gates, edition_page.others, file_of),
    "segment": Entry(
        dict.fromkeys(("get", "head", "post"), CHANGE),
        dict.fromkeys(("get", "head", "post"), OTHERS_CHANGE),
        segment,
        lambda edition: {"text": "O texto.", "seen": "x"},
    ),
    "dismiss": Entry(**change, arguments=finding_of, fields=lambda edition: {"why": "It is a house number."}),
    "draft": Entry(**change, arguments=segment, fields=lambda edition: {"text": "O texto.", "seen": "x"}),
    "own": Entry(**change, arguments=segment, fields=lambda edition: {"do": "drop"}),
    "verdict": Entry(**change, arguments=of_edition, fields=lambda edition: {"do": "return", "why": "Wrong names."}),
    "presence": Entry(**change, arguments=of_edition),
    "urgent": Entry(**change, arguments=of_edition, fields=lambda edition: {"why": "Wrong names.", "digest": "x"}),
    "slug": Entry(
        dict.fromkeys(("get", "head", "post"), CHANGE),
        dict.fromkeys(("get", "head", "post"), OTHERS_CHANGE),
        of_edition,
        lambda edition: {"slug": "tide-gauges"},
    ),
    "image": Entry(
        dict.fromkeys(("get", "head", "post"), CHANGE),
        dict.fromkeys(("get", "head", "post"), OTHERS_CHANGE),
        of_edition,
        lambda edition: {"image": "https://example.org/pier.jpg", "image_alt": "Um cais"},
    ),
}

TABLE |= {
    "runs": Entry(dict.fromkeys(("get", "head"), DECIDING)),
    "run": Entry(dict.fromkeys(("get", "head"), DECIDING), arguments=run_of),
    "run_report": Entry(dict.fromkeys(("get", "head"), DECIDING), arguments=run_of),
    "run_stop": Entry({"post": OPERATING}, arguments=run_of),
    "run_now": Entry({"post": OPERATING}, arguments=lambda edition: {"key": "night"}),
    "run_pause": Entry({"post": OPERATING}, arguments=lambda edition: {"key": "night"}),
}


def addresses(resolver: URLResolver | None = None) -> Iterator[str]:
    """The name of every address outside the operators' room."""
    for each in (resolver or get_resolver()).url_patterns:
        if isinstance(each, URLPattern):
            assert each.name, f"{each.pattern} has no name: give it one, and an entry in the table"
            yield each.name
        elif each.namespace not in {"admin", "api"}:  # test_api_permissions.py has those of the API
            yield from addresses(each)


def operators_addresses() -> list[tuple[str, str]]:
    """Name and address of everything in the operators' room."""
    (room,) = [each for each in get_resolver().url_patterns if getattr(each, "namespace", None) == "admin"]
    found = []
    for name, *_ in sorted({(key,) for key in room.reverse_dict if isinstance(key, str)}):
        possibilities = room.reverse_dict.getlist(name)
        parameters = possibilities[0][0][0][1]
        given = {"object_id": "1", "id": "1", "app_label": "auth", "content_type_id": "1", "url": "x"}
        found.append((name, reverse(f"admin:{name}", kwargs={each: given[each] for each in parameters})))
    return found


def browser(who: str) -> Client:
    """Somebody's browser."""
    client = Client(raise_request_exception=True)
    if who == "nobody":
        return client
    user = User.objects.create_user(who, password="tidewater-pass-1", is_staff=who == "operator")
    section, role = {
        "owner": ("portugal", "editor"),
        "colleague": ("brazil", "editor"),
        "submitter": ("portugal", "submitter"),
    }.get(who, ("", ""))
    if section:
        Membership.objects.create(user=user, section=section, role=role)
    client.force_login(user)
    return client


def gate(answer: Any) -> str:
    """How far a request came."""
    if answer.status_code == 302 and answer.headers["Location"].startswith("/sign-in/?next="):
        return LOGIN
    return {404: HIDDEN, 403: REFUSED, 405: NO_VERB, 400: NO_VERB}.get(answer.status_code, OPEN)


def add_schedule(home: Path) -> None:
    """A schedule, and a run that somebody asked for."""
    lines = '[[schedules]]\nkey = "night"\ncron = "0 2 * * *"\ntime_zone = "Europe/Lisbon"\nactions = ["tidy"]\n'
    network = home / "network.toml"
    network.write_text(f"{network.read_text(encoding='utf-8')}\n{lines}", encoding="utf-8")
    overview.request(installation.network().schedule("night"), "reader")


@pytest.fixture
def editions(desk) -> dict[str, Edition]:
    """Portugal's waits, Brazil's is published; a schedule has been asked to run."""
    add_schedule(desk.home)
    User.objects.create_user("reader")
    desk.submit("<p>The water rose.</p>")
    desk.work()
    publish.run("site")
    return {section: desk.edition(section) for section in ("portugal", "brazil")}


def test_every_address_has_an_entry_and_every_entry_an_address():
    """Whoever adds a view says here who may."""
    assert sorted(addresses()) == sorted(TABLE)


@pytest.mark.timeout(400)  # some hundred requests
@pytest.mark.parametrize("who", PEOPLE)
def test_everybody_gets_as_far_as_the_table_says(editions, who):
    """With every verb, at an edition that waits and at one that is published; what is refused has changed nothing."""
    cookies = browser(who).cookies
    wrong = []
    for name, entry in TABLE.items():
        for section, edition in editions.items():
            gates = entry.gates if section == "portugal" or entry.others is None else entry.others
            # Which verbs an address takes does not depend on the edition.
            for verb in VERBS if section == "portugal" else ("get", "post"):
                reached, changed = _ask(cookies, verb, name, entry, edition)
                if reached not in _expected(entry, gates, verb, who):
                    wrong.append(f"{verb} {name} of {section}: {reached}")
                if changed and (verb != "post" or reached != OPEN):
                    wrong.append(f"{verb} {name} of {section}: {reached}, and yet it changed something")
    assert wrong == []


def _expected(entry: Entry, gates: Mapping[str, Gates], verb: str, who: str) -> set[str]:
    if verb in gates:
        return {gates[verb][who]}
    if verb in ("options", "trace") or (entry.form and verb in ("put", "patch", "delete")):
        return {OPEN, LOGIN, NO_VERB}
    return {NO_VERB, LOGIN} if who == "nobody" and not entry.public else {NO_VERB}


def _ask(cookies: Any, verb: str, name: str, entry: Entry, edition: Edition) -> tuple[str, bool]:
    """How far a request comes, and whether it changes the edition; nothing of it stays."""
    client = Client()
    client.cookies = copy(cookies)
    address = reverse(name, kwargs=entry.arguments(edition))
    fields = entry.fields(edition) if verb == "post" else {}
    with transaction.atomic():
        before = _state(edition)
        answer = getattr(client, verb)(address, **({"data": fields} if fields else {}))
        changed = _state(edition) != before
        transaction.set_rollback(True)
    return gate(answer), changed


def _state(edition: Edition) -> tuple[object, ...]:
    """All of an edition that a request could change; that somebody looks at it is no change."""
    now = Edition.objects.get(pk=edition.pk)
    same = (now.state, now.reason, now.overlay, now.candidate_id, now.approved_id, now.assigned_to_id)
    beside = (now.drafts.count(), now.notes.count(), Event.objects.count())
    return (*same, *beside, now.translation.version_id)


@pytest.mark.parametrize("who", PEOPLE)
def test_the_operators_room_is_for_operators(editions, who):
    """Every address of it, with every verb that is sent from a browser."""
    client = browser(who)
    for name, address in operators_addresses():
        if name in ("logout", "login", "jsi18n"):
            continue
        for verb in ("get", "post"):
            answer = getattr(client, verb)(address)
            if answer.status_code == 302 and answer.headers["Location"].startswith("/admin/login/"):
                answer = client.get(answer.headers["Location"])
            reached = gate(answer)
            if who == "operator":
                assert reached != LOGIN, f"{verb} {name}"
            else:
                assert reached in {STAFF[who], NO_VERB}, f"{verb} {name} as {who}"


def test_a_fragment_after_the_session_has_ended_is_no_sign_in_page(editions):
    """htmx would put it into the middle of the page: what was typed must stay."""
    address = reverse("edition", kwargs={"pk": editions["portugal"].pk})
    answer = Client().get(address, headers={"HX-Request": "true"})
    assert answer.status_code == 401
    assert b"<" not in answer.content
