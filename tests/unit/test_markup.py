"""The text of an HTML fragment as a reader sees it, wherever a stage asks for it."""

from __future__ import annotations

import pytest

from pipeline.documents import CleanDocument, Metadata, Origin, Term, TranslatedSegment
from pipeline.stages import check, markup, segment
from pipeline.stages.check import reading
from pipeline.stages.translate import blocks, inline, literals, terms
from pipeline.stages.translate.terms import glossary


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("plain", "plain"),
        ("a &amp; b &lt;i&gt;", "a & b <i>"),
        ("<b>tide</b><i>table</i>", "tidetable"),
        ("tide<br>table<br/>x", "tide\ntable\nx"),
        ('a<img src="/x" alt="not this">b<wbr>c', "abc"),
        ("a <!-- not this --> b", "a  b"),
        ("5 < 6 > 4", "5 < 6 > 4"),
        ('<a title="a > b">c</a>', "c"),
    ],
)
def test_a_reader_sees_text_and_line_breaks(html, text):
    assert markup.visible(html) == text
    assert markup.visible(html, tokens=markup.tokenize(html)) == text


def test_what_is_left_out_leaves_one_mark():
    html = "a <code>x<kbd>y</kbd><br>z</code> b <img> <tt>d</tt>"
    without = frozenset(["code", "kbd", "img"])
    assert markup.visible(html, without=without, mark="|") == "a | b | d"
    assert markup.visible(html, without=without) == "a  b  d"


def test_what_is_badly_nested_is_still_read():
    assert markup.visible("a</code> <code>b</b> c", without=markup.LITERAL, mark="|") == "a |"


def test_a_line_break_parts_words_for_every_stage():
    """Once each of them read fragments in its own way, and some made one word of two."""
    html = "The tide<br>table"
    assert terms.visible(html, is_markup=True).split() == ["The", "tide", "table"]
    assert reading.read(html, is_markup=True).visible.split() == ["The", "tide", "table"]
    known = glossary((Term("tide table", "tabela de marés"),), "en", "pt")
    shown = terms.visible("A tabela<br>de marés", is_markup=True)
    assert not known.problems("The tide table", known.find("The tide table"), shown)
    cut = segment.segment(CleanDocument(Metadata(language="en"), "<p>Call <b>12<br>34</b> now</p>"))
    assert all("1234" not in each.anchors for each in blocks._blocks(cut))
    parsed = inline.parse(html, "en", is_markup=True, carried=literals.carried("en", "pt"))
    assert "tidetable" not in parsed.text


def test_plain_text_keeps_what_looks_like_a_tag():
    """A title is no HTML: “a < b” and “a > b” are two texts."""
    document = segment.segment(
        CleanDocument(Metadata(title="If x <is greater in the river> then wait", language="en"), "")
    )
    told = [TranslatedSegment("title", "If x then wait", Origin.ENGINE)]
    found = [each for each in check.run(document, told, "en", "pt") if each.check == "untranslated"]
    assert not found


@pytest.mark.parametrize("sign", ["<", "<a "])
def test_text_full_of_broken_tags_is_read_in_linear_time(sign):
    """300,000 signs: a pattern that goes to the end of the text from each of them would not come back today."""
    hostile = sign * (300_000 // len(sign))
    assert markup.visible(hostile)
    document = segment.segment(CleanDocument(Metadata(title=hostile, language="en"), ""))
    told = [TranslatedSegment("title", f"{hostile} ", Origin.ENGINE)]
    checks = [each for each in check.DEFAULT if each.id in ("untranslated", "codes", "links")]
    check.run(document, told, "en", "pt", checks=checks)


class Counted(list):
    """A list that counts how many of its items are handed out or copied."""

    taken = 0

    def __getitem__(self, at):
        found = super().__getitem__(at)
        Counted.taken += len(found) if isinstance(at, slice) else 1
        return found


def test_what_follows_an_element_is_found_without_a_copy_of_the_rest(monkeypatch):
    """Twice as many single letters in elements of their own are twice the work."""
    tokenize = markup.tokenize
    monkeypatch.setattr(markup, "tokenize", lambda html: Counted(tokenize(html)))
    work = []
    for times in (200, 400):
        Counted.taken = 0
        inline.parse("<b>x</b> plan, " * times, "en", is_markup=True, carried=literals.carried("en", "pt"))
        work.append(Counted.taken)
    assert work[1] < 2.5 * work[0]
