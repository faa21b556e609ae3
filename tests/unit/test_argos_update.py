"""Newer Argos packages from an index, a real one on this machine; and what an index may not do."""

from __future__ import annotations

import hashlib
import json
import shutil
import zipfile
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest
from django.core.management import call_command

from pipeline.documents import Route
from pipeline.engines.argos import ArgosEngine
from pipeline.engines.firefox import FirefoxEngine
from pipeline.engines.host import EngineHost
from pipeline.engines.models import install, install_file, update
from pipeline.errors import Permanent, Transient

PACKAGE = Path(__file__).parents[1] / "data" / "translate-en_es.argosmodel"


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *arguments):
        """Say nothing."""


@contextmanager
def serving(folder):
    """A real HTTP server on this machine for a folder."""
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(folder))) as server:
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/"
        finally:
            server.shutdown()
            thread.join()


def version(path, number, **changes):
    """The package with another version in its metadata, and so with another model: a word of its read-me differs."""
    with zipfile.ZipFile(PACKAGE) as old, zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            data = old.read(name)
            if name.endswith("metadata.json"):
                data = json.dumps(json.loads(data) | {"package_version": number} | changes)
            new.writestr(name, data)
        new.writestr(old.namelist()[0].partition("/")[0] + "/model/notes.txt", f"version {number}")
    return path


@pytest.fixture
def index(tmp_path, monkeypatch):
    """A folder that is served as the public index; ``offer`` puts a package into it."""
    folder = tmp_path / "index"
    folder.mkdir()
    entries = []
    with serving(folder) as base:

        def offer(number, holds=None, **changes):
            name = f"{len(entries)}.argosmodel"
            version(folder / name, holds or number, **changes)
            entry = {"package_version": number, "argos_version": "1.9", "from_code": "en", "from_name": "English"}
            entries.append(entry | {"to_code": "es", "to_name": "Spanish", "links": [base + name]})
            (folder / "index.json").write_text(json.dumps(entries))
            return folder / name

        monkeypatch.setenv("ARGOS_PACKAGE_INDEX", base)
        yield offer


@pytest.fixture
def models(tmp_path):
    """A folder of models with version 1.0 in it."""
    folder = tmp_path / "models"
    install_file(PACKAGE, folder)
    return folder


def only(models):
    (model,) = ArgosEngine(models).installed()
    return model


def test_a_newer_version_takes_the_place_of_the_older(index, models):
    """Of several the newest: 1.10 comes after 1.9."""
    for number in ("1.0", "1.10", "1.9"):
        index(number)
    newer = update(only(models), models)
    assert newer == only(models)
    assert newer.hop.model == "en_es-1.10"
    assert len(list((models / "argos").iterdir())) == 1
    assert update(newer, models) is None


@pytest.mark.parametrize("offers", [["1.0"], ["0.9", "0.8"], []])
def test_where_the_index_has_nothing_newer_nothing_changes(index, models, offers):
    (models.parent / "index" / "index.json").write_text("[]")
    for number in offers:
        index(number)
    before = only(models)
    assert update(before, models) is None
    assert only(models) == before


def test_a_worker_goes_on_with_the_old_and_takes_the_new_one_next(index, models):
    """A batch never mixes two models: its route names the checksum, and the next route names the new one."""
    index("1.1")
    old = only(models)
    with EngineHost(models, ["argos"], 1) as host:
        assert list(host.translate(Route("en", "es", (old.hop,)), ["the red house"]))
        new = update(old, models)
        with pytest.raises(Transient, match="was replaced meanwhile"):
            list(host.translate(Route("en", "es", (old.hop,)), ["the red house"]))
        way = Route("en", "es", (new.hop,))
        assert list(host.translate(way, ["the red house"])) == [{"the red house": "la casa roja"}]


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"holds": "1.0"}, r"promised a version above 1\.0 of en → es, and sent 1\.0"),
        ({"to_code": "fr"}, "promised en → es, and sent en → fr"),
    ],
)
def test_an_index_that_sends_something_else_is_not_believed(index, models, changes, why):
    """It would be loaded again at each update, or put a wrong language in place of the right one."""
    index("2.0", **changes)
    before = only(models)
    with pytest.raises(Permanent, match=why):
        update(before, models)
    assert only(models) == before
    assert list((models / ".incoming").iterdir()) == []


