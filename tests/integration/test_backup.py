"""Backup and restore: everything comes back, also on the other kind of database; whatever is wrong changes nothing."""

from __future__ import annotations

import hashlib
import json
import os
import resource
import shutil
import signal
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from django.contrib.auth.models import Group, User
from django.core.management import call_command
from django.db import ConnectionHandler, connection, connections
from django.utils import timezone

from config import settings as config_settings
from pipeline.errors import Permanent
from pipeline.flow import backup, engines, installation, webhooks
from pipeline.flow.backup import making, restoring, tables
from pipeline.ledger import invariants
from pipeline.ledger.models import Article, Delivery, Edition, Erasure, Event, Receipt, Webhook, WorkerBeat
from tests.integration.test_commands import sectionwire
from tests.services import postgres

RAISED = {"wanted_seq", "sending_seq", "confirmed_seq", "dirty_seq", "done_seq"}


def silent(*_: object) -> None:
    """Hears how far it is, and says nothing."""


def rows(label: str) -> list[tuple]:
    """A table as it is; the sequences that a restore raises as they were before."""
    model = tables.kept()[label]
    names = [field.attname for field in tables.columns(model)]
    return [
        tuple(value % restoring.LEAP if name in RAISED else value for name, value in zip(names, row, strict=True))
        for row in model._base_manager.order_by("pk").values_list(*names)
    ]


def everything() -> dict[str, list[tuple]]:
    """The whole ledger."""
    return {label: rows(label) for label in tables.kept()}


def beside(home: Path) -> dict[str, bytes]:
    """What stands in an installation's folder, without the ledger, the pages and other tests' backups."""
    names = ("network.toml", "theme", ".sectionwire")
    files = [file for name in names for file in [home / name, *(home / name).rglob("*")] if file.is_file()]
    return {str(file.relative_to(home)): file.read_bytes() for file in files}


@pytest.fixture
def full(transactional_db, desk):
    """A ledger with articles, people, a webhook, odd texts and gaps in its numbers; a theme beside it."""
    desk.submit("<p>The <b>water</b> rose.</p><p>مرحبا 🌊 &amp; “quotes”</p>")
    desk.submit("<p>Second.</p>", name="b.html", key="b", title="Zweiter \\ 'title'", tags=("a", "b"))
    desk.work()
    user = User.objects.create_user("inês", "ines@example.org", "a long password")
    user.groups.add(Group.objects.create(name="night shift"))
    webhooks.add("https://example.org/hook", [], None, installation.network(), by="Ana")
    article = Article.objects.first()
    Event.objects.create(article=article, at=timezone.now(), stage="intake", message="gone").delete()
    (desk.home / "theme" / "templates").mkdir(parents=True)
    (desk.home / "theme" / "templates" / "article.html").write_text("<p>theirs</p>", encoding="utf-8")
    (desk.home / ".sectionwire").mkdir()
    (desk.home / ".sectionwire" / "secret-key").write_text("k" * 50, encoding="utf-8")
    WorkerBeat.objects.all().delete()
    return desk


def make(path: Path, *, with_secrets: bool = True) -> Path:
    """A backup of what there is."""
    with path.open("wb") as stream:
        backup.make(stream, silent, with_secrets=with_secrets)
    return path


@contextmanager
def the_other_kind(tmp_path: Path, monkeypatch) -> Iterator[None]:
    """A new ledger in place of the test's own: PostgreSQL if that is SQLite, and the other way round."""
    with postgres() if connection.vendor == "sqlite" else _file(tmp_path) as url:
        monkeypatch.setenv("DATABASE_URL", url)
        ours = connections["default"]
        connections["default"] = ConnectionHandler({"default": config_settings.read_database()})["default"]
        try:
            assert connection.vendor != ours.vendor
            call_command("migrate", run_syncdb=True, verbosity=0)
            yield
        finally:
            connection.close()
            connections["default"] = ours


@contextmanager
def _file(folder: Path) -> Iterator[str]:
    yield f"sqlite:///{folder / 'other.sqlite3'}"


def test_everything_comes_back_also_from_one_kind_of_database_to_the_other(full, tmp_path, monkeypatch):
    """There and back; every table is compared; new rows get numbers that are free."""
    before, files = everything(), beside(full.home)
    assert sum(map(len, before.values())) > 150
    there = make(tmp_path / "there.zip")
    shutil.rmtree(full.home / "theme")
    with the_other_kind(tmp_path, monkeypatch):
        restored = backup.restore(there, silent)
        assert restored.notes == ()
        assert everything() == before
        assert beside(full.home) == files
        newest = max(Article.objects.values_list("pk", flat=True))
        made = Article.objects.create(uid="new", created_at=timezone.now(), language="en", base="en")
        assert made.pk > newest
        Group.objects.create(name="day shift")
        made.delete()
        Group.objects.filter(name="day shift").delete()
        back = make(tmp_path / "back.zip")
    backup.restore(back, silent, replace=True)
    assert everything() == before
    assert invariants.broken() == []


