"""Who may call what: every operation of the description, for tokens of each right, of one's own section and another's.

The table is held against the description, so that no operation can be added without an answer to 'who may'.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.db import transaction

from pipeline.api.urls import description
from pipeline.flow import installation, tokens, webhooks
from pipeline.flow.tokens import Right
from pipeline.ledger.models import Delivery, Edition, Event, Webhook, WebhookSend
from tests.integration.calls import API, Calls, problem, token

CALLERS = {
    "nobody": None,
    "read": ("read", ["portugal"]),
    "submit": ("submit", ["portugal"]),
    "review": ("review", ["portugal"]),
    "operate": ("operate", ["portugal"]),
    "stranger": ("read submit review operate", ["brazil"]),
    "all": ("read submit review operate", None),
}

READ = {"read": 200, "submit": 403, "review": 200, "operate": 200, "stranger": 200, "all": 200}
OWN = READ | {"stranger": 404}
REVIEW = {"read": 403, "submit": 403, "review": 200, "operate": 403, "stranger": 404, "all": 200}
OPERATE = {"read": 403, "submit": 403, "review": 403, "operate": 200, "stranger": 404, "all": 200}
ANY_OPERATE = OPERATE | {"stranger": 200}

TABLE: dict[str, dict[str, int]] = {
    "getToken": READ,
    "listSections": READ,
    "listArticles": READ,
    "getArticle": READ,
    "getStatus": READ,
    "submitArticle": {"read": 403, "submit": 201, "review": 403, "operate": 403, "stranger": 201, "all": 201},
    "listTranslations": READ,
    "listSegments": READ,
    "listFindings": READ,
    "listEditions": READ,
    "listEditionsOfArticle": READ,
    "getEdition": OWN,
    "approveEdition": REVIEW,
    "returnEdition": REVIEW,
    "declineEdition": REVIEW,
    "withdrawArticle": OPERATE | {"stranger": 403},
    "reinstateArticle": OPERATE | {"operate": 409, "stranger": 403, "all": 409},  # it was not withdrawn
    "listDeliveries": READ,
    "getDelivery": OWN,
    "retryDelivery": OPERATE,
    "listWebhooks": ANY_OPERATE,
    "addWebhook": {each: 201 if status == 200 else status for each, status in ANY_OPERATE.items()},
    "getWebhook": OPERATE,
    "changeWebhook": OPERATE,
    "removeWebhook": {each: 204 if status == 200 else status for each, status in OPERATE.items()},
    "testWebhook": {each: 202 if status == 200 else status for each, status in OPERATE.items()},
    "listSends": OPERATE,
}


def operations() -> dict[str, tuple[str, str, dict[str, Any]]]:
    """Verb, address and details of every operation, by its name."""
    return {
        details["operationId"]: (verb, address, details)
        for address, verbs in description()["paths"].items()
        for verb, details in verbs.items()
    }


def caller(who: str) -> Calls:
    """Somebody's program."""
    given = CALLERS[who]
    return token(*given, name=who) if given else Calls()


@pytest.fixture
def things(desk) -> dict[str, object]:
    """Portugal's edition waits, a delivery of another article of its has failed, and it has a webhook."""
    desk.submit()
    desk.work(publishing=False)
    waiting = desk.edition("portugal")
    desk.submit("<p>Boats.</p>", key="boats")
    desk.work(publishing=False)
    other = Edition.objects.get(section="portugal", article__key="boats")
    owner = tokens.create("owner", [Right.REVIEW], ["portugal"], installation.network())
    assert other.candidate is not None
    Calls(owner.secret).post(f"/editions/{other.pk}/approve", {"digest": other.candidate.digest})
    failed = Delivery.objects.get(edition=other)
    Delivery.objects.filter(pk=failed.pk).update(status="failed", reason="The disk is full. Make room.")
    webhook = webhooks.add("https://hooks.example.org/", [], ["portugal"], installation.network())
    return {
        "uid": waiting.article.uid,
        "base": "pt",
        "edition": waiting.pk,
        "delivery": failed.pk,
        "webhook": webhook.pk,
        "digest": waiting.candidate.digest if waiting.candidate else "",
    }


BODIES: dict[str, Callable[[dict[str, object]], object]] = {
    "submitArticle": lambda things: {"html": "<p>New.</p>", "title": "New", "language": "en"},
    "approveEdition": lambda things: {"digest": things["digest"]},
    "returnEdition": lambda things: {"reason": "The names are wrong."},
    "declineEdition": lambda things: {"reason": "Not for us."},
    "withdrawArticle": lambda things: {"section": "portugal", "reason": "The figures were wrong."},
    "reinstateArticle": lambda things: {"section": "portugal"},
    "addWebhook": lambda things: {"url": "https://hooks.example.org/2"},
    "changeWebhook": lambda things: {"active": False},
}


