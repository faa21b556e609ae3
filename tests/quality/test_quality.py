"""The quality gate: what the stages make of the pinned corpus, against the floors. README.md says what is what."""

from __future__ import annotations

import tomllib
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import pytest
from sacrebleu.metrics import CHRF

from tests.quality import corpus, measure, spans
from tests.quality.conftest import FIGURE, Run

FLOORS = tomllib.loads((corpus.HERE / "floors.toml").read_text(encoding="utf-8"))
SHOWN = 200

# The first test to ask for the run pays for it: about 30 s of one core.
pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

Hold = Callable[[str, float, Sequence[str]], None]


@pytest.fixture
def hold(record_property) -> Hold:
    """Compare a figure with its floor, and note it for the summary."""

    def hold(name: str, value: float, details: Sequence[str] = ()) -> None:
        most = name in FLOORS["most"]
        floor = FLOORS["most" if most else "least"][name]
        better = value < floor if most else value > floor
        worse = value > floor if most else value < floor
        word = "worse than" if worse else "better than" if better else "at"
        text = f"{name:<11} {value:<8.4g}" + f"{word} its floor, {floor:g}"
        record_property(FIGURE, text + (": raise it" if better else ""))
        more = [f"and {len(details) - SHOWN} more"] if len(details) > SHOWN else []
        if worse:
            pytest.fail("\n".join([text, *details[:SHOWN], *more]), pytrace=False)

    return hold


# the corpus itself


def test_the_corpus_is_as_large_as_was_promised():
    """30 pages, 200 judged spans, 40 nasty fragments."""
    assert len(corpus.files("pages/*.en.html")) >= 30
    assert len(corpus.judged()) >= 200
    assert len(corpus.files("nasty/*.html")) >= 40


@pytest.mark.parametrize("path", corpus.files("pages/*.en.html"), ids=corpus.name_of)
def test_a_page_is_rich_in_markup_and_its_reference_has_the_same(path):
    """Same blocks in the same order, and the same inline elements."""
    source = measure.read(corpus.body(corpus.document(path)))
    reference = measure.read(corpus.body(corpus.document(path.with_name(path.name.replace(".en.", ".pt.")))))
    assert 180 <= sum(len(text.split()) for text in source.texts) <= 360
    assert len(source.elements) >= 10
    assert [_tag(block) for block in source.blocks] == [_tag(block) for block in reference.blocks]
    assert _inline(source) == _inline(reference)


def _tag(block: str) -> str:
    return block.split(" ")[0]


def _inline(reading: measure.Reading) -> Counter[str]:
    return Counter(each.signature[0] for each in reading.elements)


# markup


@pytest.fixture(scope="module")
def faults(run: Run) -> dict[str, list[str]]:
    """What is wrong anywhere, by kind."""
    found: dict[str, list[str]] = defaultdict(list)
    for page in run.everything:
        for fault in measure.faults(page.source, page.target):
            found[fault.kind].append(f"{page.name}: {fault.message}")
    return found


@pytest.mark.parametrize("kind", FLOORS["most"])
def test_no_more_faults_of_a_kind_than_its_floor_allows(kind, faults: dict[str, list[str]], hold: Hold):
    hold(kind, len(faults[kind]), faults[kind])


def test_every_kind_of_fault_has_a_floor(faults: dict[str, list[str]]):
    assert faults.keys() <= FLOORS["most"].keys()


def test_no_segment_of_a_page_is_kept_in_english(run: Run, record_property):
    """Which would be a way to break nothing. Of nasty fragments a few may be; how many is in the summary."""
    kept = {
        kind: [
            f"{page.name} {pair.segment.key}: {pair.problem}" for page in pages for pair in page.pairs if pair.problem
        ]
        for kind, pages in (("pages", run.pages), ("nasty", run.nasty))
    }
    record_property(FIGURE, f"kept        {len(kept['pages'])} segments of pages, {len(kept['nasty'])} of fragments")
    assert not kept["pages"], "\n".join(kept["pages"])


# spans


