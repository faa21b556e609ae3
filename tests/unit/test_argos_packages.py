"""The Argos packages in the repository: what they say, through our engine, the host and the module itself."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import zipfile
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from pathlib import Path

import pytest

from pipeline.documents import Failure, Route
from pipeline.engines import argos, kept, registry
from pipeline.engines.argos import ArgosEngine
from pipeline.engines.child import Child
from pipeline.engines.fake import FakeEngine
from pipeline.engines.host import EngineHost
from pipeline.engines.models import install_file
from pipeline.stages.translate import route as routing
from script.argos_models.grammar import Grammar
from script.argos_models.widen import read, widen, widened, written

DATA = Path(__file__).parents[1] / "data"
SPANISH, PORTUGUESE = DATA / "translate-en_es.argosmodel", DATA / "translate-es_pt.argosmodel"
TARGETS = {
    ("es", "pt"): {
        "La casa roja es grande.": "A casa vermelha é grande.",
        "la casa roja": "a casa vermelha",
        "Los voluntarios reparan el puente viejo.": "Os voluntários reparam a ponte velha.",
        "Maria limpió la ventana.": "Maria limpou a janela.",
        "¿Dónde está la llave?": "Onde está a chave?",
        "Hay tres botes en el puerto.": "Há três barcos no porto.",
        "Q7A1 es muy grande.": "Q7A1 é muito grande.",
    },
    ("en", "pt"): {
        "The red house is big.": "A casa vermelha é grande.",
        "The volunteers repair the old bridge.": "Os voluntários reparam a ponte velha.",
        "Where is the key?": "Onde está a chave?",
    },
}


@pytest.fixture(scope="module")
def models(tmp_path_factory):
    """A folder with both packages installed."""
    folder = tmp_path_factory.mktemp("models")
    for package in (SPANISH, PORTUGUESE):
        install_file(package, folder)
    return folder


@pytest.fixture(scope="module")
def wide(tmp_path_factory):
    """The English → Spanish package, widened."""
    out = tmp_path_factory.mktemp("wide") / "wide.argosmodel"
    widen(SPANISH, out)
    return out


def sentences(count, language="en"):
    return [getattr(text, language) for text in islice(Grammar(7).plain(), count)]


def model_of(package):
    with zipfile.ZipFile(package) as archive:
        return archive.read(next(name for name in archive.namelist() if name.endswith("model.bin")))


# what they are


@pytest.mark.parametrize("package", [SPANISH, PORTUGUESE])
def test_a_package_is_small_and_brings_its_own_sentence_splitter(package):
    """Without one the module would download one."""
    with zipfile.ZipFile(package) as archive:
        names = [name.partition("/")[2] for name in archive.namelist()]
    assert package.stat().st_size < 1_500_000
    assert any(name.startswith("minisbd/") for name in names)


def test_one_has_pieces_and_the_other_has_bpe_and_a_target_prefix(models):
    found = {(model.hop.source, model.hop.target): model.path for model in ArgosEngine(models).installed()}
    assert (found["en", "es"] / "sentencepiece.model").is_file()
    assert (found["es", "pt"] / "bpe.model").is_file()
    assert not (found["es", "pt"] / "sentencepiece.model").exists()
    assert json.loads((found["es", "pt"] / "metadata.json").read_text())["target_prefix"] == "__pt__"


def test_spanish_becomes_portuguese_exactly(models):
    expected = TARGETS["es", "pt"]
    assert ArgosEngine(models).translate(list(expected), "es", "pt") == list(expected.values())


def test_the_target_prefix_decides_the_language(tmp_path):
    """The model knows Portuguese and English: only the prefix says which is wanted."""
    model = install_file(PORTUGUESE, tmp_path)
    data = json.loads((model.path / "metadata.json").read_text())
    (model.path / "metadata.json").write_text(json.dumps(data | {"to_code": "en", "target_prefix": "__en__"}))
    spanish = ["La casa roja es grande.", "Maria limpió la ventana."]
    assert ArgosEngine(tmp_path).translate(spanish, "es", "en") == [
        "The red house is big.",
        "Maria cleaned the window.",
    ]


# pivoting


def test_a_pivot_goes_through_both_packages_by_the_route(models):
    """The router finds the way, the host walks it, and the provenance names both models."""
    hops = [model.hop for model in registry.installed(models, ["argos"])]
    way = routing.find_all("en", "pt-PT", hops, ["argos"], "es")[0]
    assert [(hop.source, hop.target) for hop in way.hops] == [("en", "es"), ("es", "pt")]
    assert way.name == "+".join(f"argos:{hop.model}@{hop.checksum}" for hop in way.hops)
    results = {}
    with EngineHost(models, ["argos"], 2) as host:
        for batch in host.translate(way, list(TARGETS["en", "pt"])):
            results |= batch
    assert results == TARGETS["en", "pt"]


# the module itself

COMPARE = """
import json, sys
from pathlib import Path
models, pairs = Path(sys.argv[1]), json.load(sys.stdin)
from pipeline.engines.argos import ArgosEngine, environment
with environment(models):
    from argostranslate import settings
    from argostranslate.translate import translate
