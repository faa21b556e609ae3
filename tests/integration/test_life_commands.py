"""The commands for what is out: withdraw, correct, revert, release, sections; as a person types them."""

from __future__ import annotations

import io
import json

import pytest
from django.core.management import CommandError, call_command

from pipeline.errors import Permanent
from pipeline.ledger.models import Article, Barrier, Correction, Edition
from tests.integration.sending import settle


@pytest.fixture
def published(desk):
    desk.submit("<p>The water rose.</p><p>Nobody was hurt.</p>")
    desk.work(publishing=False)
    settle()
    return desk


def say(*arguments: str) -> str:
    """What a command writes to standard output; a failing exit status stands first."""
    out, status = io.StringIO(), ""
    try:
        call_command(*arguments, stdout=out, stderr=io.StringIO())
    except SystemExit as error:
        status = f"exit {error.code}: "
    settle()
    return status + out.getvalue()


def test_withdraw_and_its_undo(published):
    """Everywhere, or from one section; as text and as JSON."""
    with pytest.raises(Permanent, match="needs a reason"):
        say("withdraw", "tide")
    assert "withdrawn  brazil pt-BR" in say("withdraw", "tide", "brazil", "--reason", "wrong", "--by", "Ana")
    assert "withdrawn by Ana: wrong; confirmed everywhere after" in say("status", "tide")
    record = json.loads(say("withdraw", "tide", "--reason", "wrong", "--json"))
    assert {each["section"] for each in record["editions"]} == {"portugal", "angola", "united-states"}
    assert "reinstated  brazil pt-BR" in say("withdraw", "tide", "--undo")
    assert not Article.objects.get().withdrawn
    with pytest.raises(Permanent, match="is not withdrawn"):
        say("withdraw", "tide", "--undo")
    with pytest.raises(Permanent, match="goes with a section"):
        say("withdraw", "tide", "--language", "pt-BR", "--reason", "x")
    with pytest.raises(Permanent, match="spain"):
        say("withdraw", "tide", "spain", "--reason", "x")


def test_correct_and_revert(published):
    """A note for readers, and an earlier version with its number."""
    published.submit("<p>The water rose by two metres.</p><p>Nobody was hurt.</p>")
    published.work(publishing=False)
    settle()
    assert "Revision 2 of tide is labelled" in say("correct", "tide", "--note", "The height was missing.")
    assert "for brazil pt-BR" in say("correct", "tide", "brazil", "--note", "Faltava a altura.")
    assert list(Correction.objects.order_by("id").values_list("language", flat=True)) == ["en", "pt-BR"]
    listed = say("revert", "tide", "brazil")
    assert "published" in listed.splitlines()[1]
    assert "published again, as version 3" in say("revert", "tide", "brazil", "--version", "1", "--by", "Ana")
    assert Edition.objects.get(section="brazil").approved.restored.number == 1
    assert "restored as version 3 (Ana)" in say("status", "tide")


def test_release_holds_tells_and_opens(desk):
    """One article, or a series; what waits, and for whom."""
    desk.submit()
    assert "Nothing is held." in say("release")
    say("release", "tide", "--require", "portugal", "--until", "2040-01-01T08:00+01:00", "--by", "Ana")
    desk.work(publishing=False)
    settle()
    assert "tide, held by Ana: waits for portugal pt-PT; goes out at the latest on 2040-01-01" in say("release")
    assert "waiting for the release" in say("status", "tide")
    assert json.loads(say("release", "tide", "--json"))["missing"] == ["portugal pt-PT"]
    assert "is let out" in say("release", "tide", "--open")
    assert Barrier.objects.get().opened_at
    assert Edition.objects.get(section="brazil").state == "live"
    with pytest.raises(Permanent, match="Nothing holds tide"):
        say("release", "tide", "--open")
    with pytest.raises(Permanent, match="What is to be held"):
        say("release", "--hold")
    with pytest.raises(Permanent, match="let out, or held, not both"):
        say("release", "tide", "--open", "--hold")
    for odd in (["--parts", "-3"], ["--until", "9999-12-31T23:59-12:00"], ["--until", "2040-01-01"]):
        with pytest.raises(CommandError):
            say("release", "--series", "Rivers", *odd)
    assert "more articles of the series" in say("release", "--series", "Rivers", "--parts", "3")


def test_sections_tells_and_applies(published, settings):
    """check fails while something is to be done; a dry run does nothing."""
    assert "brazil" in say("sections", "list")
    assert say("sections", "check") == "Everything stands as network.toml says.\n"
    text = settings.NETWORK_FILE.read_text()
    settings.NETWORK_FILE.write_text(text.replace('name = "Brasil"', 'name = "Brasil e Amazónia"'))
    would = say("sections", "check", "brazil")
    assert would.startswith("exit 1: would  1 edition of brazil")
    assert json.loads(say("sections", "apply", "--dry-run", "--json"))["done"] is False
    assert "Amazónia" not in published.page("brazil")
    assert say("sections", "apply").startswith("done   1 edition of brazil")
    assert "Amazónia" in published.page("brazil")
    assert json.loads(say("sections", "list", "brazil", "--json"))["live"] == 1
