"""Installing, listing and removing models: from files, from real indexes on this machine, and what is refused."""

from __future__ import annotations

import hashlib
import json
import shutil
import stat
import zipfile
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest

from pipeline.engines import argos_package
from pipeline.engines.argos import ArgosEngine
from pipeline.engines.firefox import BUNDLED, FirefoxEngine
from pipeline.engines.models import catalogue, install, install_file, remove
from pipeline.errors import Permanent

PACKAGE = Path(__file__).parents[1] / "data" / "translate-en_es.argosmodel"
TOP = "translate-en_es-1_0"
NOWHERE = "http://127.0.0.1:1/"


def contents():
    with zipfile.ZipFile(PACKAGE) as archive:
        return {name.removeprefix(f"{TOP}/"): archive.read(name) for name in archive.namelist()}


def packed(path, members, top=TOP):
    """An .argosmodel file of these members; a name may be a ZipInfo, which is taken as it is."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            archive.writestr(name if isinstance(name, zipfile.ZipInfo) else f"{top}/{name}", data)
    return path


def with_metadata(path, **changes):
    members = contents()
    members["metadata.json"] = json.dumps(json.loads(members["metadata.json"]) | changes)
    return packed(path, members)


def everything(models):
    """What lies in a folder of models, but for what is only kept to save time."""
    kept = {".lock", ".incoming", ".checksums.json"}
    return sorted(str(path.relative_to(models)) for path in models.rglob("*") if path.name not in kept)


@pytest.fixture
def models(tmp_path):
    return tmp_path / "models"


@pytest.fixture(scope="module")
def installed_once(tmp_path_factory):
    folder = tmp_path_factory.mktemp("once")
    install_file(PACKAGE, folder)
    return folder


@pytest.fixture
def with_spanish(installed_once, models):
    """The folder of models, with the package in it."""
    return shutil.copytree(installed_once, models)


@pytest.fixture
def file(tmp_path):
    return tmp_path / "some.argosmodel"


# a file


def test_a_package_is_installed_and_translates(models):
    model = install_file(PACKAGE, models)
    assert (model.hop.source, model.hop.target, model.hop.model) == ("en", "es", "en_es-1.0")
    assert ArgosEngine(models).installed() == [model]
    assert ArgosEngine(models).translate(["the red house"], "en", "es") == ["la casa roja"]


def test_installing_twice_changes_nothing(with_spanish):
    before = everything(with_spanish)
    assert [install_file(PACKAGE, with_spanish)] == ArgosEngine(with_spanish).installed()
    assert everything(with_spanish) == before


def test_another_package_for_the_pair_takes_the_place_of_the_old_one(with_spanish, models, file):
    """Even an older version: that is what was asked for."""
    members = contents()
    members["metadata.json"] = json.dumps(json.loads(members["metadata.json"]) | {"package_version": "0.9"})
    members["model/notes.txt"] = b"another model has another checksum"
    new = install_file(packed(file, members), models)
    assert new.hop.model == "en_es-0.9"
    assert ArgosEngine(models).installed() == [new]
    assert len(list((models / "argos").iterdir())) == 1


def test_codes_of_the_package_are_declared_as_bcp_47(models, file):
    model = install_file(with_metadata(file, to_code="pb"), models)
    assert (model.hop.source, model.hop.target) == ("en", "pt-BR")


def member(name, mode=stat.S_IFREG | 0o644):
    info = zipfile.ZipInfo(name)
    info.external_attr = mode << 16
    info.compress_type = zipfile.ZIP_DEFLATED
    return info


HOSTILE = {
    "leaves its folder by dots": ({f"{TOP}/../../evil": b"x"}, "leaves its folder"),
    "leaves its folder by a root": ({"/tmp/evil": b"x"}, "leaves its folder"),
    "leaves its folder the Windows way": ({"..\\evil": b"x"}, "leaves its folder"),
    "a link": ({member(f"{TOP}/link", stat.S_IFLNK | 0o777): b"/etc/passwd"}, "a link or a special file"),
    "a device": ({member(f"{TOP}/null", stat.S_IFCHR | 0o666): b""}, "a link or a special file"),
    "two folders": ({"other/file": b"x"}, "should hold one folder"),
    "a bomb": ({f"{TOP}/more": bytes(80 << 20)}, "would become"),
}


@pytest.mark.parametrize(("extra", "why"), HOSTILE.values(), ids=HOSTILE.keys())
def test_a_hostile_archive_is_refused_before_anything_is_unpacked(models, file, extra, why):
    small = {member(f"{TOP}/{name}"): data for name, data in contents().items() if name != "model/model.bin"}
    packed(file, small | {key if isinstance(key, zipfile.ZipInfo) else member(key): v for key, v in extra.items()})
    with pytest.raises(Permanent, match=why):
        install_file(file, models)
    assert everything(models) == []
    assert not (models.parent / "evil").exists()


def test_an_archive_that_is_too_large_is_refused(monkeypatch, models):
    monkeypatch.setattr(argos_package, "MOST_BYTES", 1_000_000)
    with pytest.raises(Permanent, match="too much"):
        install_file(PACKAGE, models)


def test_an_archive_that_the_disk_can_not_take_is_refused(monkeypatch, models):
    usage = shutil.disk_usage("/")._replace(free=1 << 20)
    monkeypatch.setattr(argos_package.shutil, "disk_usage", lambda path: usage)
    with pytest.raises(Permanent, match="Make room on the disk"):
        install_file(PACKAGE, models)


@pytest.mark.filterwarnings("ignore:Duplicate name")  # zipfile warns as the test writes it
def test_a_doubled_member_is_refused(models, file):
    """Which of the two would count is anybody's guess."""
    with zipfile.ZipFile(file, "w") as archive:
        for _ in range(2):
            archive.writestr(f"{TOP}/metadata.json", b"{}")
    with pytest.raises(Permanent, match="twice"):
        install_file(file, models)