assert settings.beam_size == 4
engine = ArgosEngine(models)
for way, sentences in pairs:
    ours = sentences
    for source, target in zip(way, way[1:]):
        ours = engine.translate(ours, source, target)
    theirs = [translate(sentence, way[0], way[-1]) for sentence in sentences]
    assert ours == theirs, [pair for pair in zip(ours, theirs) if pair[0] != pair[1]]
print("alike")
"""


def compared(models, pairs):
    """Run our engine and the module in one process, without a network to ask."""
    return subprocess.run(
        [sys.executable, "-c", COMPARE, str(models)],
        input=json.dumps(pairs),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        env={**os.environ, "ORT_DISABLE_TELEMETRY": "1", "https_proxy": "http://127.0.0.1:1"},
    )


def test_our_engine_says_what_the_module_says(models):
    """The same sentences, the same beam: for pieces, for BPE with a prefix, and for the module's own pivot."""
    pairs = [
        [["en", "es"], [*sentences(60), "Tom & Anna's <b> [1] “map”"]],
        [["es", "pt"], [*sentences(40, "es"), "Tom & Anna <b> [1] «mapa»"]],
        [["en", "es", "pt"], sentences(20)],
    ]
    done = compared(models, pairs)
    assert (done.returncode, done.stdout) == (0, "alike\n"), done.stderr


# widening


def test_a_model_that_was_read_is_written_as_it_was():
    data = model_of(SPANISH)
    assert written(read(data)) == data


def test_the_wide_model_has_the_shape_of_a_published_one(wide):
    variables = read(model_of(wide)).variables
    layers = {name.split("/")[1] for name in variables if name.startswith("encoder/layer_") and "norm/" not in name}
    assert layers == {f"layer_{number}" for number in range(6)}
    assert variables["decoder/embeddings/weight"].shape == (32_000, 512)
    assert variables["decoder/layer_5/ffn/linear_0/weight"].shape == (2048, 512)
    assert variables["encoder/num_heads"] == 8


def test_widening_changes_nothing_of_what_is_said(models, wide, tmp_path):
    install_file(wide, tmp_path)
    texts = [*sentences(40), "The red house is big", "the red house", "ka to mi ren", "Q7A1 is very big."]
    assert ArgosEngine(tmp_path).translate(texts, "en", "es") == ArgosEngine(models).translate(texts, "en", "es")


def test_widening_refuses_another_format():
    data = model_of(SPANISH)
    with pytest.raises(ValueError, match="binary version 7"):
        read(b"\x07" + data[1:])
    model = read(data)
    del model.variables["decoder/embeddings/weight_scale"]
    with pytest.raises(ValueError, match="only int8"):
        widened(model)


# memory and threads


@pytest.fixture
def loads(monkeypatch):
    """Which packages were loaded, in order."""
    found = []
    load = argos._load
    monkeypatch.setattr(argos, "_load", lambda folder: found.append(folder.name[:5]) or load(folder))
    return found


@pytest.mark.parametrize(
    ("megabytes", "expected"),
    [("400", ["en_es", "es_pt"]), ("2", ["en_es", "es_pt", "en_es", "es_pt"]), ("1", ["en_es", "es_pt"] * 2)],
)
def test_models_are_kept_up_to_the_limit_of_memory(models, monkeypatch, loads, megabytes, expected):
    """Each takes more than one MB: one that is larger than the limit is still kept while it is used."""
    monkeypatch.setenv(kept.MEMORY, megabytes)
    engine = ArgosEngine(models)
    for _ in range(2):
        for source, target in (("en", "es"), ("en", "es"), ("es", "pt")):
            engine.translate([], source, target)
    assert loads == expected