def test_work_goes_on_after_a_restore_although_the_outputs_hold_newer_pages(full, tmp_path):
    """An output ignores lower sequences than it has: those of a restored ledger are higher than all before."""
    path = make(tmp_path / "b.zip")
    for _ in range(3):  # what happens after the backup
        Delivery.objects.update(status="ready", due_at="2020-01-01T00:00Z")
        for row in Delivery.objects.all():
            Delivery.objects.filter(pk=row.pk).update(wanted_seq=row.wanted_seq + 1)
        full.work()
    Erasure.objects.create(kind="article", subject="abc", by="Ana", started_at=timezone.now())
    notes = backup.restore(path, silent, replace=True).notes
    assert [note for note in notes if "article abc was erased after this backup" in note]
    engines.beat("inline", full.engines.hops(), [], first=True)
    edition = Edition.objects.get(section="brazil", article__key="tide")
    page = full.home / "outputs" / "brazil" / edition.path / "index.html"
    before = page.read_bytes()
    full.submit("<p>The water fell.</p>")
    full.work()
    assert not Delivery.objects.exclude(status="done").exists()
    assert page.read_bytes() != before
    assert Receipt.objects.filter(delivery__edition=edition).latest("pk").digest != hashlib.sha256(before).hexdigest()


def test_a_backup_sees_one_moment_and_nobody_waits_for_it(full, tmp_path, monkeypatch):
    """What is written while it is made is not in it, in no table, and is written at once."""
    before = everything()
    monkeypatch.setattr(making, "_STEP", 1)
    written: list[int] = []

    def told(what: str, done: int, total: int) -> None:
        if len(written) < 40:
            written.append(done)
            Group.objects.create(name=f"{done}")
            Article.objects.create(uid=f"n{done}", created_at=timezone.now(), language="en", base="en")
            User.objects.filter(username="inês").update(first_name=str(done))

    with (tmp_path / "b.zip").open("wb") as stream:
        backup.make(stream, told, with_secrets=True)
    assert len(written) == 40
    backup.restore(tmp_path / "b.zip", silent, replace=True)
    assert everything() == before
    _without_secrets(tmp_path)


def _without_secrets(tmp_path: Path) -> None:
    """Neither the key nor what signs webhooks; these are switched off, and say why."""
    secret = Webhook.objects.get().secret
    path = make(tmp_path / "bare.zip", with_secrets=False)
    with zipfile.ZipFile(path) as file:
        contents = b"".join(file.read(name) for name in file.namelist())
    assert secret.encode() not in contents
    assert b"k" * 50 not in contents
    assert "home/theme/templates/article.html" in backup.checked(path, silent).members
    backup.restore(path, silent, replace=True)
    hook = Webhook.objects.get()
    assert hook.disabled_at is not None
    assert "not in the backup" in hook.disabled_why


def test_who_is_signed_in_or_alive_is_not_kept():
    """After a restore people sign in again, and no worker is taken for alive."""
    assert {"sessions.session", "ledger.workerbeat"} <= tables.LEFT_OUT
    assert not tables.LEFT_OUT & tables.kept().keys()
    assert tables.all_tables().keys() >= tables.LEFT_OUT | tables.MADE_BY_MIGRATE


# What is refused


def rewritten(path: Path, change: Callable[[dict[str, bytes]], None], *, sign: bool = True) -> Path:
    """A backup with other members, by somebody who knows how to write a manifest."""
    with zipfile.ZipFile(path) as file:
        members = {name: file.read(name) for name in file.namelist()}
    change(members)
    if sign:
        manifest = json.loads(members["manifest.json"])
        manifest["members"] = {
            name: {
                "size": len(data),
                "sha256": hashlib.sha256(data).hexdigest(),
                "rows": data.count(b"\n") - 1 if name.startswith("ledger/") else 0,
            }
            for name, data in members.items()
            if name != "manifest.json"
        }
        members["manifest.json"] = json.dumps(manifest).encode()
    other = path.with_name("other.zip")
    with zipfile.ZipFile(other, "w", zipfile.ZIP_DEFLATED) as file:
        for name, data in members.items():
            file.writestr(name, data)
    return other