def state() -> tuple[object, ...]:
    """All that a call could change, but for the counting of calls."""
    editions = tuple(Edition.objects.order_by("pk").values_list("pk", "state", "approved", "reason"))
    hooks = tuple(Webhook.objects.order_by("pk").values_list("pk", "url", "disabled_at"))
    pages = tuple(Delivery.objects.order_by("pk").values_list("pk", "status", "wanted_seq"))
    return (editions, hooks, pages, Event.objects.count(), WebhookSend.objects.count())


def test_every_operation_has_an_entry_that_fits_the_right_it_names():
    """Whoever adds one says here who may."""
    found = operations()
    assert sorted(found) == sorted(TABLE)
    for name, (_, _, details) in found.items():
        for right in ("read", "submit", "review", "operate"):
            enough = right == details["x-right"] or (details["x-right"] == "read" and right in {"review", "operate"})
            assert (TABLE[name][right] != 403) == enough, f"{name} with {right}"


def test_everybody_gets_as_far_as_the_table_says(things):
    """At every operation; what is refused says so in the same form, and has changed nothing."""
    wrong = []
    for who in CALLERS:
        program = caller(who)
        for name, (verb, address, _) in operations().items():
            path = address.removeprefix(API).format(**things)
            expected = TABLE[name][who] if who != "nobody" else 401
            with transaction.atomic():
                before = state()
                answer = program.send(verb, path, BODIES[name](things) if name in BODIES else None)
                changed = state() != before
                transaction.set_rollback(True)
            if answer.status_code != expected:
                wrong.append(f"{who}: {verb} {path}: {answer.status_code} {answer.content[:200]!r}, not {expected}")
            elif expected >= 400:
                problem(answer, expected)
            if changed and (expected >= 400 or verb == "get"):
                wrong.append(f"{who}: {verb} {path} changed something")
    assert wrong == []


def test_who_is_unknown_is_told_how_to_be_known(db, home):
    """With and without a token that nobody knows, that is over, revoked, or in another form."""
    for secret in ("", "swt_unknown", "x", "swt_" + "ä" * 10_000):
        answer = Calls(secret).get("/articles")
        assert "tokens create" in problem(answer, 401)["remedy"]
        assert answer.headers["WWW-Authenticate"].startswith("Bearer")
        assert "Set-Cookie" not in answer.headers
        assert not answer.cookies
    basic = Calls().get("/articles", {"Authorization": "Basic eDp5"})
    problem(basic, 401)


def test_a_person_signed_in_at_the_desk_is_nobody_here(client, django_user_model, home):
    """A session lets nobody in, so that no other site can make a browser call; and no other site may read."""
    client.force_login(django_user_model.objects.create_superuser("ines"))
    problem(client.get(f"{API}/articles"), 401)
    answer = client.options(f"{API}/articles", headers={"Origin": "https://evil.example"})
    problem(answer, 405)
    assert not any(name.startswith("Access-Control") for name in answer.headers)


def test_unknown_addresses_and_verbs_are_problems_too(desk):
    """Whatever is asked for under /api/v1."""
    program = token("read")
    for path in ("", "/", "/nope", "/articles/", "/articles/x/y/z", "/docs", "/%00"):
        problem(program.get(path or "/"), 404)
    answer = program.send("delete", "/articles")
    problem(answer, 405)
    assert set(answer.headers["Allow"].replace(",", " ").split()) == {"GET", "POST"}
    head = program.send("head", "/articles")
    assert (head.status_code, head.content) == (200, b"")


def test_the_description_needs_no_token_and_is_whole(client, home):
    """OpenAPI 3.1, with the scheme of the token and an example of everything that is handed in or answered."""
    answer = client.get(f"{API}/openapi.json")
    told = answer.json()
    assert told["openapi"].startswith("3.1")
    assert told["components"]["securitySchemes"]["Bearer"] == told["components"]["securitySchemes"]["Bearer"] | {
        "type": "http",
        "scheme": "bearer",
    }
    for name, (verb, address, details) in operations().items():
        assert details["security"] == [{"Bearer": []}], name
        for status, given in details["responses"].items():
            kinds = set(given.get("content", {}))
            assert kinds <= ({"application/problem+json"} if int(status) >= 400 else {"application/json"}), address
        assert {"401", "403", "422", "429", "500", "503"} <= {str(status) for status in details["responses"]}, verb
    plain = {"boolean", "object", "array", "null"}
    for name, schema in told["components"]["schemas"].items():
        for field, details in schema.get("properties", {}).items():
            needs = name.endswith(("In", "Approval", "Refusal")) and details.get("type", "null") not in plain
            assert not needs or "examples" in details, f"{name}.{field} has no example"
    assert client.get(f"{API}/openapi.json", headers={"If-None-Match": answer.headers["ETag"]}).status_code == 304
