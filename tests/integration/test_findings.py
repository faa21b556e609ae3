"""The life of a finding: open, fixed by a later version, or dismissed by a person with a reason."""

from __future__ import annotations

import io
import json

import pytest
from django.conf import settings as django_settings
from django.core.management import call_command

from pipeline.documents import CheckFinding, Severity, TranslatedSegment
from pipeline.errors import Permanent
from pipeline.flow import carry, clock, findings, installation
from pipeline.flow.versions import digest_of
from pipeline.ledger import invariants
from pipeline.ledger.models import Edition, Event, Finding, Translation, Version
from pipeline.ledger.models.translations import pack_segments, unpack_segments

BODY = "<p>The water rose to the second step.</p><p>Nobody was hurt.</p>"


@pytest.fixture
def version(desk) -> Version:
    """The first Portuguese version, without findings of its own."""
    desk.submit(BODY)
    desk.work(publishing=False)
    found = Translation.objects.get(base="pt").version
    assert found is not None
    found.findings.all().delete()
    return found


def finding(version: Version, segment: str = "b1", check: str = "numbers", severity: str = "warn", **given) -> Finding:
    message = given.pop("message", "Numbers differ.")
    return Finding.objects.create(
        version=version, check_id=check, severity=severity, segment=segment, message=message, **given
    )


def following(version: Version, *found: CheckFinding, **targets: str) -> Version:
    """The next version of the same revision, with some targets changed."""
    segments = tuple(
        TranslatedSegment(each.key, targets.get(each.key, each.target), each.origin)
        for each in unpack_segments(version.segments)
    )
    new = Version.objects.create(
        translation=version.translation,
        number=version.number + 1,
        revision=version.revision,
        parent=version,
        origin="machine",
        author="engine",
        digest=digest_of(version.revision, segments),
        segments=pack_segments(segments),
        created_at=clock.now(),
    )
    carry.record(new, found)
    Translation.objects.filter(pk=version.translation_id).update(version=new)
    return new


def said(segment: str = "b1", severity: Severity = Severity.WARN, message: str = "Numbers differ.") -> CheckFinding:
    return CheckFinding("numbers", severity, segment, message)


def state_of(finding: Finding) -> str:
    finding.refresh_from_db()
    return finding.state


def dismissed(version: Version, **given) -> Finding:
    return finding(version, state="dismissed", decided_by="Ana", why="an address", decided_at=clock.now(), **given)


def test_what_a_later_version_no_longer_has_is_fixed(version):
    """By which version and when is kept; what it still has stays open."""
    gone, still = finding(version, "b1"), finding(version, "b2")
    following(version, said("b2"), b1="Três.")
    assert (state_of(gone), state_of(still)) == ("fixed", "open")
    assert gone.why == f"no longer found in version {version.number + 1}"
    assert gone.decided_by == "engine"
    assert gone.decided_at


def test_a_segment_is_known_by_its_source_when_its_key_moves(desk):
    """A paragraph that comes before it makes b2 of b1: open stays open, and a dismissal goes along."""
    odd = "<p>The FAKE-LOOP water.</p>"  # the engine repeats itself without end: the segment is kept, which blocks
    desk.submit(odd + BODY)
    desk.work(publishing=False)
    kept = Finding.objects.get(check_id="kept", segment="b1")
    Finding.objects.filter(pk=kept.pk).update(state="dismissed", decided_by="Ana", why="it is a name")
    desk.submit("<p>Good morning.</p>" + odd + BODY)
    desk.work(publishing=False)
    moved = Finding.objects.get(check_id="kept", segment="b2")
    assert (moved.state, moved.decided_by, moved.why) == ("dismissed", "Ana", "it is a name")


def test_a_dismissal_carries_over_while_source_and_target_stay(version):
    """With who, why and when."""
    dismissed(version)
    new = following(version, said("b1"), b2="Ninguém se feriu.")
    [row] = new.findings.all()
    assert (row.state, row.decided_by, row.why) == ("dismissed", "Ana", "an address")
    assert row.decided_at


