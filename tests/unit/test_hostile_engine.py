"""The input and the engines that nobody wishes for, through the real host: the rest of the article goes on."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipeline.documents import (
    CleanDocument,
    Metadata,
    Origin,
    Route,
    Segment,
    SegmentedDocument,
    SegmentKind,
    Severity,
)
from pipeline.engines.fake import FakeEngine
from pipeline.engines.host import EngineHost
from pipeline.stages import check, segment
from pipeline.stages.segment import restore
from pipeline.stages.translate import translate

ROUTE = next(
    Route("en", "pt", (model.hop,))
    for model in FakeEngine(Path()).installed()
    if (model.hop.source, model.hop.target) == ("en", "pt")
)
"""The fake engine turns every word round and adds õ: boat → taobõ."""


class Memory:
    """Of one article."""

    def __init__(self):
        self.known = {}

    def lookup(self, route, sentences):
        return {text: self.known[text] for text in sentences if text in self.known}

    def store(self, route, units):
        self.known |= units
        return units


@pytest.fixture(scope="module")
def host(tmp_path_factory):
    with EngineHost(tmp_path_factory.mktemp("models"), ["fake"], 2, deadline_seconds=2) as host:
        yield host


def cut(body):
    return segment.segment(CleanDocument(Metadata(language="en", title="A boat"), body))


def of(*sources, kind=SegmentKind.TEXT, markup=True):
    """A document of segments as they are, however cleaning would have mended them."""
    segments = tuple(Segment(f"b{number}", kind, source, markup) for number, source in enumerate(sources, 1))
    return SegmentedDocument(Metadata(language="en"), "", segments)


def run(host, document):
    """The segments by key, and the segments on which a blocking finding stands."""
    memory = Memory()
    [result] = translate([document], ROUTE, memory, host.translate)
    findings = check.run(document, result, "en", "pt")
    blocked = {finding.segment: finding.message for finding in findings if finding.severity is Severity.BLOCK}
    return {each.key: each for each in result}, blocked


# engines


@pytest.mark.parametrize(
    ("word", "reason"),
    [
        ("FAKE-SHORT", "0 translations for 1 sentences"),
        ("FAKE-RAISE", "this sentence was too much"),
        ("FAKE-HANG", "no answer within"),
        ("FAKE-DIE", "died (signal 9)"),
        ("FAKE-LOOP", "absurdly long"),
    ],
)
def test_a_sentence_that_breaks_the_engine_is_kept_with_a_blocking_finding(host, word, reason):
    """Every other sentence of the article is translated, also in the same segment, with its markup."""
    body = f"<p>This is {word}, too.</p><p>All is <i>well</i>. This is {word}, too. Good.</p><p>Fine day.</p>"
    document = cut(body)
    result, blocked = run(host, document)
    assert (result["b1"].target, result["b1"].origin) == (f"This is {word}, too.", Origin.KEPT)
    assert reason in result["b1"].problem
    assert result["b2"].target == f"llAõ siõ <i>llewõ</i>. This is {word}, too. dooGõ."
    assert "1 of 3 sentences" in result["b2"].problem
    assert result["b3"].target == "eniFõ yadõ."
    assert result["title"].target == "Aõ taobõ"
    assert blocked.keys() == {"b1", "b2"}
    assert reason in blocked["b1"]
    page = restore(document, {key: each.target for key, each in result.items()})
    assert page.count("<p>") == 3


def test_an_engine_that_gives_nothing_back_keeps_everything(host, monkeypatch):
    """The host notices an empty answer to a sentence with words."""
    silent = {"The boat came.": ""}

    def nothing(route, sentences):
        for batch in host.translate(route, sentences):
            yield {text: silent.get(text, answer) for text, answer in batch.items()}

    memory = Memory()
    [result] = translate([cut("<p>The boat came.</p><p>Fine day.</p>")], ROUTE, memory, nothing)
    kept = {each.key: each.problem for each in result if each.origin is Origin.KEPT}
    assert kept == {"b1": "Not translated: the engine returned nothing."}
    assert "The boat came." not in memory.known


# input


def test_empty_and_white_segments_are_left_as_they_are(host):
    sources = ("", " ", "\n\t ", "&nbsp;", "&#8203;", "<b></b>", "<b> </b>", " <br> ", "<em>&nbsp;</em>\u3000")
    result, blocked = run(host, of(*sources))
    assert [each.target for each in result.values()] == list(sources)
    assert {each.origin for each in result.values()} == {Origin.SOURCE}
    assert blocked == {}
    plain, _ = run(host, of("", "  ", kind=SegmentKind.ATTRIBUTE, markup=False))
    assert [each.target for each in plain.values()] == ["", "  "]


def test_a_sentence_of_twenty_thousand_characters_is_translated_in_parts(host):
    """Without a full stop, with and without commas, with a span in the middle; nothing of it is lost."""
    words = ["boat"] * 4000
    for joint in (" ", ", "):
        text = joint.join([*words[:2000], "<b>red</b>", *words[2000:]])
        result, blocked = run(host, of(text))
        assert result["b1"].target == text.replace("boat", "taobõ").replace("red", "derõ")
        assert blocked == {}


def test_a_word_of_twenty_thousand_characters_is_kept_as_a_literal(host):
    text = f"The {'x' * 20_000} came"
    result, blocked = run(host, of(text))
    assert result["b1"].target == f"ehTõ {'x' * 20_000} emacõ"
    assert blocked == {}


def test_five_thousand_segments_are_translated_and_one_bad_one_keeps_only_itself(host):
    sources = [f"The <b>boat {number % 500}</b> came" for number in range(5_000)]
    sources[2_500] += " FAKE-RAISE"
    result, blocked = run(host, of(*sources))
    assert len(result) == 5_000
    assert blocked.keys() == {"b2501"}
    assert result["b1"].target == "ehTõ <b>taobõ 0</b> emacõ"
    assert sum(each.origin is Origin.ENGINE for each in result.values()) == 4_999


def test_segments_of_only_codes_are_left_as_they_are(host):
    sources = (
        '<img src="a.png">',
        '<a href="/x"><img src="a.png"></a>',
        "<code>x &lt; y</code> <kbd>S</kbd>",
        "<b><i></i></b><wbr>",
        '<sup><a href="#fn1">1</a></sup>',
        '<span translate="no">Keep me</span>',
    )
    result, blocked = run(host, of(*sources))
    assert [each.target for each in result.values()] == list(sources)
    assert blocked == {}


@pytest.mark.parametrize(
    ("source", "kept"),
    [
        ("The boat سلام came", "سلام"),
        ("The 日本語 boat <b>हिन्दी</b> came", "日本語"),
        ("The boat <bdi>שלום</bdi> came", "<bdi>שלום</bdi>"),
        ("The boat Река came 🙏🏽 in", "🙏🏽"),
    ],
)
def test_other_scripts_in_a_sentence_stay_as_they_are(host, source, kept):
    """What the engine could not carry does not reach it; the words around it are translated."""
    result, _ = run(host, of(source))
    target = result["b1"].target
    assert kept in target
    assert "taobõ" in target
    assert result["b1"].origin is Origin.ENGINE


@pytest.mark.parametrize(
    "source",
    [
        "The\x00 boat\x07 came\x1b[31m",
        "The bo\u00adat\u200b ca\u2060me",
        "The \u202eboat\u202c \u2066came\u2069",
        "The boat\u2028came\u2029in",
        "The \ud800boat came",
        "The \ufffeboat\uffff came",
        "\x01\x02\x03",
    ],
)
def test_control_characters_break_nothing(host, source):
    """None of them comes out of the engine into a page; the sentence is translated, or there is nothing in it."""
    result, blocked = run(host, of(source))
    each = result["b1"]
    assert each.origin in (Origin.ENGINE, Origin.SOURCE)
    assert blocked == {}
    if each.origin is Origin.ENGINE:
        assert "taobõ" in each.target
        assert not any(sign in each.target for sign in "\x00\x07\x1b\u2028\u2029\ud800\ufffe\uffff")
