"""The gate's own measures see what they are for: each is shown a translation that somebody has damaged."""

from __future__ import annotations

from collections import Counter

import pytest

from pipeline.documents import Segment, SegmentKind
from tests.quality import judge, measure, spans
from tests.quality.corpus import Pair

SOURCE = (
    '<p>The <em>red</em> house at <a href="/bay">the bay</a> is <strong>not</strong> big, says <code>ls -l</code>.</p>'
    "<p>Send 12&nbsp;boxes to box@tidewater.example &amp; wait: {map}bay{/map} &lt;b&gt; <b>R &amp; D</b>.</p>"
    '<pre>a  &lt; b</pre><ul><li>See <img src="/a.png" alt="A boat"> and <a href="#n"><sup>1</sup></a>.</li></ul>'
)
GOOD = (
    '<p>A casa <em>vermelha</em> na <a href="/bay">baía</a> <strong>não</strong> é grande, diz <code>ls -l</code>.</p>'
    "<p>Envie 12&nbsp;caixas para box@tidewater.example e espere: {map}bay{/map} &lt;b&gt; <b>I &amp; D</b>.</p>"
    '<pre>a  &lt; b</pre><ul><li>Ver <img src="/a.png" alt="Um barco"> e <a href="#n"><sup>1</sup></a>.</li></ul>'
)


def counted(target: str, source: str = SOURCE) -> dict[str, int]:
    return dict(Counter(fault.kind for fault in measure.faults(source, target)))


def test_a_good_translation_has_no_faults():
    """Texts, word order, translated attributes and an ampersand that is a word may change."""
    assert counted(GOOD) == {}
    assert counted(SOURCE) == {}


@pytest.mark.parametrize(
    ("before", "after", "faults"),
    [
        ("<em>vermelha</em>", "vermelha", {"lost": 1}),
        ("<strong>não</strong>", "<strong>não</strong> <strong>não</strong>", {"doubled": 1}),
        ("<strong>não</strong> é", "<em>não</em> é", {"lost": 1, "doubled": 1}),
        ("<em>vermelha</em> na", "vermelha<em></em> na", {"emptied": 1}),
        ("<em>vermelha</em> na", "vermelha <em>«</em> na", {"emptied": 1}),
        ('<a href="/bay">baía</a> <strong>não</strong>', '<a href="/bay">baía <strong>não</strong></a>', {"moved": 1}),
        ("</li></ul>", "</li><li></li></ul>", {"blocks": 2}),  # its start and its end
        ("<pre>", "<hr><pre>", {"blocks": 2, "moved": 3}),  # what comes after it stands elsewhere now
        ('"/bay"', '"/baia"', {"lost": 1, "doubled": 1, "urls": 1}),
        ("box@tidewater.example", "caixa@tidewater.example", {"urls": 1}),
        ("/a.png", "/a.jpg", {"lost": 1, "doubled": 1, "urls": 1}),
        ("ls -l", "Ls -l", {"code": 1}),
        ("a  &lt; b", "a &lt; b", {"pre": 1}),
        ("{map}bay{/map}", "{mapa}bay{/mapa}", {"plugins": 1}),
        ("{map}bay{/map}", "", {"plugins": 1}),
        ("&lt;b&gt;", "&amp;lt;b&amp;gt;", {"entities": 3}),
        ("&lt;b&gt;", "", {"entities": 2}),
        ("<b>I &amp; D</b>", "<b>I & D</b>", {"entities": 1}),
        ("12&nbsp;caixas", "12 caixas", {"nbsp": 1}),
        ("casa <em>", "casa<em>", {"joined": 1}),
        ("</em> na", "</em>na", {"joined": 1}),
        ("grande, diz <code>", "grande, diz<code>", {"joined": 1}),
        ('na <a href="/bay">', 'na<a href="/bay">', {"joined": 1}),
        ("casa <em>", "casa,<em>", {"spaces": 1}),
        ("</em> na", "</em>(na)", {"spaces": 1}),
        ("<li>Ver <img", "<li>Ver<img", {}),  # a picture may touch the word before it, if a space stands after it
        (' alt="Um barco"> e', ' alt="Um barco">e', {}),
        ('Ver <img src="/a.png" alt="Um barco"> e', 'Ver<img src="/a.png" alt="Um barco">e', {"joined": 2}),
    ],
)
def test_a_damaged_translation_is_counted(before, after, faults):
    assert GOOD.count(before) == 1
    assert counted(GOOD.replace(before, after)) == faults


