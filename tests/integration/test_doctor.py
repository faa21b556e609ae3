"""``sectionwire doctor``: what it sees, and what it tells people to do, while things are broken for real."""

from __future__ import annotations

import os
import re
import socket
import threading
import time
from argparse import ArgumentParser, _SubParsersAction
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import pytest
from django.core.management import get_commands, load_command_class
from django.db import connection
from django.utils import timezone

from pipeline.flow import engines
from pipeline.ledger.models import BatchRun, ScheduleState, Source, Translation, WorkerBeat
from pipeline.management import health
from pipeline.management.health import folder as folder_looks
from pipeline.management.health import ledger as ledger_looks
from pipeline.management.health import machinery, surroundings
from tests.flow.conftest import NETWORK
from tests.integration.test_commands import sectionwire

SCHEDULE = """
[[schedules]]
key = "nightly"
cron = "30 2 * * *"
time_zone = "Europe/Lisbon"
actions = ["fetch", "translate"]
"""
SOURCE = """
[[sources]]
key = "bulletin"
type = "folder"
path = "drop"
"""


@pytest.fixture
def installation(desk, settings, broker):
    """A sound one."""
    (desk.home / ".sectionwire").mkdir()
    (desk.home / ".sectionwire" / "secret-key").touch(0o600)
    settings.BROKER_URL = broker
    return desk


def told(look) -> list[tuple[str, str, str]]:
    """Levels, messages and remedies of one look."""
    return [(result.level, result.message, result.remedy) for result in look()]


def add(settings, text: str, **changes: str) -> None:
    """Append to the network file."""
    network = NETWORK.format(engine="fake")
    for old, new in changes.items():
        network = network.replace(old, new)
    settings.NETWORK_FILE.write_text(network + text, encoding="utf-8")


def test_a_sound_installation_takes_less_than_three_seconds_and_has_no_fault(installation, settings):
    """Every matter that the guide names is looked at."""
    engines.beat("all@tide", installation.engines.hops(), ["prepare", "sweep", "publish.site", "batch"], first=True)
    add(settings, SCHEDULE + SOURCE)
    records = sectionwire("doctor", "--json").records
    assert [each for each in records if each["level"] == "fault"] == []
    assert {each["matter"] for each in records} >= {
        *("home", "secret key", "network", "settings", "disk", "desk", "e-mail", "ledger", "database", "clock"),
        *("invariants", "failures", "broker", "workers", "schedules", "sources", "models", "outputs"),
    }
    assert all(each["remedy"] for each in records if each["level"] != "ok")
    assert all(each["message"].count("\n") == 0 for each in records)


def test_it_is_quick_although_everything_is_away(installation, settings, monkeypatch):
    """A broker that takes connections and says nothing, a receiver that does the same: two seconds each, at once."""
    with silence() as port:
        settings.BROKER_URL = f"redis://:sandbag-relay@127.0.0.1:{port}/0"
        monkeypatch.setenv("HOOK_SECRET", "whsec_" + "QUJD" * 12)
        hook = '[outputs.hook]\ntype = "webhook"\nbase_url = "https://x.example"\n[outputs.hook.webhook]\n'
        hook += f'url = "http://127.0.0.1:{port}/"\nsecret = "HOOK_SECRET"\nallow_private = true\n'
        add(settings, hook, **{'outputs = ["site"]': 'outputs = ["site", "hook"]'})
        started = time.monotonic()
        said = sectionwire("doctor", "--json")
        assert time.monotonic() - started < 8  # 2 for the broker; a shared machine has the rest
    faults = {each["matter"]: each for each in said.records if each["level"] == "fault"}
    assert set(faults) == {"broker"}
    assert "sandbag" not in said.out
    assert any(each["matter"] == "outputs" and "hook for" in each["message"] for each in said.records)


@contextmanager
def silence() -> Iterator[int]:
    """A port where connections are taken, and nothing is ever said."""
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen(50)
        yield server.getsockname()[1]


def test_without_a_ledger_the_rest_is_told(installation, settings, monkeypatch):
    """What needs the ledger is left out; it is told once."""
    monkeypatch.setattr(ledger_looks, "_unreachable", lambda: "10.0.0.1: timed out")
    records = sectionwire("doctor", "--json").records
    matters = {each["matter"] for each in records}
    assert [each["matter"] for each in records if each["level"] == "fault"] == ["ledger"]
    assert not matters & {"invariants", "workers", "schedules"}
    assert matters >= {"broker", "models", "outputs", "disk"}


