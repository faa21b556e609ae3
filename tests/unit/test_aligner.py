"""The word aligner: learned from sentences and their translations, kept in one file, read back as it was."""

from __future__ import annotations

import random

import pytest

from pipeline.errors import Permanent
from pipeline.stages.translate import aligner

NOUNS = {"boat": "barco", "river": "rio", "bridge": "ponte", "siren": "sirene", "gauge": "medidor", "pump": "bomba"}
ADJECTIVES = {"old": "velho", "new": "novo", "red": "vermelho", "small": "pequeno", "heavy": "pesado"}
VERBS = {"passes": "passa", "needs": "precisa", "reaches": "alcança", "holds": "segura"}


def pairs(number: int) -> list[tuple[str, str]]:
    """Sentences in which adjectives come before the noun, and after it in the translation."""
    rng = random.Random(3)
    found = []
    for _ in range(number):
        (one, um), (two, dois) = rng.sample(sorted(NOUNS.items()), 2)
        (adjective, adjetivo), (verb, verbo) = rng.choice(sorted(ADJECTIVES.items())), rng.choice(sorted(VERBS.items()))
        found.append((f"The {adjective} {one} {verb} the {two}.", f"O {um} {adjetivo} {verbo} o {dois}."))
    return found


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    folder = tmp_path_factory.mktemp("aligners") / "en-pt"
    return aligner.train(pairs(300), folder), folder


def best(lexicon: aligner.Lexicon, source: str, target: str) -> dict[str, str]:
    """For each word of the source the word of the target that fits best."""
    ours, theirs = source.split(), target.split()
    rows = lexicon.strengths(ours, theirs)
    return {word: theirs[row.index(max(row))] for word, row in zip(ours, rows, strict=True)}


def test_words_find_their_translations_whatever_their_order(trained):
    lexicon, _ = trained
    found = best(lexicon, "heavy siren holds small bridge", "sirene pesado segura ponte pequeno")
    expected = {"heavy": "pesado", "siren": "sirene", "holds": "segura", "small": "pequeno", "bridge": "ponte"}
    assert found == expected


def test_inflected_forms_are_one_word(trained):
    lexicon, _ = trained
    [row] = lexicon.strengths(["bridges"], ["pontes", "rio"])
    assert row[0] > 0.5 > row[1]


def test_a_word_never_seen_may_be_anything(trained):
    lexicon, _ = trained
    assert lexicon.strengths(["umbrella"], ["rio", "ponte"]) == [[aligner.UNKNOWN] * 2]
    assert lexicon.strengths(["river"], ["guarda-chuva"]) == [[aligner.UNKNOWN]]


def test_what_was_written_is_read_back_and_nothing_else_lies_in_the_folder(trained):
    lexicon, folder = trained
    assert aligner.load(folder) == lexicon
    assert [path.name for path in folder.iterdir()] == [aligner.FILE]


def test_training_is_repeatable(trained, tmp_path):
    lexicon, _ = trained
    assert aligner.train(pairs(300), tmp_path / "again") == lexicon


def test_progress_is_told_from_the_first_round_to_the_last(tmp_path):
    told = []
    aligner.train(pairs(200), tmp_path, lambda done, rounds: told.append((done, rounds)))
    assert told == [(number, 10) for number in range(1, 11)]


def test_too_few_sentences_are_said_to_be_too_few(tmp_path):
    with pytest.raises(Permanent, match=f"There are 199 translated sentences; a word aligner needs {200}"):
        aligner.train([*pairs(199), ("", "…"), ("word " * 101, "palavra")], tmp_path / "none")
    assert not (tmp_path / "none").exists()


@pytest.mark.parametrize("damage", ["missing", "empty", "cut", "changed", "binary", "newer"])
def test_a_damaged_aligner_is_one_clear_failure(trained, tmp_path, damage):
    _, folder = trained
    good = (folder / aligner.FILE).read_bytes()
    content = {
        "empty": b"",
        "cut": good[: len(good) // 2],
        "changed": good.replace(b"ponte", b"monte", 1),
        "binary": b"\xff\xfe\x00" * 100,
        "newer": good.replace(b'"format":1', b'"format":2', 1),
    }
    if damage != "missing":
        (tmp_path / aligner.FILE).write_bytes(content[damage])
    with pytest.raises(Permanent, match="can't be read") as caught:
        aligner.load(tmp_path)
    assert caught.value.remedy == "Train it again: sectionwire align"


def test_a_folder_that_cannot_be_written_is_said(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(Permanent, match="can't be written"):
        aligner.train(pairs(200), tmp_path / "file" / "en-pt")


def test_odd_text_is_learned_from_like_any_other(tmp_path):
    odd = [("\x00 \U000f0000 日本語 42", "42 \U000f0000 japonês"), ("😀", "😀")] * 10
    assert aligner.train([*pairs(200), *odd], tmp_path).sentences == 220