@dataclass(slots=True)
class Verdicts:
    """The judged spans, sorted by what became of them; ``figure`` is their name in floors.toml."""

    figure: str
    right: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    stale: list[str] = field(default_factory=list)
    unknown: list[str] = field(default_factory=list)


@pytest.fixture(scope="module", params=["fresh", "pages"])
def verdicts(run: Run, request) -> Verdicts:
    """Of an installation on its first day, and of one that has learnt from its memory."""
    result = Verdicts("spans_fresh" if request.param == "fresh" else "spans")
    pages = {page.name: page for page in getattr(run, request.param)}
    segments: dict[tuple[str, str, str], list[corpus.Judged]] = defaultdict(list)
    for span in corpus.judged():
        segments[span.page, span.source, span.target].append(span)
    for (name, source, target), judged in segments.items():
        _judge(name, _pair(pages[name], source), target, judged, result)
    return result


def _pair(page: corpus.Page, source: str) -> corpus.Pair | None:
    same = (pair for pair in page.pairs if pair.segment.markup and spans.read(pair.segment.source)[0] == source)
    return next(same, None)


def _judge(
    name: str, pair: corpus.Pair | None, recorded: str, judged: Sequence[corpus.Judged], result: Verdicts
) -> None:
    if pair is None:
        result.unknown.append(f"{name}: no segment “{judged[0].source}”")
        return
    source, ours = spans.read(pair.segment.source)
    target, theirs = spans.read(pair.target)
    if target != recorded:
        where = f"{name} {pair.segment.key}"
        result.stale += [f"{where} “{span.span}”: judged in “{recorded}”, now “{target}”" for span in judged]
        return
    wanted = []
    for span in judged:
        try:
            wanted.append((spans.element(source, ours, span.span, span.tag, span.nth).signature, span.right))
            for wording in span.right:
                spans.occurrence(target, wording)
        except ValueError as error:
            result.unknown.append(f"{name} {pair.segment.key}: “{error}” of “{span.span}” is not there")
            return
    for span, right in zip(judged, spans.rightly_placed(target, wanted, theirs), strict=True):
        stands = ", ".join(target[e.start : e.end] for e in theirs if e.tag == span.tag or not span.tag)
        line = f"{name} {pair.segment.key} “{span.span}”: {' or '.join(span.right)} is right, marked are: {stands}"
        (result.right if right else result.wrong).append(line)


def test_every_judged_span_is_in_its_page_and_its_target(verdicts: Verdicts):
    assert not verdicts.unknown, "\n".join(verdicts.unknown)


def test_no_judgement_is_stale(verdicts: Verdicts):
    """When the engine says something else now, somebody must read it and judge again."""
    remedy = "Print the page with `python -m tests.quality.judge NN`, read it, and write down what is right now."
    assert not verdicts.stale, "\n".join([f"{len(verdicts.stale)} stale spans. {remedy}", *verdicts.stale])


def test_spans_stand_where_a_person_would_put_them(verdicts: Verdicts, hold: Hold):
    judged = len(verdicts.right) + len(verdicts.wrong)
    assert judged
    wrong = [f"{len(verdicts.wrong)} of {judged} are wrong:", *verdicts.wrong]
    hold(verdicts.figure, len(verdicts.right) / judged, wrong)


# the text


def test_the_text_is_no_worse_than_the_engines_own(run: Run, hold: Hold, record_property):
    """By chrF2 against the translations by hand: masking and cutting must not cost what the engine could do."""
    ours, plain, references = [], [], []
    for page in run.pages:
        paragraphs = measure.paragraphs(page.target)
        reference = measure.paragraphs(corpus.reference(page.name))
        assert len(paragraphs) == len(reference) == len(run.plain[page.name]), page.name
        ours += paragraphs
        plain += run.plain[page.name]
        references += reference
    chrf2 = CHRF(char_order=6, word_order=0, beta=2)
    scores = [chrf2.corpus_score(texts, [references]).score for texts in (ours, plain)]
    record_property(FIGURE, f"chrF2       {scores[0]:.2f}, the engine's plain output {scores[1]:.2f}")
    hold("chrf2_gain", scores[0] - scores[1])
