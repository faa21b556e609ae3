"""The word aligners of this installation: the lists that come with models, and what was learnt from the memory.

What was learnt is in SECTIONWIRE_HOME/aligners, a folder for each pair of languages.
"""

from __future__ import annotations

import logging
from functools import lru_cache
from pathlib import Path
from typing import Final

from django.conf import settings

from pipeline.documents import Hop
from pipeline.engines.firefox import FirefoxEngine
from pipeline.engines.shortlist import WordLists
from pipeline.errors import Permanent
from pipeline.stages.translate import aligner
from pipeline.stages.translate import route as routing
from pipeline.stages.translate.aligner import Lexicon, Progress, Together
from pipeline.stages.translate.resources import Aligner
from pipeline.stages.translate.words import base_language

LEAST_SENTENCES: Final = aligner.LEAST_SENTENCES

log = logging.getLogger(__name__)  # and not structlog's: ``translate`` sets the log up when there is a line for it


def trainable() -> dict[tuple[str, str], int]:
    """The pairs that have sentences, with how many."""
    from pipeline.ledger import aligning  # an aligner is found without the ledger: ``translate`` works on files

    return aligning.counts()


def train(source: str, target: str, progress: Progress | None = None) -> tuple[Lexicon, Path]:
    """Train a pair's aligner from the memory. Returns it and its folder; workers use it from the next article on.

    Raises:
        Permanent: the memory has too few sentences, or the folder can't be written.
    """
    from pipeline.ledger import aligning  # as above

    folder = _folder(source, target)
    return aligner.train(aligning.pairs(source, target), folder, progress), folder


def find(source: str, target: str) -> Aligner | None:
    """All that says which words of two languages (BCP 47) belong together, whichever engine translates; or none."""
    lists, learnt = _lists(source, target), load(source, target)
    return Together(lists, learnt) if lists and learnt else lists or learnt


def _lists(source: str, target: str) -> WordLists | None:
    models = Path(settings.MODELS_DIR)
    hops = [model.hop for model in FirefoxEngine(models).installed()]
    pairs = (source, target), (target, source)
    there, back = (routing.find_all(*pair, hops, [FirefoxEngine.name], pivot=None) for pair in pairs)
    return _read(models, there[0].hops[0] if there else None, back[0].hops[0] if back else None)


@lru_cache(maxsize=8)  # two of some 10 MB
def _read(models: Path, there: Hop | None, back: Hop | None) -> WordLists | None:
    engine = FirefoxEngine(models)
    found = [engine.word_list(hop.source, hop.target) if hop else None for hop in (there, back)]
    return WordLists(*found) if any(found) else None


def load(source: str, target: str) -> Lexicon | None:
    """The aligner of a pair, or of the source's language at large (en for en-GB), as in the memory; or none.

    A damaged one is a line in the log, not a failure: spans are then placed without it.
    """
    for tag in dict.fromkeys((source, base_language(source))):
        folder = _folder(tag, target)
        try:
            changed = (folder / aligner.FILE).stat().st_mtime_ns
        except OSError:
            continue
        return _loaded(folder, changed)
    return None


@lru_cache(maxsize=8)  # of a large memory an aligner takes some 50 MB
def _loaded(folder: Path, changed: int) -> Lexicon | None:  # noqa: ARG001 - a part of the cache's key
    try:
        return aligner.load(folder)
    except Permanent as error:
        log.warning("aligner damaged: %s: %s", folder, error)
        return None


def _folder(source: str, target: str) -> Path:
    return Path(settings.SECTIONWIRE_HOME) / "aligners" / f"{source}-{target}"
