"""The word lists of Firefox models, by those of the models that come with Sectionwire."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from pipeline.engines.firefox import FirefoxEngine
from pipeline.engines.shortlist import ShortList, WordLists


@pytest.fixture(scope="module")
def lists(tmp_path_factory) -> WordLists:
    engine = FirefoxEngine(tmp_path_factory.mktemp("models"))
    return WordLists(engine.word_list("en", "pt"), engine.word_list("pt", "en"))


@pytest.fixture
def model(tmp_path) -> Path:
    """A copy of a whole model as somebody would have installed it."""
    (found,) = [
        each for each in FirefoxEngine(tmp_path).installed() if (each.hop.source, each.hop.target) == ("en", "pt")
    ]
    folder = tmp_path / "firefox" / "en-pt"
    shutil.copytree(found.path, folder)
    return folder


@pytest.mark.parametrize("kept", ["both", "there", "back"])
def test_words_that_translate_each_other_are_told_from_all_others(lists, kept):
    """Also inflected and compound ones, and with the list of one direction alone."""
    if kept != "both":
        lists = WordLists(lists.there if kept == "there" else None, lists.back if kept == "back" else None)
    source = ["the", "fishermen", "repaired", "the", "old", "bridge", "before", "winter"]
    target = ["os", "pescadores", "repararam", "a", "ponte", "velha", "antes", "do", "inverno"]
    strengths = lists.strengths(source, target)
    assert strengths.shape == (8, 9)
    assert strengths.min() >= 0
    assert strengths.max() <= 1
    best = {source[row]: target[strengths[row].argmax()] for row in (1, 4, 5, 7)}
    assert best == {"fishermen": "pescadores", "old": "velha", "bridge": "ponte", "winter": "inverno"}


def test_what_is_no_word_has_no_partner_and_breaks_nothing(lists):
    odd = ["\U000f0000", "😀", "日本", "x" * 5000, "4,812", "'"]
    assert lists.strengths(odd, ["casa"]).shape == (6, 1)
    assert lists.strengths(["house"], odd).max() < 0.5


def test_a_list_of_any_installed_model_is_found_and_its_model_stays_the_same(model):
    engine = FirefoxEngine(model.parents[1])
    assert engine.word_list("en", "pt") is not None
    assert engine.word_list("en", "fr") is None
    with_list = engine.installed()
    next(model.glob("lex.*.bin")).unlink()
    assert engine.installed() == with_list
    assert engine.word_list("en", "pt") is None


@pytest.mark.parametrize("damage", ["empty", "magic", "short", "offsets", "vocabulary", "no vocabulary"])
def test_a_damaged_list_is_a_line_in_the_log_and_as_good_as_none(model, caplog, damage):
    path, vocabulary = next(model.glob("lex.*.bin")), next(model.glob("vocab.*.spm"))
    data = path.read_bytes()
    changed = {
        "empty": b"",
        "magic": b"\0" + data[1:],
        "short": data[:-4],
        "offsets": data[:56] + b"\xff" * 8 + data[64:],
        "vocabulary": data[:-4] + b"\xff" * 4,
    }
    path.write_bytes(changed.get(damage, data))
    if damage == "no vocabulary":
        vocabulary.write_bytes(b"no vocabulary")
        with pytest.raises(ValueError, match="is no vocabulary"):
            ShortList(path, vocabulary, vocabulary)
    assert FirefoxEngine(model.parents[1]).word_list("en", "pt") is None
    assert "is left out" in caplog.text
