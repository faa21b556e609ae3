"""Argos packages, with their own tokenizer and CTranslate2 called once for many sentences.

``argostranslate.translate`` calls CTranslate2 once per paragraph, with at most 32 tokens a batch; here the sentences of
many articles go through in one sorted call, with the same beam and penalties (``benchmarks/argos.py`` says what that is
worth). Only the module's tokenizer is imported: the rest of it makes folders, and loads onnxruntime, which sends
telemetry unless it is told not to.
"""

from __future__ import annotations

import ctypes
import json
import logging
import math
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pipeline.documents import Hop, Scored
from pipeline.engines.codes import declared
from pipeline.engines.contract import THREADS, Installed, NoModel
from pipeline.engines.files import checksum, size
from pipeline.engines.kept import Kept, memory_limit
from pipeline.engines.packing import packable
from pipeline.engines.processor import has_avx512
from pipeline.engines.verdict import check_text, has_words
from pipeline.errors import Permanent

BEAM = 4
LENGTH_PENALTY = 0.2
BATCH = "SECTIONWIRE_ENGINE_BATCH_MB"
"""The variable that says how much memory one thread may take for a batch."""

BATCH_MB = 24
"""What it is when the variable says nothing: two threads then peak where ``argostranslate.translate`` does."""

LOADED = 4 / 3
"""How much memory a model takes at most, by its size on disk: its last layer may be there twice, see ``packing.py``.
In one of the shape of a published package it is a quarter, or a third where both languages share their embeddings."""

# What a row of a batch takes, four beams for each sentence: the scores of all words, and what the decoder remembers of
# each token. Measured on one thread with a model of the shape of a published one (a vocabulary of 32,000), in batches
# of 4 to 32 sentences of 5 to 29 tokens.
ROW_MB, TOKEN_MB = 0.35, 0.043
LONGEST = 1024  # tokens: CTranslate2 would cut off the rest of a longer sentence without a word

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Metadata:
    """What ``metadata.json`` of a package says, as far as it is needed here."""

    from_code: str
    to_code: str
    version: str
    argos_version: str
    target_prefix: str

    @property
    def source(self) -> str:
        return declared(self.from_code)

    @property
    def target(self) -> str:
        return declared(self.to_code)


@dataclass(frozen=True, slots=True)
class _Loaded:
    translator: Any  # ctranslate2.Translator, which has no types
    tokenizer: Any  # argostranslate.tokenizer.Tokenizer
    prefix: str


@contextmanager
def environment(models: Path) -> Iterator[None]:
    """Import the argostranslate module inside of this: it then makes its folders beside the models.

    onnxruntime, which comes with the module, is told for good to send nothing home.
    """
    os.environ["ORT_DISABLE_TELEMETRY"] = "1"
    wanted = {
        f"XDG_{name}_HOME": str(models / ".argostranslate" / name.lower()) for name in ("DATA", "CONFIG", "CACHE")
    }
    wanted["ARGOS_PACKAGES_DIR"] = str(models / "argos")
    before = {name: os.environ.get(name) for name in wanted}
    os.environ.update(wanted)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


def metadata(text: str) -> Metadata:
    """Read a ``metadata.json``.

    Raises:
        ValueError: it is no JSON, no translation package, or a code names no language; the message says which.
    """
    data = json.loads(text)
    if not isinstance(data, dict):
        raise ValueError("metadata.json is no object")  # for the caller it is one more wrong value
    if data.get("type", "translate") != "translate":
        raise ValueError(f"it is a package of type {data['type']!r}, not a translation model")
    codes = data.get("from_code"), data.get("to_code")
    for code in codes:
        try:
            declared(code if isinstance(code, str) else "")
        except ValueError:
            raise ValueError(f"metadata.json names an unknown language: {code!r}") from None
    return Metadata(
        *map(str, codes),
        *(str(data.get(key) or "") for key in ("package_version", "argos_version", "target_prefix")),
    )


def version_key(version: str) -> tuple[int, ...]:
    """What versions are compared by; a part that is no number counts as nothing.

    >>> version_key("1.10") > version_key("1.9")
    True
    """
    return tuple(int(part) if part.isdigit() else 0 for part in version.split("."))