def test_a_postgresql_that_does_not_answer_is_not_waited_for(settings, monkeypatch):
    """The driver alone waits for minutes where nobody refuses."""
    monkeypatch.setattr(type(connection._connections["default"]), "vendor", "postgresql")
    monkeypatch.setitem(connection.settings_dict, "HOST", "127.0.0.1")
    monkeypatch.setitem(connection.settings_dict, "PORT", "1")
    assert "127.0.0.1" in ledger_looks._unreachable()
    monkeypatch.setitem(connection.settings_dict, "HOST", "/run/postgresql")
    assert ledger_looks._unreachable() == ""


def test_a_worker_of_another_version_is_named(installation):
    """After an upgrade, somebody forgot one."""
    engines.beat("new@tide", [], ["prepare"], first=True)
    engines.beat("old@mill", [], ["prepare"], first=True)
    WorkerBeat.objects.filter(name="old@mill").update(version="0.0.9")
    said = [message for _, message, _ in told(machinery.workers)]
    assert f"old@mill runs version 0.0.9, and this is {engines.VERSION}." in said
    assert not any(message.startswith("new@tide runs") for message in said)


def test_lanes_and_pairs_that_nobody_serves_are_named(installation, settings):
    """Each with the command that helps; what is served is not."""
    add(settings, SCHEDULE)
    WorkerBeat.objects.all().delete()
    assert told(machinery.workers)[0][1] == "No worker runs."
    hops = [hop for hop in installation.engines.hops() if not hop.target.startswith("pt")]
    engines.beat("some@tide", hops, ["prepare", "publish.site"], first=True)
    said = told(machinery.workers)
    assert ("notice", "Nobody serves batch.", "Run: sectionwire worker --lanes batch") in said
    assert any("No living worker translates en → pt." in message for _, message, _ in said)
    assert not any("Nobody serves prepare" in message for _, message, _ in said)


def test_models_are_told_with_the_way_of_each_pair(installation):
    """Direct, or through which language."""
    ((level, message, _),) = told(machinery.models)
    assert level == "ok"
    assert "direct" in message


def test_schedules_are_told_with_what_a_person_can_do(installation, settings):
    """Paused, in trouble, late, or in order."""
    add(settings, SCHEDULE)
    now = timezone.now()
    ((level, message, _),) = told(machinery.schedules)
    assert (level, "nightly: next at" in message) == ("ok", True)
    run = BatchRun.objects.create(schedule="nightly", lane="batch", planned_at=now - timedelta(hours=1))
    assert "Nobody has begun the run of nightly" in told(machinery.schedules)[0][1]
    BatchRun.objects.filter(pk=run.pk).update(outcome="trouble", status="done")
    assert told(machinery.schedules)[0][2] == "See why: sectionwire batch show nightly"
    ScheduleState.objects.create(schedule="nightly", cron="30 2 * * *", looked_at=now, paused_at=now, paused_by="Ana")
    assert told(machinery.schedules) == [
        ("notice", "nightly is paused by Ana.", "Run: sectionwire batch resume nightly")
    ]


def test_sources_are_told_with_why_they_could_not_be_read(installation, settings):
    """Never read, failing, or in order."""
    add(settings, SOURCE)
    assert "was never read" in told(machinery.sources)[0][1]
    row = Source.objects.create(key="bulletin", failures=3, reason="It is no folder.")
    assert "could not be read 3 times in a row: It is no folder." in told(machinery.sources)[0][1]
    Source.objects.filter(pk=row.pk).update(failures=0, reason="", fetched_at=timezone.now())
    assert told(machinery.sources)[0][0] == "ok"


def test_a_full_disk_is_a_fault_and_a_filling_one_a_notice(installation, monkeypatch):
    """By what is free, in one line for each disk."""
    for free, level in ((100_000_000, "fault"), (1_000_000_000, "notice"), (50_000_000_000, "ok")):
        monkeypatch.setattr(folder_looks.shutil, "disk_usage", lambda _, free=free: _Free(free))
        assert {each[0] for each in told(folder_looks.disk)} == {level}


class _Free:
    def __init__(self, free: int) -> None:
        self.free = free


DESK = [
    ({"DEBUG": True}, "SECTIONWIRE_DEBUG is on"),
    ({"ALLOWED_HOSTS": ["desk.example.org"]}, "links in e-mails lead to http://127.0.0.1:8200"),
    ({"DESK_URL": "https://localhost"}, "cookies also go over plain HTTP"),
    ({"DESK_URL": "http://desk.example.org", "ALLOWED_HOSTS": ["desk.example.org"]}, "is not encrypted"),
    ({"DESK_URL": "https://desk.example.org", "SESSION_COOKIE_SECURE": True}, "does not answer as desk.example.org"),
    ({"SESSION_COOKIE_SECURE": True, "TRUSTED_PROXIES": 0}, "seems to come from the same address"),
]