ARTICLES, DELIVERIES = "ledger/ledger.article.jsonl", "ledger/ledger.delivery.jsonl"


def _row(members: dict[str, bytes], name: str, change: Callable[[list], None]) -> None:
    header, first, *rest = members[name].splitlines(keepends=True)
    row = json.loads(first)
    change(row)
    members[name] = b"".join([header, json.dumps(row).encode() + b"\n", *rest])


def _manifest(members: dict[str, bytes], **changes: object) -> None:
    members["manifest.json"] = json.dumps(json.loads(members["manifest.json"]) | changes).encode()


def _twice(path: Path) -> Path:
    other = rewritten(path, lambda members: None)
    with pytest.warns(UserWarning, match="Duplicate"), zipfile.ZipFile(other, "a") as file:
        file.writestr(ARTICLES, b"{}")
    return other


HOSTILE: dict[str, Callable[[Path], Path]] = {
    "a file above the folder": lambda p: rewritten(p, lambda m: m.update({"home/theme/../../evil": b"x"})),
    "a file below the root": lambda p: rewritten(p, lambda m: m.update({"/etc/evil": b"x"})),
    "a file of another room": lambda p: rewritten(p, lambda m: m.update({"home/.sectionwire/secret-key": b"x"})),
    "a backslash": lambda p: rewritten(p, lambda m: m.update({"home/theme/..\\..\\evil": b"x"})),
    "a table that nobody knows": lambda p: rewritten(p, lambda m: m.update({"ledger/ledger.evil.jsonl": b"{}\n"})),
    "a table less": lambda p: rewritten(p, lambda m: m.pop(ARTICLES)),
    "a member that the manifest does not have": lambda p: rewritten(
        p, lambda m: m.update({"home/theme/x": b"x"}), sign=False
    ),
    "other content than was written": lambda p: rewritten(
        p, lambda m: m.update({ARTICLES: m[ARTICLES].replace(b"Tide", b"Tiny")}), sign=False
    ),
    "the same member twice": _twice,
    "no manifest": lambda p: rewritten(p, lambda m: m.pop("manifest.json"), sign=False),
    "a manifest of nonsense": lambda p: rewritten(p, lambda m: m.update({"manifest.json": b"[1"}), sign=False),
    "a deep manifest": lambda p: rewritten(p, lambda m: m.update({"manifest.json": b"[" * 200_000}), sign=False),
    "a manifest that is too long": lambda p: rewritten(
        p, lambda m: m.update({"manifest.json": b" " * 21_000_000}), sign=False
    ),
    "another format": lambda p: rewritten(p, lambda m: _manifest(m, format=2)),
    "other migrations": lambda p: rewritten(p, lambda m: _manifest(m, migrations=[["ledger", "9999_new"]])),
    "a bomb": lambda p: rewritten(p, lambda m: m.update({"home/theme/x": b"0" * 120_000_000})),
    "other columns": lambda p: rewritten(p, lambda m: m.update({ARTICLES: b'{"columns": ["id"]}\n[1]\n'})),
    "a row that is too short": lambda p: rewritten(p, lambda m: _row(m, ARTICLES, lambda row: row.pop())),
    "a row that is no row": lambda p: rewritten(p, lambda m: m.update({ARTICLES: m[ARTICLES] + b"{}\n"})),
    "a number that is none": lambda p: rewritten(p, lambda m: _row(m, ARTICLES, lambda row: row.__setitem__(0, "x"))),
    "a number twice": lambda p: rewritten(
        p, lambda m: m.update({ARTICLES: m[ARTICLES] + m[ARTICLES].splitlines(keepends=True)[1]})
    ),
    "a row of nothing": lambda p: rewritten(p, lambda m: _row(m, DELIVERIES, lambda row: row.__setitem__(0, None))),
    "a row that belongs to none": lambda p: rewritten(
        p, lambda m: m.update({ARTICLES: m[ARTICLES].splitlines(keepends=True)[0]})
    ),
}


