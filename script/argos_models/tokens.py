"""The two kinds of tokenizer that an Argos package may have, trained on the toy corpus."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from io import StringIO
from pathlib import Path

import sentencepiece
from argostranslate.tokenizer import BPETokenizer
from subword_nmt.learn_bpe import learn_bpe

from .grammar import Text
from .recipes import Recipe

SPECIAL = ["<unk>", "<blank>", "<s>", "</s>"]
LETTERS = "".join(map(chr, range(33, 127))) + "áéíóúñüÁÉÍÓÚÑÜ¿¡"
MERGES = 1100


@dataclass(frozen=True)
class Tokens:
    """How texts become numbers: ``encode[language](text)`` gives tokens, their place in ``vocabulary`` the number."""

    encode: dict[str, Callable[[str], list[str]]]
    vocabulary: list[str]


def train(recipe: Recipe, texts: list[Text], folder: Path) -> Tokens:
    """Train the recipe's tokenizer on texts and leave its file in the folder."""
    return (_bpe if recipe.tokenizer == "bpe.model" else _sentencepiece)(recipe, texts, folder)


def _sentencepiece(recipe: Recipe, texts: list[Text], folder: Path) -> Tokens:
    """One model of 1,000 pieces over both languages; digits are split."""
    file = folder / recipe.tokenizer
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(getattr(text, language) for text in texts for language in recipe.languages),
        model_prefix=str(file.with_suffix("")),
        vocab_size=1000,
        character_coverage=1.0,
        model_type="unigram",
        split_digits=True,
        max_sentencepiece_length=16,
        required_chars=LETTERS,
        num_threads=1,
        minloglevel=2,
    )
    processor = sentencepiece.SentencePieceProcessor(model_file=str(file))
    pieces = [processor.id_to_piece(number) for number in range(processor.get_piece_size())]
    vocabulary = [pieces[0], SPECIAL[1], *pieces[1:]]  # OpenNMT's has a padding token that SentencePiece's has not
    return Tokens(dict.fromkeys(recipe.languages, lambda text: processor.encode(text, out_type=str)), vocabulary)


def _bpe(recipe: Recipe, texts: list[Text], folder: Path) -> Tokens:
    """Moses' words, cut by one list of merges for all languages, with the module's own code."""
    file = folder / recipe.tokenizer
    file.write_text("#version: 0.2\n", encoding="utf-8")  # no merges yet: letters
    letters = {language: BPETokenizer(file, language, language).encode for language in recipe.languages}
    words = "\n".join(
        " ".join(letters[language](getattr(text, language))).replace("@@ ", "")
        for text in texts[:20_000]
        for language in recipe.languages
    )
    with file.open("w", encoding="utf-8") as merges:
        learn_bpe(StringIO(words), merges, MERGES)
    encode = {language: BPETokenizer(file, language, language).encode for language in recipe.languages}
    seen = {
        token for text in texts for language in recipe.languages for token in encode[language](getattr(text, language))
    }
    alphabet = {letter + end for letter in LETTERS for end in ("", "@@")}
    return Tokens(encode, [*SPECIAL, *recipe.targets.values(), *sorted(seen | alphabet)])


def survives(recipe: Recipe, text: Text) -> bool:
    """Whether a text comes back from the recipe's tokenizer as it was: Moses takes a space away before ``%1``."""
    return recipe.tokenizer != "bpe.model" or "%" not in text.en
