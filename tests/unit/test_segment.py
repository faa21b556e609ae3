"""Segment: cutting a clean article and putting it together again."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.documents import CleanDocument, Metadata, SegmentKind
from pipeline.stages import segment
from pipeline.stages.markup import quoted


def cut(body: str, **metadata: str):
    return segment.segment(CleanDocument(Metadata(**{"language": "en", **metadata}), body))


def texts(body: str) -> list[str]:
    return [each.source for each in cut(body).segments]


WORDS = st.sampled_from(
    [
        "river",
        "The",
        " ",
        "\n",
        "&amp;",
        "&lt;b&gt;",
        "&nbsp;",
        "12",
        "“hi”",
        "عاجل",
        "\u200f",
        "<?b1?>",
        "<?",
        "?>",
        "<",
    ]
)
ATTRIBUTES = st.sampled_from(
    [
        "",
        ' title="A &quot;tip&quot; &amp; more"',
        " title='it’s \"odd\"'",
        " title=bare",
        ' title="&copy; 5 &nbsp;"',
        ' lang="ar" dir="rtl"',
        ' translate="no"',
        ' title=""',
        ' href="/a?b=1&amp;c=2"',
        ' title="x" title="y"',
    ]
)
IMAGES = st.builds(
    lambda attributes, alt: f'<img{attributes} alt="{alt}">', ATTRIBUTES, st.sampled_from(["", "A boat"])
)
LEAVES = st.one_of(
    WORDS,
    IMAGES,
    st.sampled_from(
        [
            "<br>",
            "<hr>",
            "<wbr>",
            "<br/>",
            '<sup><a href="#fn1">1</a></sup>',
            "<pre>let it <b>be</b></pre>",
            "</b>",
            "<b>",
            '<iframe src="https://v.example/1" title="A film"></iframe>',
            "<code>a &lt; b</code>",
            "<!-- x -->",
        ]
    ),
)


def _element(name: str, attributes: str, children: list[str]) -> str:
    return f"<{name}{attributes}>{''.join(children)}</{name}>"


NAMES = st.sampled_from(
    [
        "p",
        "ul",
        "li",
        "h2",
        "blockquote",
        "table",
        "tr",
        "td",
        "figure",
        "figcaption",
        "div",
        "a",
        "b",
        "em",
        "span",
        "del",
        "sup",
        "bdi",
    ]
)
FRAGMENTS = st.recursive(
    LEAVES, lambda inner: st.builds(_element, NAMES, ATTRIBUTES, st.lists(inner, max_size=5)), max_leaves=30
)


@given(st.lists(FRAGMENTS, max_size=6).map("".join))
@settings(deadline=None, max_examples=150)
def test_restoring_the_sources_gives_the_body_byte_for_byte(body):
    document = cut(body, title="A title")
    keys = [each.key for each in document.segments]
    assert len(set(keys)) == len(keys)
    assert segment.restore(document, {each.key: each.source for each in document.segments}) == body
    assert segment.restore(document, {}) == body


@given(st.text(max_size=60))
@settings(deadline=None, max_examples=150)
def test_any_text_at_all_survives(body):
    assert segment.restore(cut(body), {}) == body


@given(st.text(max_size=30))
def test_any_target_of_an_attribute_is_escaped_within_its_quotes(text):
    document = cut('<img alt="A boat" src="b.png">')
    assert segment.restore(document, {"b1.alt": text}) == f'<img alt={quoted(text)} src="b.png">'


def test_the_title_the_summary_and_the_image_text_come_first_where_not_empty():
    document = cut("<p>Text</p>", title="Tide", summary="", image_alt="A boat")
    assert [(s.key, s.kind, s.markup) for s in document.segments] == [
        ("title", SegmentKind.TITLE, False),
        ("image_alt", SegmentKind.IMAGE_ALT, False),
        ("b1", SegmentKind.TEXT, True),
    ]


def test_inline_content_is_one_segment_with_its_markup():
    assert texts('<p>The <a href="/r">wide <em>river</em></a> rose.</p>') == [
        'The <a href="/r">wide <em>river</em></a> rose.'
    ]


def test_blocks_and_line_breaks_part_segments():
    assert texts("<ul><li>One<ul><li>Two</li></ul> three<br>four</li></ul>") == ["One", "Two", "three", "four"]


def test_an_inline_element_around_a_break_stays_in_the_skeleton():
    document = cut("<p>a <strong>bold one<br>bold two</strong> end</p>")
    assert [s.source for s in document.segments] == ["a", "bold one", "bold two", "end"]
    assert "<strong><?b2?><br><?b3?></strong>" in document.skeleton


def test_white_space_around_a_run_stays_in_the_skeleton():
    document = cut("<p>\n &nbsp;The river \xa0&#160;</p>")
    assert document.skeleton == "<p>\n &nbsp;<?b1?> \xa0&#160;</p>"


@pytest.mark.parametrize(
    "body",
    [
        "<p>12 &amp; 13 — &nbsp;</p>",
        "<pre>some <b>code</b></pre>",
        "<video><p>no film</p></video>",
        '<div translate="no"><p>Keep</p></div>',
        '<blockquote lang="ar"><p>نص</p></blockquote>',
        "<p><code>make test</code></p>",
        '<p translate="no" title="Keep">Keep</p>',
    ],
)
def test_what_is_not_for_translating_is_no_segment(body):
    assert texts(body) == []


def test_an_element_in_the_language_of_the_article_is_translated():
    assert texts('<p lang="en-GB">Harbour</p>') == ["Harbour"]


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        ("<h3>x y</h3>", SegmentKind.HEADLINE),
        ("<figure><figcaption>x y</figcaption></figure>", SegmentKind.CAPTION),
        ("<table><tr><td><p>x y</p></td></tr></table>", SegmentKind.CELL),
        ("<table><caption>x y</caption></table>", SegmentKind.CAPTION),
        ("<h2>a</h2><p>x y</p>", SegmentKind.TEXT),
    ],
)
def test_the_kind_is_that_of_the_element_around(body, kind):
    assert cut(body).segments[-1].kind is kind


def test_attributes_inside_a_run_are_segments_of_their_own_and_come_back_into_moved_tags():
    document = cut('<p>See <a href="/a" title="A tip">this</a> <img src="b" alt="A boat"> now</p>')
    assert [s.source for s in document.segments[1:]] == ["A tip", "A boat"]
    moved = '<img src="b" alt="A boat"> Veja <a href="/a" title="A tip">isto</a>'
    targets = {"b1": moved, "b2.title": 'Uma "dica"', "b3.alt": "Um barco"}
    assert segment.restore(document, targets) == (
        '<p><img src="b" alt="Um barco"> Veja <a href="/a" title="Uma &quot;dica&quot;">isto</a></p>'
    )


def test_two_tags_with_the_same_text_get_their_own_attributes_in_order():
    document = cut('<p>x <img alt="Icon"> y <img alt="Icon"></p>')
    targets = {"b2.alt": "Um", "b3.alt": "Dois"}
    assert segment.restore(document, targets) == '<p>x <img alt="Um"> y <img alt="Dois"></p>'


def test_a_translated_attribute_without_quotes_gets_them():
    assert segment.restore(cut("<img alt=boat src=b>"), {"b1.alt": "um barco"}) == '<img alt="um barco" src=b>'


@pytest.mark.parametrize(
    ("body", "key", "kind"),
    [
        ('<img alt="A boat">', "b1.alt", SegmentKind.ATTRIBUTE),
        ('<p><a href="/x" title="A tip">7</a></p>', "b1.title", SegmentKind.ATTRIBUTE),
        ('<input placeholder="Your name">', "b1.placeholder", SegmentKind.ATTRIBUTE),
        ('<table summary="Levels by day"></table>', "b1.summary", SegmentKind.ATTRIBUTE),
        ('<nav aria-label="Pages"></nav>', "b1.aria-label", SegmentKind.ATTRIBUTE),
        ("<table><caption>Levels</caption></table>", "b1", SegmentKind.CAPTION),
        ("<figure><figcaption>A boat</figcaption></figure>", "b1", SegmentKind.CAPTION),
        ("<h2>The tide</h2>", "b1", SegmentKind.HEADLINE),
    ],
)
def test_all_that_a_reader_sees_or_hears_is_a_segment(body, key, kind):
    [each] = cut(body).segments
    assert (each.key, each.kind) == (key, kind)
    assert "Ö" in segment.restore(cut(body), {key: "Ö"})


@pytest.mark.parametrize(
    "body",
    [
        "<p>a <b>b <i>c</b> d</i> e</p>",
        "<p>a <b>b</p><p>c <i>d</p>",
        "<b><i><u>" * 20 + "deep" + "</u></i></b>" * 20,
        "<p>x<b>y</b><i>z</i><b></b>w</p>",
        "<p>\u2067שלום\u2069 &amp;nbsp; &#160;12&nbsp;kg &lt;b&gt;</p>",
    ],
)
def test_unclosed_nested_adjacent_and_bidirectional_text_survives_byte_for_byte(body):
    document = cut(body)
    assert segment.restore(document, {each.key: each.source for each in document.segments}) == body


def test_five_thousand_segments_and_one_huge_paragraph_are_cut():
    many = cut("<p>One <b>two</b> three</p>" * 5000)
    assert len(many.segments) == 5000
    huge = "<p>" + "word <b>bold</b> " * 12_000 + "</p>"
    assert segment.restore(cut(huge), {}) == huge