DAMAGED = {
    "empty": b"",
    "text": b"this is no model\n" * 100,
    "the first half": PACKAGE.read_bytes()[: PACKAGE.stat().st_size // 2],
    "a changed byte": PACKAGE.read_bytes()[:500_000] + b"?!?!" + PACKAGE.read_bytes()[500_004:],
}


@pytest.mark.parametrize("data", DAMAGED.values(), ids=DAMAGED.keys())
def test_a_file_that_is_no_whole_package_gets_one_line(models, file, data):
    file.write_bytes(data)
    with pytest.raises(Permanent, match=r"is no Argos package, or is damaged: [^\n]*\. Give an \.argosmodel file"):
        install_file(file, models)
    assert everything(models) == []


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"to_code": "klingonish"}, "unknown language: 'klingonish'"),
        ({"from_code": None}, "unknown language: None"),
        ({"type": "sbd"}, "of type 'sbd'"),
        ({"argos_version": "2.0"}, r"for Argos 2.0, and here is 1\."),
    ],
)
def test_a_package_that_does_not_suit_is_refused(models, file, changes, why):
    with pytest.raises(Permanent, match=why):
        install_file(with_metadata(file, **changes), models)


@pytest.mark.parametrize("missing", ["metadata.json", "model/model.bin", "sentencepiece.model"])
def test_a_package_that_lacks_a_part_is_refused(models, file, missing):
    members = contents()
    del members[missing]
    with pytest.raises(Permanent, match=r"missing|has no metadata"):
        install_file(packed(file, members), models)


@pytest.mark.parametrize("part", ["model/model.bin", "sentencepiece.model", "model/shared_vocabulary.json"])
def test_a_package_that_can_not_be_loaded_is_refused(with_spanish, models, file, part):
    """It is tried in a process of its own, and what was installed before stays."""
    before = everything(models)
    members = contents() | {part: b"\x06\0\0\0 this is no model"}
    with pytest.raises(Permanent, match="is not installed: the model can't be used"):
        install_file(packed(file, members), models)
    assert everything(models) == before


def test_a_path_that_is_no_file_gets_one_line(models, tmp_path):
    with pytest.raises(Permanent, match=r"is no file\. Give the path"):
        install_file(tmp_path, models)


def test_a_folder_that_can_not_be_written_gets_one_line(tmp_path):
    """Where the folder of models should be, a file lies (a test as root can't be denied permission)."""
    (tmp_path / "models").write_text("")
    with pytest.raises(Permanent, match="can't be changed"):
        install_file(PACKAGE, tmp_path / "models")


# removing


def test_a_removed_model_is_gone(with_spanish, models):
    (model,) = ArgosEngine(models).installed()
    assert remove("en", "es", "argos", models) == model
    assert ArgosEngine(models).installed() == []
    assert everything(models) == ["argos"]


def test_what_comes_with_sectionwire_can_not_be_removed(models):
    with pytest.raises(Permanent, match="it comes with Sectionwire"):
        remove("en", "pt", "firefox", models)


def test_what_is_not_there_can_not_be_removed(models):
    with pytest.raises(Permanent, match="no argos model for en → fr here"):
        remove("en", "fr", "argos", models)


# indexes