@pytest.mark.parametrize(
    ("given", "targets"),
    [
        (said("b1"), {"b1": "Um alvo novo."}),
        (said("b1", message="Other numbers differ."), {"b2": "Novo."}),
        (said("b1", severity=Severity.BLOCK), {"b2": "Novo."}),
        (said("b2"), {"b2": "Novo."}),
    ],
)
def test_a_dismissal_ends_with_what_it_was_about(version, given, targets):
    """Another target, another message, a heavier severity, another segment."""
    dismissed(version)
    [row] = following(version, given, **targets).findings.all()
    assert row.state == "open"


def test_a_dismissal_of_the_whole_text_holds_while_most_of_it_does(version):
    """A text that is quite another one is looked at anew."""
    dismissed(version, segment="")
    [row] = following(version, said(""), b2="Novo.").findings.all()
    assert row.state == "dismissed"
    version.refresh_from_db()
    every = {each.key: f"Novo {each.key}" for each in unpack_segments(version.segments)}
    newest = Version.objects.order_by("-number").first()
    assert newest is not None
    [row] = following(newest, said(""), **every).findings.all()
    assert row.state == "open"


def test_a_new_revision_of_the_article_fixes_and_carries_by_itself(desk, version):
    """Through the real stages: what is checked again decides."""
    gone = finding(version, "b1")
    desk.submit("<p>Nobody was hurt.</p><p>The water fell again.</p>")
    desk.work(publishing=False)
    assert state_of(gone) == "fixed"


def test_a_finding_is_dismissed_with_who_why_and_when(version):
    """And the article's history tells it."""
    row = finding(version)
    findings.dismiss(row.pk, by="Ana", why="an address", net=installation.network())
    assert state_of(row) == "dismissed"
    assert (row.decided_by, row.why) == ("Ana", "an address")
    assert row.decided_at
    event = Event.objects.filter(stage="check").get()
    assert (event.actor, event.language) == ("Ana", "pt")
    assert "an address" in event.message


def test_the_last_dismissal_lets_held_editions_go(desk, settings, version):
    """The others are left as they are: an editor's decision is not the policy's."""
    first, second = (finding(version, key, severity="block") for key in ("b1", "b2"))
    Edition.objects.filter(translation=version.translation, section="brazil").update(
        state="held", reason="a check blocks it", approved=None, candidate=version
    )
    Edition.objects.filter(translation=version.translation, section="portugal").update(
        state="returned", reason="returned by Ana: no"
    )
    net = installation.network()
    assert findings.dismiss(first.pk, by="Ana", why="right so", net=net).released == ()
    assert desk.edition("brazil").state == "held"
    [released] = findings.dismiss(second.pk, by="Ana", why="right so", net=net).released
    assert released.section == "brazil"
    assert desk.edition("brazil").approved_id == version.pk
    assert desk.edition("portugal").state == "returned"
    assert invariants.broken() == []


def test_what_cannot_be_decided_is_refused_in_a_sentence(version):
    """No reason, no such finding, decided already, an old version, an approved text."""
    net = installation.network()
    row = finding(version)
    with pytest.raises(Permanent, match="for a reason"):
        findings.dismiss(row.pk, by="Ana", why="  ", net=net)
    with pytest.raises(Permanent, match="no finding 999999"):
        findings.dismiss(999999, by="Ana", why="x", net=net)
    with pytest.raises(Permanent, match="is open"):
        findings.reopen(row.pk, by="Ana")
    findings.dismiss(row.pk, by="Ana", why="an address", net=net)
    with pytest.raises(Permanent, match="dismissed already by Ana: an address"):
        findings.dismiss(row.pk, by="Bo", why="x", net=net)
    findings.reopen(row.pk, by="Bo")
    assert state_of(row) == "open"
    assert not row.decided_by
    following(version, said("b1"))
    with pytest.raises(Permanent, match="there is a newer one"):
        findings.dismiss(row.pk, by="Ana", why="x", net=net)