def test_installing_from_an_index_that_sends_another_pair_is_refused(index, tmp_path):
    index("1.0", to_code="fr")
    with pytest.raises(Permanent, match="promised en → es, and sent en → fr"):
        install("en", "es", "argos", tmp_path / "models")
    assert ArgosEngine(tmp_path / "models").installed() == []


@pytest.mark.parametrize("damage", [lambda data: data[: len(data) // 2], lambda data: b"<html>no such file</html>"])
def test_a_damaged_download_leaves_the_old_one(index, models, damage):
    file = index("2.0")
    file.write_bytes(damage(file.read_bytes()))
    before = only(models)
    with pytest.raises(Permanent, match="is no Argos package, or is damaged"):
        update(before, models)
    assert only(models) == before


def test_a_package_that_the_index_names_and_does_not_have_gets_one_line(index, models):
    index("2.0").unlink()
    with pytest.raises(Permanent, match=r"can't be loaded: .*404"):
        update(only(models), models)


@pytest.mark.parametrize("text", ["[1, 2]", '{"a": 1}', "[", "null"])
def test_an_index_that_is_none_gets_one_line(models, index, text):
    (models.parent / "index" / "index.json").write_text(text)
    with pytest.raises(Permanent, match="can't be understood"):
        update(only(models), models)


def test_what_makes_no_sense_in_an_index_is_left_out(models, index):
    """The rest of it still counts."""
    file = index("2.0").parent / "index.json"
    nonsense = {"from_code": 1, "to_code": [], "package_version": {}}
    file.write_text(json.dumps([nonsense, {}, *json.loads(file.read_text())]))
    assert update(only(models), models).hop.model == "en_es-2.0"


def test_what_comes_with_sectionwire_is_updated_with_it(models):
    """Nothing is asked of the network."""
    assert {update(model, models) for model in FirefoxEngine(models).installed()} == {None}


@pytest.mark.parametrize("offered", ["en-pt", "pt-en"])
def test_a_firefox_model_that_the_index_still_has_is_left_alone(tmp_path, monkeypatch, offered):
    """It is known by the checksum of its file; a pair that the index no longer has is left alone, too."""
    (bundled,) = (model for model in FirefoxEngine(tmp_path).installed() if model.hop.target == "pt")
    folder = tmp_path / "models" / "firefox" / "en-pt"
    shutil.copytree(bundled.path, folder)
    (file,) = folder.glob("model.*.bin")
    source, _, target = offered.partition("-")
    record = {"name": file.name, "fileType": "model", "version": "3.0", "architecture": "tiny", "id": "1"}
    record |= {"sourceLanguage": source, "targetLanguage": target}
    record["decompressedHash"] = hashlib.sha256(file.read_bytes()).hexdigest()
    record["attachment"] = {"location": "nowhere.zst", "hash": "", "size": 1}
    (tmp_path / "records").write_text(json.dumps({"data": [record]}))
    (model,) = (model for model in FirefoxEngine(tmp_path / "models").installed() if not model.note)
    with serving(tmp_path) as base:
        monkeypatch.setenv("FXTRANSLATE_RECORDS_URL", f"{base}records")
        assert update(model, tmp_path / "models") is None
    assert file.exists()


# the command


def test_the_command_updates_everything_and_says_what_it_did(index, models, home, capsys):
    index("1.1")
    call_command("models", "update")
    assert "Updated en → es: argos en_es-1.1, in place of en_es-1.0." in capsys.readouterr().out
    call_command("models", "update", "en", "es")
    assert "en → es: argos en_es-1.1: nothing newer." in capsys.readouterr().out


def test_the_command_fails_where_the_index_is_out_of_reach(models, home, monkeypatch, capsys):
    """It says so of that model, and is done with the others."""
    monkeypatch.setenv("ARGOS_PACKAGE_INDEX", "http://127.0.0.1:1/")
    with pytest.raises(SystemExit):
        call_command("models", "update")
    said = capsys.readouterr()
    assert "can't be reached" in said.err
    assert "en → pt: firefox" in said.out


@pytest.mark.parametrize(("arguments", "why"), [(["en"], "Which pair"), (["en", "is"], "no model for en → is")])
def test_the_command_wants_a_whole_pair_that_is_here(models, home, arguments, why):
    with pytest.raises(Permanent, match=why):
        call_command("models", "update", *arguments)