class ArgosEngine:
    """See :class:`pipeline.engines.contract.Engine`. A loaded model takes up to a third more memory than on disk.

    How much the models of the process may take together is said by ``SECTIONWIRE_ENGINE_MEMORY_MB``.
    """

    name = "argos"
    batch_characters = 16_000
    parallel = True

    def __init__(self, models: Path) -> None:
        self._models = models
        self._loaded: Kept[Hop, _Loaded] = Kept(memory_limit())
        self._found: dict[tuple[str, str], Installed] = {}  # at the last look

    def installed(self) -> list[Installed]:
        """Every whole package in ``models/argos``; of two for the same pair the newer version."""
        found: dict[tuple[str, str], tuple[tuple[int, ...], int, Path, Metadata]] = {}
        for folder, data in packages(self._models / "argos"):
            key = data.source, data.target
            candidate = version_key(data.version), folder.stat().st_mtime_ns, folder, data
            if key not in found or found[key][:2] < candidate[:2]:
                found[key] = candidate
        self._found = {key: self._installed(folder, data) for key, (_, _, folder, data) in found.items()}
        return list(self._found.values())

    def translate(self, sentences: Sequence[str], source: str, target: str) -> list[str]:
        """All sentences in one sorted call. Each translation has a score; see :class:`~pipeline.documents.Scored`.

        Raises:
            NoModel: there is no package for the pair, or its files are damaged.
            Permanent: a sentence is too long, or is no text (a lone surrogate).
        """
        loaded = self._model(source, target)
        wanted = {position: text for position, text in enumerate(sentences) if has_words(text)}
        translated = dict(zip(wanted, _call(loaded, list(wanted.values())), strict=True)) if wanted else {}
        _give_back_memory()
        return [translated.get(position, sentence) for position, sentence in enumerate(sentences)]

    def _installed(self, folder: Path, data: Metadata) -> Installed:
        files = model_files(folder)
        name = f"{data.from_code}_{data.to_code}-{data.version or '0'}"
        hop = Hop(self.name, data.source, data.target, name, checksum(files, self._models))
        return Installed(hop, folder, size(files))

    def _model(self, source: str, target: str) -> _Loaded:
        model = self._found.get((source, target))
        if model is None or not self._is_there(model):
            self.installed()
            model = self._found.get((source, target))
        if model is None:
            raise NoModel(
                f"There is no Argos package for {source} → {target}.",
                f"Install one with: sectionwire models install {source} {target} --engine argos",
            )
        found = model
        return self._loaded.get(found.hop, lambda: _load(found.path), int(LOADED * found.size))

    def _is_there(self, model: Installed) -> bool:
        """Whether its files are what they were: a look at one package, where ``installed`` looks at all of them."""
        try:
            return checksum(model_files(model.path), self._models) == model.hop.checksum
        except OSError:
            return False