@pytest.mark.parametrize("value", ["", "0", "-5", "much"])
def test_a_limit_that_is_no_number_is_the_usual_one(monkeypatch, value):
    monkeypatch.setenv(kept.MEMORY, value)
    assert kept.memory_limit() == kept.MEMORY_MB << 20


@pytest.mark.parametrize("megabytes", [1, 32, 200])
def test_every_sentence_is_in_one_batch_that_fits_into_memory(megabytes):
    """Longest first; only a sentence that is alone may take more."""
    lengths = [3, 900, 12, 12, 0, 29, 25, 7, 60, 3, 41] * 9
    cut = argos.batches(lengths, megabytes)
    assert sorted(place for batch in cut for place in batch) == list(range(len(lengths)))
    longest = [lengths[batch[0]] for batch in cut]
    assert longest == sorted(longest, reverse=True)
    for batch in cut:
        taken = len(batch) * argos.BEAM * (argos.ROW_MB + argos.TOKEN_MB * max(lengths[place] for place in batch))
        assert len(batch) == 1 or taken <= megabytes


@pytest.mark.parametrize("megabytes", ["1", "500", "none"])
def test_what_is_said_does_not_depend_on_the_size_of_batches(models, monkeypatch, megabytes):
    expected = TARGETS["es", "pt"]
    monkeypatch.setenv(argos.BATCH, megabytes)
    assert ArgosEngine(models).translate(list(expected), "es", "pt") == list(expected.values())


def test_one_process_with_all_threads_serves_the_host(models):
    """A model is in memory once, not once per core; and what is in flight at a time is bounded by the settings."""
    (hop,) = (model.hop for model in ArgosEngine(models).installed() if model.hop.source == "en")
    way = Route("en", "es", (hop,))
    texts = list(dict.fromkeys(sentences(900)))
    with EngineHost(models, ["argos"], 3) as host:
        host.warm_up([way])
        results = {}
        for batch in host.translate(way, texts):
            results |= batch
        (child,) = host._children
        environment = Path(f"/proc/{child.pid}/environ").read_bytes().split(b"\0")
    assert results.keys() == set(texts)
    assert b"SECTIONWIRE_ENGINE_THREADS=3" in environment


def test_in_a_process_that_all_share_only_the_guilty_sentence_fails(tmp_path, monkeypatch):
    """Several callers at a time, one process: who dies or hangs in it costs nobody else a sentence."""
    monkeypatch.setattr(FakeEngine, "parallel", True, raising=False)
    hops = {(model.hop.source, model.hop.target): model.hop for model in FakeEngine(tmp_path).installed()}
    way = Route("en", "pt", (hops["en", "pt"],))
    words = ["FAKE-DIE", "FAKE-HANG", "FAKE-RAISE", "boat"]
    sets = [[word, *(f"Sheet {number} by the {word[5:]}" for number in range(30))] for word in words]

    def gather(texts):
        return {key: text for batch in host.translate(way, texts) for key, text in batch.items()}

    with EngineHost(tmp_path, ["fake"], 3, deadline_seconds=0.5) as host, ThreadPoolExecutor(4) as threads:
        results = list(threads.map(gather, sets))
        assert len(host._children) == 1
    assert [set(result) for result in results] == [set(texts) for texts in sets]
    failed = {key for result in results for key, text in result.items() if isinstance(text, Failure)}
    assert failed == {"FAKE-DIE", "FAKE-HANG", "FAKE-RAISE"}


def test_what_a_batch_needed_is_given_back(wide, tmp_path):
    """The process that waits for work holds little more than its model: a batch took 100 MB beside it."""
    hop = install_file(wide, tmp_path).hop
    child = Child(tmp_path)
    try:
        child.translate(ArgosEngine, hop, [], 60)
        loaded = child.memory
        child.translate(ArgosEngine, hop, sentences(40), 60)
        assert child.memory - loaded < 60 << 20
    finally:
        child.kill()
