"""How sure an engine was: from its own score to the provenance of a segment."""

from __future__ import annotations

import math
from pathlib import Path

import pytest

from pipeline.documents import CleanDocument, Hop, Metadata, Origin, Route, Scored, TranslatedSegment
from pipeline.engines.argos import ArgosEngine
from pipeline.engines.child import Child
from pipeline.engines.fake import FakeEngine
from pipeline.engines.host import EngineHost
from pipeline.engines.models import install_file
from pipeline.ledger.models.translations import pack_segments, unpack_segments
from pipeline.stages import segment
from pipeline.stages.translate import translate

DATA = Path(__file__).parents[1] / "data"
EASY, HARD = "The red house is big.", "the the bridge bridge of of window old."


@pytest.fixture(scope="module")
def engine(tmp_path_factory) -> ArgosEngine:
    models = tmp_path_factory.mktemp("models")
    install_file(DATA / "translate-en_es.argosmodel", models)
    return ArgosEngine(models)


class Surely(FakeEngine):
    """The engine for tests, which is the surer the shorter a sentence is."""

    def translate(self, sentences, source, target):
        return [Scored(text, 1 / len(text)) for text in super().translate(sentences, source, target)]


class Memory(dict):
    """Sentences that were translated before."""

    def lookup(self, route, sentences):
        return {each: self[each] for each in sentences if each in self}

    def store(self, route, units):
        return dict(units)


def test_the_score_is_the_mean_probability_of_what_the_model_said(engine):
    """Asked with the text it has made, CTranslate2 gives the probability of each token."""
    easy, hard = engine.translate([EASY, HARD], "en", "es")
    loaded = engine._model("en", "es")
    for source, target in ((EASY, easy), (HARD, hard)):
        tokens = [loaded.tokenizer.encode(text) for text in (source, target)]
        [found] = loaded.translator.score_batch([tokens[0]], [tokens[1]])
        assert target.score == pytest.approx(math.exp(sum(found.log_probs) / len(found.log_probs)), rel=0.02)
    assert 1 > easy.score > hard.score > 0


def test_sentences_of_all_lengths_come_back_in_their_order(engine):
    """Long ones go in batches by their tokens, short ones by their number; both at once."""
    long = " and ".join(["the red house is big"] * 12)
    sentences = [long + ".", EASY, long.replace("red", "old") + ".", "Where is the key?"] * 4
    together = engine.translate(sentences, "en", "es")
    apart = {text: engine.translate([text], "en", "es")[0] for text in set(sentences)}
    assert together == [apart[text] for text in sentences]
    assert all(isinstance(text, Scored) for text in together)


def test_what_has_no_words_has_no_score(engine):
    [same] = engine.translate(["—"], "en", "es")
    assert not isinstance(same, Scored)


def test_a_pivot_is_as_sure_as_both_of_its_hops(monkeypatch, tmp_path):
    def answer(self, engine, hop, sentences, seconds):
        return [Scored(f"{text}!", 0.5 if hop.source == "en" else 0.25) for text in sentences]

    monkeypatch.setattr(Child, "translate", answer)
    hops = tuple(Hop("fake", *pair, "fake", "fa4e" * 4) for pair in (("en", "es"), ("es", "pt")))
    with EngineHost(tmp_path, ["fake"], 1) as host:
        [once] = host.translate(Route("en", "es", hops[:1]), ["tide"])
        [twice] = host.translate(Route("en", "pt", hops), ["tide"])
    assert (once["tide"], once["tide"].score) == ("tide!", 0.5)
    assert (twice["tide"], twice["tide"].score) == ("tide!!", 0.125)


def translated(html: str, memory: Memory) -> dict[str, TranslatedSegment]:
    document = segment.segment(CleanDocument(Metadata(language="en"), html))
    route = Route("en", "pt", (Hop("fake", "en", "pt", "fake", "fa4e" * 4),))

    def engine(_, sentences):
        yield dict(zip(sentences, Surely(Path()).translate(sentences, "en", "pt"), strict=True))

    [segments] = translate([document], route, memory, engine)
    return {each.key: each for each in segments}


def test_a_segment_is_as_sure_as_its_least_sure_sentence():
    found = translated("<p>The tide rose. The river was slow in the night.</p><p>The tide rose.</p>", Memory())
    assert found["b2"].sureness == pytest.approx(1 / len("ehTõ editõ esorõ."))
    assert found["b1"].sureness == pytest.approx(1 / len("ehTõ revirõ sawõ wolsõ niõ ehtõ thginõ."))


def test_what_comes_from_memory_says_nothing_of_how_sure_an_engine_was():
    found = translated("<p>The tide rose.</p>", Memory({"The tide rose.": "A maré subiu."}))
    assert (found["b1"].origin, found["b1"].sureness) == (Origin.MEMORY, 0.0)


def test_the_ledger_keeps_how_sure_an_engine_was():
    kept = (
        TranslatedSegment("b1", "A maré", Origin.ENGINE, 0.25, ("own",), "", (0, 1), 0.875),
        TranslatedSegment("b2", "O rio", Origin.MEMORY, 1.0),
    )
    assert unpack_segments(pack_segments(kept)) == kept
    assert "sureness" not in pack_segments(kept)[1]