def packages(folder: Path) -> Iterator[tuple[Path, Metadata]]:
    """The whole packages in a folder; one that can't be read is logged and left out."""
    for path in sorted(folder.glob("*/metadata.json")):
        try:
            data = metadata(path.read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            log.warning("%s is left out: %s", path.parent, error)
            continue
        if model_files(path.parent):
            yield path.parent, data


def model_files(folder: Path) -> list[Path]:
    """The files that make the translation what it is; empty when one is missing."""
    tokenizers = folder / "sentencepiece.model", folder / "bpe.model"  # the module, too, lets the first one win
    tokenizer = next((file for file in tokenizers if file.is_file()), None)
    if tokenizer is None or not (folder / "model" / "model.bin").is_file():
        return []
    return [*sorted(file for file in (folder / "model").iterdir() if file.is_file()), tokenizer]


def _load(folder: Path) -> _Loaded:
    with environment(folder.parent.parent):
        if has_avx512():
            # By itself CTranslate2 uses it for products of matrices only. For the rest, too, it saved 3, 4 and
            # 16 % of the processor's time in three trials.
            os.environ.setdefault("CT2_FORCE_CPU_ISA", "AVX512")
        # Here and not above: the native libraries are for the child process only.
        import ctranslate2
        from argostranslate.tokenizer import BPETokenizer, SentencePieceTokenizer

    try:
        data = metadata((folder / "metadata.json").read_text(encoding="utf-8"))
        pieces = folder / "sentencepiece.model"
        if pieces.is_file():
            tokenizer = SentencePieceTokenizer(pieces)
        else:
            tokenizer = BPETokenizer(folder / "bpe.model", data.from_code, data.to_code)
        tokenizer.encode("a")  # it reads its file at the first call
        translator = _translator(ctranslate2.Translator, folder / "model")
    except (OSError, RuntimeError, ValueError) as error:
        raise NoModel(
            f"The Argos package in {folder} is damaged: {error}.",
            "Remove it with sectionwire models remove, and install it again.",
        ) from error
    return _Loaded(translator, tokenizer, data.target_prefix)


def _translator(make: Callable[..., Any], model: Path) -> Any:
    """The model in memory, with its last layer packed if that can be had."""
    # Each thread takes batches of its own: several threads on one batch bring less, and on small ones nothing.
    options = {"device": "cpu", "inter_threads": _threads(), "intra_threads": 1}
    with packable(model) as packed:
        if packed is not None:
            try:
                translator = make(str(packed), **options)
                translator.translate_batch([["a"]], beam_size=BEAM, max_decoding_length=2)  # a trial of all layers
            except (RuntimeError, ValueError) as error:
                log.warning("%s is loaded as it is, without its last layer packed: %s", model, error)
            else:
                return translator
    return make(str(model), **options)


def _threads() -> int:
    value = os.environ.get(THREADS, "")
    return int(value) if value.isdecimal() and int(value) else 1


def _call(loaded: _Loaded, sentences: list[str]) -> list[Scored]:
    tokens = [_tokens(loaded, sentence) for sentence in sentences]
    # All are queued before the first result is asked for, so that no thread waits between batches.
    queued = [
        (places, _queued(loaded, [tokens[place] for place in places]))
        for places in batches(list(map(len, tokens)), _batch_limit())
    ]
    results = {place: each.result() for places, waiting in queued for place, each in zip(places, waiting, strict=True)}
    return [_text(loaded, results[place]) for place in range(len(sentences))]


def batches(lengths: Sequence[int], megabytes: float) -> list[list[int]]:
    """Places of sentences of so many tokens, longest first, cut so that each batch fits into so much memory.

    A sentence that is too long for that is alone.

    >>> batches([5, 400, 6], 32)
    [[1], [2, 0]]
    """
    found: list[list[int]] = []
    room = 0
    for place in sorted(range(len(lengths)), key=lambda place: lengths[place], reverse=True):
        if room == 0:
            found.append([])
            # The first is the longest, and all others are padded to it.
            room = max(1, int(megabytes / (BEAM * (ROW_MB + TOKEN_MB * lengths[place]))))
        found[-1].append(place)
        room -= 1
    return found


def _batch_limit() -> int:
    value = os.environ.get(BATCH) or str(BATCH_MB)
    if not value.isdecimal() or int(value) == 0:
        log.warning("%s is “%s”, which is no number of MB: %d are used", BATCH, value, BATCH_MB)
        return BATCH_MB
    return int(value)


def _queued(loaded: _Loaded, tokens: list[list[str]]) -> list[Any]:
    """What CTranslate2 will say of one batch."""
    results: list[Any] = loaded.translator.translate_batch(
        tokens,
        target_prefix=[[loaded.prefix]] * len(tokens) if loaded.prefix else None,
        replace_unknowns=True,
        asynchronous=True,
        beam_size=BEAM,
        num_hypotheses=1,
        length_penalty=LENGTH_PENALTY,
        max_input_length=0,
        max_decoding_length=max(256, 3 * len(tokens[0])),
        return_scores=True,
    )
    return results


def _give_back_memory() -> None:
    """Let the C library return what a call needed, or what a model took that is no longer kept: it would hoard it."""
    if sys.platform == "linux" and hasattr(library := ctypes.CDLL(None), "malloc_trim"):  # musl has none
        library.malloc_trim(0)


def _tokens(loaded: _Loaded, sentence: str) -> list[str]:
    check_text(sentence)
    tokens: list[str] = loaded.tokenizer.encode(sentence)
    if len(tokens) > LONGEST:
        raise Permanent(f"A sentence of {len(sentence):,} characters is too long for Argos.", "Divide it.")
    return tokens


def _text(loaded: _Loaded, result: Any) -> Scored:
    """The way the module makes text of tokens: the target prefix and one leading space are taken off."""
    tokens: list[str] = result.hypotheses[0]
    value: str = loaded.tokenizer.decode(tokens)
    return Scored(value.removeprefix(loaded.prefix).removeprefix(" "), _score(result.scores[0], len(tokens) + 1))


def _score(score: float, length: int) -> float:
    """The mean probability of a token, of CTranslate2's score: log probability ÷ length ** penalty (with the end)."""
    return math.exp(score * length ** (LENGTH_PENALTY - 1))
