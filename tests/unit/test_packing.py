"""A model whose last layer is packed, too, says what it says anyway, and costs less; any doubt loads it as it is."""

from __future__ import annotations

import os
import struct
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import pytest

from pipeline.engines import argos, packing
from pipeline.engines.argos import ArgosEngine
from pipeline.engines.models import install_file
from script.argos_models.widen import read, written

DATA = Path(__file__).parents[1] / "data"
SENTENCES = {
    "en": ["The red house is big.", "Where is the key?", "The volunteers repair the old bridge.", "the red house"],
    "es": ["La casa roja es grande.", "¿Dónde está la llave?", "Los voluntarios reparan el puente viejo."],
}
pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="models are loaded as they are")


@pytest.fixture(scope="module")
def models(tmp_path_factory):
    """A folder with both packages installed: with pieces, and with BPE and a target prefix."""
    folder = tmp_path_factory.mktemp("models")
    for name in ("en_es", "es_pt"):
        install_file(DATA / f"translate-{name}.argosmodel", folder)
    return folder


@pytest.fixture
def model(models, tmp_path):
    """The folder of the files of a model, to change."""
    (found,) = (each for each in ArgosEngine(models).installed() if each.hop.source == "en")
    for file in (found.path / "model").iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes())
    return tmp_path


@pytest.fixture
def packs(monkeypatch):
    """Whatever the processor is, a model is prepared; what isn't packed then is used as it is."""
    monkeypatch.setattr(packing, "_packs", lambda: True)


def said(models, source, target):
    """The translations, each with its score."""
    results = ArgosEngine(models).translate(SENTENCES[source], source, target)
    return [(str(result), round(result.score, 5)) for result in results]


@pytest.mark.parametrize(("source", "target"), [("en", "es"), ("es", "pt")])
def test_a_packed_model_says_the_same_as_surely(models, monkeypatch, caplog, packs, source, target):
    packed = said(models, source, target)
    assert not caplog.records  # it was not loaded as it is after all
    monkeypatch.setenv(packing.PACK, "0")
    assert packed == said(models, source, target)


VERBOSE = """
import sys
from pathlib import Path
from pipeline.engines.argos import ArgosEngine
ArgosEngine(Path(sys.argv[1])).translate(["The red house is big."], "en", "es")
"""


@pytest.mark.skipif(not packing._packs(), reason="CTranslate2 packs nothing on this processor")
@pytest.mark.parametrize(("pack", "unpacked"), [("1", False), ("0", True)])
def test_no_layer_is_left_to_be_packed_at_each_step(models, pack, unpacked):
    """MKL tells of each product of matrices, whether it was packed before."""
    environment = {**os.environ, "MKL_VERBOSE": "1", packing.PACK: pack}
    done = subprocess.run(
        [sys.executable, "-c", VERBOSE, str(models)], env=environment, capture_output=True, text=True, check=True
    )
    assert "GEMM_S8U8S32_COMPUTE(" in done.stdout
    assert ("GEMM_S8U8S32(" in done.stdout) == unpacked


def test_the_copy_has_everything_and_the_projection_once_more(model, packs):
    before = read((model / "model.bin").read_bytes())
    with packing.packable(model) as folder:
        after = read((folder / "model.bin").read_bytes())
        assert {file.name for file in folder.iterdir()} == {file.name for file in model.iterdir()}
        assert all((folder / file.name).read_bytes() for file in model.iterdir())
    more = {name: after.variables.pop(name) for name in list(after.variables) if name not in before.variables}
    assert all(np.array_equal(value, before.variables[name]) for name, value in after.variables.items())
    assert (after.variables.keys(), after.aliases) == (before.variables.keys(), before.aliases)
    weight, scale = more.values()
    assert np.array_equal(weight, before.variables["decoder/embeddings/weight"])
    assert np.array_equal(scale, before.variables["decoder/embeddings/weight_scale"])


def test_nothing_is_left_behind_whatever_happens(model, packs, monkeypatch, tmp_path):
    (temporary := tmp_path / "temporary").mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(temporary))
    seen = []

    def fail():
        with packing.packable(model) as folder:
            seen.append((folder.parent, (folder / "model.bin").readlink()))
            raise OSError("the disk")

    with pytest.raises(OSError, match="the disk"):
        fail()
    ((parent, copy),) = seen
    assert parent == temporary
    assert list(temporary.iterdir()) == []
    assert not copy.exists()


def loaded_as_it_is(model):
    with packing.packable(model) as folder:
        return folder is None


def test_a_model_is_loaded_as_it_is_where_nothing_is_packed(model, monkeypatch):
    monkeypatch.setattr(packing, "_packs", lambda: False)
    assert loaded_as_it_is(model)


def test_whoever_asks_for_it_gets_the_model_as_it_is(model, packs, monkeypatch):
    monkeypatch.setenv(packing.PACK, "0")
    assert loaded_as_it_is(model)


def test_rows_that_a_vocabulary_map_chooses_are_not_packed(model, packs):
    assert not loaded_as_it_is(model)
    (model / "vmap.txt").write_text("la\tthe\n", encoding="utf-8")
    assert loaded_as_it_is(model)


def test_weights_that_are_not_of_8_bits_are_left_alone(model, packs):
    content = read((model / "model.bin").read_bytes())
    content.variables["decoder/embeddings/weight"] = content.variables["decoder/embeddings/weight"].astype(np.float32)
    (model / "model.bin").write_bytes(written(content))
    assert loaded_as_it_is(model)


def test_a_name_that_would_be_read_as_another_is_left_alone(model, packs):
    content = read((model / "model.bin").read_bytes())
    content.variables["decoder/dense/weight"] = content.variables["decoder/embeddings/weight"]
    (model / "model.bin").write_bytes(written(content))
    assert loaded_as_it_is(model)


REVISION = 4 + 2 + len(b"TransformerSpec\0")
"""Where it is in a file: behind the format's number and the name of the kind of model."""


@pytest.mark.parametrize(("place", "value"), [(0, 3), (0, 7), (REVISION, 2), (REVISION, 8)])
def test_an_unknown_format_is_left_alone(model, packs, place, value):
    data = bytearray((model / "model.bin").read_bytes())
    struct.pack_into("<I", data, place, value)
    (model / "model.bin").write_bytes(data)
    assert loaded_as_it_is(model)


@pytest.mark.parametrize("share", [0, 0.00001, 0.0001, 0.1, 0.5, 0.999, 0.999999])
def test_a_file_that_ends_too_early_is_left_to_ctranslate2(model, packs, share):
    data = (model / "model.bin").read_bytes()
    (model / "model.bin").write_bytes(data[: int(len(data) * share)])
    assert loaded_as_it_is(model)


@pytest.mark.parametrize("data", [b"\xff" * 5000, b"no model" * 1000, bytes(range(256)) * 100])
def test_garbage_is_left_to_ctranslate2(model, packs, data):
    (model / "model.bin").write_bytes(data)
    assert loaded_as_it_is(model)


def test_a_library_that_refuses_the_copy_gets_the_model_itself(model, packs, caplog):
    asked = []

    def make(folder, **options):
        asked.append(Path(folder))
        if asked[-1] != model:
            raise RuntimeError("an unknown variable")
        return "the model"

    assert argos._translator(make, model) == "the model"
    assert len(asked) == 2
    assert "without its last layer packed: an unknown variable" in caplog.text