def test_what_is_refused_is_refused_in_a_sentence_and_changes_nothing(full, tmp_path):
    """Hostile, damaged, cut off; a ledger that is not empty, workers that live: not a row changes, and no file."""
    path = make(tmp_path / "b.zip")
    before, files, above = everything(), beside(full.home), sorted(tmp_path.parent.iterdir())
    for how, hostile in HOSTILE.items():
        with pytest.raises(Permanent) as caught:
            backup.restore(hostile(path), silent, replace=True)
        assert "\n" not in str(caught.value), how
        assert caught.value.remedy, how
        assert (everything(), beside(full.home), sorted(tmp_path.parent.iterdir())) == (before, files, above), how
    _refuse_damaged(path)
    with pytest.raises(Permanent, match=r"not empty: it has rows in .*--replace"):
        backup.restore(path, silent)
    engines.beat("pages@tide", [], ["prepare"], first=True)
    with pytest.raises(Permanent, match=r"Workers are running: pages@tide\. Stop them all"):
        backup.restore(path, silent, replace=True)
    assert (everything(), beside(full.home)) == (before, files)


def _refuse_damaged(path: Path) -> None:
    """Cut off at twenty places, a byte changed at sixty: refused, unless it says what it said before."""
    whole, manifest = path.read_bytes(), backup.checked(path, silent)
    broken = path.with_name("broken.zip")
    hurt = [whole[: len(whole) * cut // 20] for cut in range(20)]
    places = range(0, len(whole), len(whole) // 60)
    hurt += [whole[:place] + bytes([whole[place] ^ 0x5A]) + whole[place + 1 :] for place in places]
    refused = 0
    for data in hurt:
        broken.write_bytes(data)
        try:
            assert backup.checked(broken, silent) == manifest  # a time stamp, say: every content was compared
        except Permanent:
            refused += 1
    assert refused > 60


def test_killed_in_the_middle_it_has_done_nothing_and_says_how_to_go_on(full, tmp_path):
    """SIGKILL while rows are being written; then the same command again."""
    path = make(tmp_path / "b.zip")
    Group.objects.create(name="since then")
    before = everything()
    connections.close_all()
    child = os.fork()
    if child == 0:
        backup.restore(
            path, lambda what, *_: what == "Restoring" and os.kill(os.getpid(), signal.SIGKILL), replace=True
        )
        os._exit(0)
    assert os.waitpid(child, 0)[1] == signal.SIGKILL
    assert everything() == before
    assert backup.was_cut_off() == str(path)
    with pytest.raises(Permanent, match=f"was cut off here.*sectionwire restore {path} --replace"):
        backup.restore(path, silent)
    assert any("cut off" in each["message"] for each in sectionwire("doctor", "--json").records)
    backup.restore(path, silent, replace=True)
    assert backup.was_cut_off() == ""
    assert not Group.objects.filter(name="since then").exists()
    _kept_beside(full, path)


def _kept_beside(full, path: Path) -> None:
    """Somebody may have changed the network since."""
    old = (full.home / "network.toml").read_text(encoding="utf-8")
    (full.home / "network.toml").write_text(old + "# newer\n", encoding="utf-8")
    notes = backup.restore(path, silent, replace=True).notes
    assert any("network.toml.before-restore" in note for note in notes)
    assert (full.home / "network.toml").read_text(encoding="utf-8") == old
    assert (full.home / "network.toml.before-restore").read_text(encoding="utf-8").endswith("# newer\n")


def _full_disk(tmp_path: Path) -> None:
    """One line, no file."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4_000, hard))
    try:
        with pytest.raises(Permanent, match=r"can't be written: File too large\."):
            sectionwire("backup", tmp_path / "full.zip")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert not list(tmp_path.glob("*full.zip*"))


# The commands


def test_the_commands_say_what_they_did_and_what_to_do_next(full, tmp_path, capfdbinary):
    """As a person types them."""
    path = tmp_path / "b.zip"
    said = sectionwire("backup", path)
    assert "2 articles" in said.out
    assert "without secrets" in said.out
    assert path.stat().st_mode & 0o777 == 0o600
    with pytest.raises(Permanent, match="exists already"):
        sectionwire("backup", path)
    assert "is whole: 2 articles" in sectionwire("restore", path, "--check").out
    said = sectionwire("restore", path, "--replace")
    assert "The ledger is restored." in said.out
    assert "sectionwire doctor" in said.out
    (record,) = sectionwire("restore", path, "--check", "--json").records
    assert record["articles"] == 2
    assert record["tables"]["ledger.article"] == 2
    with pytest.raises(Permanent, match="can't be read: No such file"):
        sectionwire("restore", tmp_path / "none.zip")
    with pytest.raises(Permanent, match="cut off, or no backup at all"):
        sectionwire("restore", full.home / "network.toml")
    _full_disk(tmp_path)
    capfdbinary.readouterr()
    sectionwire("backup", "-")
    (tmp_path / "piped.zip").write_bytes(capfdbinary.readouterr().out)
    assert backup.checked(tmp_path / "piped.zip", silent).count("ledger.article") == 2