@contextmanager
def serving(files):
    """A real HTTP server on this machine; the addresses that were asked for are in what it gives."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            asked.append(self.path)
            data = files.get(self.path)
            self.send_response(404 if data is None else 200)
            self.send_header("Content-Length", str(len(data or b"")))
            self.end_headers()
            self.wfile.write(data or b"")

        def log_message(self, *arguments):
            pass

    asked = []
    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}", asked
        server.shutdown()
        thread.join()


def argos_entry(base, version="1.0", **changes):
    entry = {"package_version": version, "argos_version": "1.9", "from_code": "en", "from_name": "English"}
    return entry | {"to_code": "es", "to_name": "Spanish", "links": [f"{base}/{version}.argosmodel"]} | changes


@pytest.fixture
def argos_index(monkeypatch):
    """An index with two versions of the toy package, one for Brazil, and one for nobody."""
    files = {"/1.0.argosmodel": PACKAGE.read_bytes(), "/1.10.argosmodel": PACKAGE.read_bytes()}
    with serving(files) as (base, asked):
        entries = [argos_entry(base, "1.10"), argos_entry(base), argos_entry(base, to_code="pb", links=[])]
        entries += [argos_entry(base, to_code="klingonish"), argos_entry(base, type="sbd")]
        files["/index.json"] = json.dumps(entries).encode()
        monkeypatch.setenv("ARGOS_PACKAGE_INDEX", base + "/")
        yield files, asked


def test_the_argos_index_is_listed_as_bcp_47(argos_index, with_spanish, models):
    offers = [(offer.source, offer.target, offer.name, offer.here) for offer in catalogue("argos", models)]
    assert offers == [
        ("en", "es", "en_es-1.0", True),
        ("en", "es", "en_es-1.10", True),
        ("en", "pt-BR", "en_pb-1.0", False),
    ]


def test_the_newest_argos_package_is_installed(argos_index, models):
    (model,) = install("en", "es", "argos", models)
    assert ArgosEngine(models).installed() == [model]
    assert argos_index[1] == ["/index.json", "/1.10.argosmodel"]
    assert list((models / ".incoming").iterdir()) == []


def test_a_pair_that_the_index_lacks_is_said_to_be_lacking(argos_index, models):
    with pytest.raises(Permanent, match="no argos model for en → ur"):
        install("en", "ur", "argos", models)


def test_an_index_that_is_no_index_gets_one_line(argos_index, models):
    argos_index[0]["/index.json"] = b"<html>"
    with pytest.raises(Permanent, match="can't be understood"):
        catalogue("argos", models)


@pytest.mark.parametrize("engine", ["argos", "firefox"])
def test_without_a_network_one_line_says_so(monkeypatch, models, engine):
    monkeypatch.setenv("ARGOS_PACKAGE_INDEX", NOWHERE)
    monkeypatch.setenv("FXTRANSLATE_RECORDS_URL", NOWHERE)
    for ask in (lambda: catalogue(engine, models), lambda: install("en", "es", engine, models)):
        with pytest.raises(Permanent, match=r"index of (Argos packages|Firefox models) can't be reached") as caught:
            ask()
        assert "try again" in caught.value.remedy
    if engine == "argos":
        assert "--from-file FILE" in caught.value.remedy


def test_an_engine_without_an_index_says_so(models):
    with pytest.raises(Permanent, match="no index of models for the engine “fake”"):
        catalogue("fake", models)


@pytest.fixture
def firefox_index(monkeypatch, models):
    """An index that offers the bundled model anew; its three files were loaded by an interrupted attempt.

    The address from which files are loaded can't be changed, so the loading itself is not in this test.
    """
    (bundled,) = [m for m in FirefoxEngine(models).installed() if m.hop.target == "pt"]
    waiting = models / ".incoming" / "firefox" / "en-pt"
    waiting.mkdir(parents=True)
    records = []
    for kind, pattern in (("model", "model.*"), ("vocab", "vocab.*"), ("lex", "lex.*")):
        (source,) = bundled.path.glob(pattern)
        (waiting / source.name).symlink_to(source)
        record = {"name": source.name, "fileType": kind, "version": "3.0", "architecture": "tiny", "id": kind}
        record |= {"sourceLanguage": "en", "targetLanguage": "pt"}
        record["decompressedHash"] = hashlib.sha256(source.read_bytes()).hexdigest()
        records.append(record | {"attachment": {"location": f"nowhere/{source.name}.zst", "hash": "", "size": 1}})
    with serving({"/records": json.dumps({"data": records}).encode()}) as (base, _):
        monkeypatch.setenv("FXTRANSLATE_RECORDS_URL", f"{base}/records")
        yield waiting


def test_the_firefox_index_is_listed(firefox_index, models):
    (offer,) = catalogue("firefox", models)
    assert (offer.source, offer.target, offer.name, offer.here) == ("en", "pt", "en-pt", True)


def test_a_firefox_model_is_verified_tried_and_installed(firefox_index, models):
    """It then wins over the bundled one, and the bundled one is back when it is removed."""
    (model,) = install("en", "pt", "firefox", models)
    assert (model.path, model.note) == (models / "firefox" / "en-pt", "")
    assert FirefoxEngine(models).translate(["The house is very old."], "en", "pt") == ["A casa é muito antiga."]
    remove("en", "pt", "firefox", models)
    assert {installed.note for installed in FirefoxEngine(models).installed()} == {BUNDLED}


def test_firefox_pairs_without_both_legs_are_refused(firefox_index, models):
    with pytest.raises(Permanent, match="no firefox model for en → ur"):
        install("en", "ur", "firefox", models)