def test_an_element_in_another_block_is_moved_once():
    """Neither lost nor doubled: it is still there."""
    source = "<p>One <em>word</em> here.</p><p>And two there.<br>Three.</p>"
    assert counted("<p>Uma aqui.</p><p>E <em>duas</em> ali.<br>Três.</p>", source) == {"moved": 1}
    assert counted("<p>Uma aqui.</p><p>E duas ali.<br><em>Três</em>.</p>", source) == {"moved": 1}


def test_words_that_touched_before_may_touch_after():
    """A part of a word that is emphasised, and a footnote, are no fault."""
    source = '<p><em>half</em>way<sup><a href="#n1">1</a></sup> there,<sup><a href="#n2">2</a></sup> ok.</p>'
    target = '<p>a <em>meio</em>caminho<sup><a href="#n1">1</a></sup> ali<sup><a href="#n2">2</a></sup>, certo.</p>'
    assert counted(target, source) == {}


def test_a_block_whose_text_is_gone_is_emptied():
    assert counted("<p></p><p>Dois.</p>", "<p>One.</p><p>Two.</p>") == {"emptied": 1}


def test_paragraphs_are_the_texts_without_pre():
    html = "<h2>A  <em>b</em></h2><pre><code>x</code></pre><p>c<br>d</p><p>1</p>"
    assert measure.paragraphs(html) == ["A b", "c", "d"]


# spans


def test_positions_are_those_of_the_text_with_collapsed_white_space():
    text, found = spans.read("  The\n <em> red</em>&nbsp;<strong>house <i>there</i></strong> ")
    assert text == "The red house there"
    assert [text[each.start : each.end].strip() for each in found] == ["red", "house there", "there"]


@pytest.mark.parametrize(
    ("wording", "expected"),
    [("casa", (2, 6)), ("casa#2", (10, 14)), ("a", (0, 1)), ("casas", (17, 22)), ("rio", (25, 28))],
)
def test_a_wording_is_found_as_whole_words(wording, expected):
    """A footnote's number may follow at once."""
    assert spans.occurrence("a casa da casa, «casas», rio1", wording) == expected


@pytest.mark.parametrize("wording", ["cas", "casa#3", "casa#0", ""])
def test_a_wording_that_is_not_there_is_refused(wording):
    with pytest.raises(ValueError, match=f"^{wording}$"):
        spans.occurrence("a casa da casa, «casas»", wording)


def placed(target: str, *wanted: tuple[str, list[str]]) -> list[bool]:
    text, found = spans.read(target)
    return spans.rightly_placed(text, [((tag,), right) for tag, right in wanted], found)


def test_a_span_is_right_where_a_person_would_put_it_and_nowhere_else():
    """Punctuation at its edges doesn't count, nor which of two that look the same is which."""
    red, big = ("em", ["vermelha"]), ("em", ["grande"])
    assert placed("A casa <em>vermelha</em> é <em>grande.</em>", red, big) == [True, True]
    assert placed("A casa <em>vermelha,</em> é grande", red) == [True]
    assert placed("A <em>casa</em> vermelha é <em>grande</em>", red, big) == [False, True]
    assert placed("A <em>casa vermelha</em> é grande", red) == [False]
    assert placed("A casa <strong>vermelha</strong> é grande", red) == [False]
    assert placed("A casa vermelha é grande", red) == [False]


def test_one_element_is_never_right_for_two_spans():
    assert placed("não e <em>não</em>", ("em", ["não#2"]), ("em", ["não", "não#2"])) == [True, False]
    assert placed("<em>não</em> e <em>não</em>", ("em", ["não", "não#2"]), ("em", ["não"])) == [True, True]


def test_the_judge_shows_no_placement():
    """Nobody may copy what our projection did."""
    source = Segment("b1", SegmentKind.TEXT, "The <em>red</em> house <code>x</code><sup>1</sup>", markup=True)
    pair = Pair(source, "A <em>casa</em> vermelha <code>x</code><sup>1</sup>")
    assert "\n".join(judge.shown(pair, skeleton=False)).split("\n")[1:-1] == [
        "b1",
        "  The red house x1",
        "  A casa vermelha x1",
        "    <em> red",
    ]
    assert '{ span = "red", right = [] }, # em' in "\n".join(judge.shown(pair, skeleton=True))