@pytest.mark.parametrize(("changes", "expected"), DESK)
def test_what_is_wrong_with_the_desks_address_is_told(changes, expected, settings):
    """One setting that was forgotten, one line."""
    settings.ALLOWED_HOSTS = ["localhost"]
    settings.DESK_URL = "http://127.0.0.1:8200"
    settings.DEBUG = False
    assert told(surroundings.desk) == [("ok", "It is at http://127.0.0.1:8200.", "")]
    for name, value in changes.items():
        setattr(settings, name, value)
    (found,) = [each for each in told(surroundings.desk) if expected in each[1]]
    assert found[0] == "notice"
    assert found[2]


@pytest.mark.parametrize("address", ["http://[desk", "desk.example.org", "smtp://desk.example.org", ""])
def test_an_address_of_the_desk_that_is_none_is_a_fault(address, settings):
    """It does not end the look at the rest."""
    settings.DESK_URL = address
    ((level, message, remedy),) = told(surroundings.desk)
    assert (level, address in message) == ("fault", True)
    assert "SECTIONWIRE_URL" in remedy


def test_secrets_that_others_can_read_or_change_are_told(tmp_path, monkeypatch):
    """Not those in a folder that nobody else may enter, and not those that only we may read."""
    for folder in (tmp_path, *tmp_path.parents):
        if folder.stat().st_uid == os.getuid() and folder.is_relative_to(tmp_path.parents[2]):
            folder.chmod(0o755)
    file = tmp_path / "broker-url"
    file.write_text("redis://:x@y/0", encoding="utf-8")
    for name in [name for name in os.environ if name.endswith("_FILE")]:
        monkeypatch.delenv(name)
    assert told(surroundings.secrets) == []
    monkeypatch.setenv("SECTIONWIRE_BROKER_URL_FILE", str(file))
    file.chmod(0o644)
    assert told(surroundings.secrets)[0] == ("notice", f"Others may read or change {file}.", f"Run: chmod 600 {file}")
    tmp_path.chmod(0o700)
    assert told(surroundings.secrets) == [("ok", "Nobody else can read or change 1 file with secrets.", "")]
    file.chmod(0o666)
    assert told(surroundings.secrets)[0][0] == "notice"
    file.unlink()
    assert [each[0] for each in told(surroundings.secrets)] == ["fault"]


def test_what_is_told_holds_no_secrets(installation):
    """Reasons and errors of others are quoted."""
    installation.submit()
    Translation.objects.all().delete()
    results = list(health._guarded("x", lambda: iter([health.Result("fault", "x", "at redis://:hunter22@h/0")])))
    assert "hunter22" not in results[0].message


def test_an_output_that_hangs_keeps_nobody_waiting(installation, monkeypatch):
    """It is told that it has not answered."""
    from pipeline.management.health import outputs
    from pipeline.stages.publish.outputs.folder import FolderOutput

    over = threading.Event()
    monkeypatch.setattr(outputs, "PATIENCE", 0.1)
    monkeypatch.setattr(FolderOutput, "probe", lambda self: over.wait(5))
    probes = outputs.Probes()
    probes.begin()
    said = told(probes.outputs)
    over.set()
    assert {level for level, _, _ in said} == {"notice"}
    assert all("has not answered within" in message for _, message, _ in said)


def test_every_command_that_the_doctor_or_a_page_of_the_docs_names_exists():
    """A remedy that can't be typed is none; also with the actions and options that stand there."""
    pages = [Path("README.md"), *Path("docs").glob("*.md"), *Path("pipeline/management/health").glob("*.py")]
    named: dict[str, set[str]] = {}
    for page in pages:
        for command, rest in re.findall(_TYPED, page.read_text(encoding="utf-8"), re.MULTILINE):
            named.setdefault(command, set()).update(re.findall(r"--[a-z-]+", rest))
    assert named.keys() >= {"migrate", "backup", "restore", "worker", "batch", "sources", "models", "publish", "revert"}
    assert named.keys() <= get_commands().keys()
    for command, options in named.items():
        parser = load_command_class(get_commands()[command], command).create_parser("sectionwire", command)
        assert options <= _options(parser), command


_TYPED = r"(?:^|[`(]|&& |: |exec (?:-T )?[a-z-]+ )sectionwire ([a-z]+)\b([^`#|\n]*)"


def _options(parser: ArgumentParser) -> set[str]:
    """Every option of a parser, and of its actions."""
    found = {option for action in parser._actions for option in action.option_strings}
    for action in parser._actions:
        if isinstance(action, _SubParsersAction):
            for each in action.choices.values():
                found |= _options(each)
    return found
