"""Tokens: shown once, kept as a hash, counted, over when they are over."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest
from django.core.management import CommandError, call_command

from pipeline.errors import Permanent
from pipeline.flow import installation, tokens
from pipeline.flow.tokens import Right
from pipeline.ledger.models import ApiToken
from tests.integration.calls import Calls, problem, token


def run(capsys, *arguments: str) -> str:
    """What ``sectionwire tokens …`` says."""
    call_command("tokens", *arguments)
    return capsys.readouterr().out.strip()


def test_a_token_is_shown_once_and_not_kept(home, db, capsys):
    """The ledger has only its SHA-256; it works at once, and no more once it is revoked."""
    secret = run(capsys, "create", "cms", "--right", "submit", "--right", "read", "--section", "portugal")
    assert secret.startswith("swt_")
    assert len(secret) >= 47  # 256 bits
    assert secret not in json.dumps(list(ApiToken.objects.values()), default=str)
    told = Calls(secret).get("/token").json()
    assert (told["name"], told["rights"], told["sections"]) == ("cms", ["read", "submit"], ["portugal"])
    (listed,) = json.loads(run(capsys, "list", "--json"))
    assert listed["used_at"] is not None
    assert "portugal" in run(capsys, "list")
    assert secret not in run(capsys, "list")
    run(capsys, "revoke", "cms")
    problem(Calls(secret).get("/token"), 401)
    assert "revoked" in run(capsys, "list")
    run(capsys, "create", "cms", "--all-sections")  # the name is free again


def test_a_token_ends_when_it_was_said_to(home, db):
    """To the moment, by the ledger's clock."""
    caller = token("read")
    ApiToken.objects.update(expires_at=datetime.now(UTC) + timedelta(minutes=1))
    assert caller.get("/token").status_code == 200
    ApiToken.objects.update(expires_at=datetime.now(UTC) - timedelta(seconds=1))
    problem(caller.get("/token"), 401)


@pytest.mark.parametrize(
    ("name", "rights", "sections", "expires", "said"),
    [
        ("", ["read"], ["portugal"], None, "needs a name"),
        ("x" * 81, ["read"], ["portugal"], None, "needs a name"),
        ("cms", [], ["portugal"], None, "good for nothing"),
        ("cms", ["read"], [], None, "good for nothing"),
        ("cms", ["read"], ["atlantis"], None, "no section “atlantis”"),
        ("cms", ["read"], ["portugal"], datetime(2020, 1, 1, tzinfo=UTC), "expired already"),
        ("known", ["read"], ["portugal"], None, "already"),
    ],
)
def test_a_token_that_would_be_good_for_nothing_is_not_made(home, db, name, rights, sections, expires, said):
    """Each with what to do."""
    net = installation.network()
    tokens.create("known", [Right.READ], None, net)
    with pytest.raises(Permanent, match=said) as refused:
        tokens.create(name, [Right(right) for right in rights], sections, net, expires_at=expires)
    assert refused.value.remedy
    with pytest.raises(Permanent, match="There is no token"):
        tokens.revoke("nope")
    with pytest.raises(CommandError, match="is no date"):
        call_command("tokens", "create", "cms", "--all-sections", "--expires", "9999-12-31T23:59-12:00")


def test_a_token_is_told_to_wait_when_it_asks_too_often(home, db, settings):
    """By a problem with Retry-After; other tokens don't wait for it, and it may again later."""
    settings.API_RATE = 2  # half a minute for each, so that no busy machine is too slow for this
    caller, other = token("read"), token("read", ["brazil"])
    answers = [caller.get("/token") for _ in range(12)]
    assert [answer.status_code for answer in answers] == [200] * 10 + [429] * 2
    assert problem(answers[-1], 429)["remedy"]
    assert 1 <= int(answers[-1].headers["Retry-After"]) <= 30
    assert other.get("/token").status_code == 200
    row = ApiToken.objects.get(name=f"read for {('portugal',)}")
    ApiToken.objects.filter(pk=row.pk).update(busy_until=row.busy_until - timedelta(seconds=45))
    assert [caller.get("/token").status_code for _ in range(2)] == [200, 429]
    settings.API_RATE = 0
    assert caller.get("/token").status_code == 200