def test_what_is_approved_is_not_blocked_again(version):
    """It would be live with an open finding that blocks."""
    row = dismissed(version, severity="block")
    assert Edition.objects.filter(approved=version).exists()
    with pytest.raises(Permanent, match="approved already"):
        findings.reopen(row.pk, by="Ana")


def sectionwire(*arguments: str) -> tuple[str, str]:
    out, err = io.StringIO(), io.StringIO()
    call_command("findings", *arguments, stdout=out, stderr=err)
    return out.getvalue(), err.getvalue()


def test_the_command_lists_what_is_open_with_the_texts(version):
    """What blocks comes first; old versions' findings only where they are fixed."""
    note, block = finding(version), finding(version, "b2", severity="block", check="links", message="A link is lost.")
    out, err = sectionwire()
    assert out.index(f"{block.pk}  ■ blocks  links") < out.index(f"{note.pk}  ! note  numbers")
    assert "The water rose to the second step." in out
    assert "2 open findings." in out
    assert "dismiss ID" in err
    assert "There are no fixed findings." in sectionwire("--state", "fixed")[0]
    assert "1 open finding." in sectionwire("tide", "--check", "links", "--language", "pt-BR")[0]
    assert "There are no open findings." in sectionwire("--section", "united-states")[0]


def test_the_command_prints_one_json_object_per_finding(version):
    """With everything a program may want."""
    row = finding(version)
    [record] = [json.loads(line) for line in sectionwire("--json")[0].splitlines()]
    assert (record["id"], record["check"], record["language"]) == (row.pk, "numbers", "pt")
    assert record["source"] == "The water rose to the second step."
    assert record["target"] == version.targets["b1"]
    assert record["state"] == "open"


def test_the_command_dismisses_and_reopens(version):
    """As a person types it."""
    row = finding(version)
    assert "Dismissed by Ana" in sectionwire("dismiss", str(row.pk), "--reason", "an address", "--by", "Ana")[0]
    assert "dismissed by Ana: an address" in sectionwire("--state", "all")[0]
    assert "Open again" in sectionwire("reopen", str(row.pk))[0]
    assert state_of(row) == "open"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["dismiss"], "Which finding"),
        (["dismiss", "seventeen", "--reason", "x"], "Which finding"),
        (["a", "b"], "One article at a time"),
        (["--check", "nummbers"], "There is no check “nummbers”. Use one of: empty, "),
        (["--section", "atlantis"], "no section"),
        (["--language", "ja"], "Nobody in this network"),
        (["nothing-like-it"], "There is no article"),
    ],
)
def test_the_command_says_what_is_wrong(desk, arguments, message):
    """In one sentence, with what to do."""
    with pytest.raises(Permanent) as refused:
        sectionwire(*arguments)
    assert message in str(refused.value)


def test_an_unknown_check_in_the_network_file_is_an_error_with_its_line(desk):
    """And a known one is applied."""
    path = django_settings.NETWORK_FILE
    text = path.read_text(encoding="utf-8")
    path.write_text(f'{text}\n[checks]\nnumbers = "off"\nnummbers = "warn"\n', encoding="utf-8")
    line = len(text.splitlines()) + 4
    with pytest.raises(Permanent, match=rf":{line}: checks.nummbers: there is no such check. Use one of: empty, "):
        installation.network()


def test_the_severity_of_the_network_file_reaches_the_translation(desk):
    """Brazil publishes by itself, unless a check blocks."""
    path = django_settings.NETWORK_FILE
    path.write_text(f'{path.read_text(encoding="utf-8")}\n[checks]\npunctuation = "block"\n', encoding="utf-8")
    checks = {check.id: check for check in installation.checks(installation.network())}
    assert checks["punctuation"].severity is Severity.BLOCK
    assert checks["numbers"].severity is Severity.WARN
