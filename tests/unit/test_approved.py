"""The normal form of approved segments, and how they stand in a text again."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.documents import CleanDocument, Metadata, Segment, SegmentKind
from pipeline.stages import segment as segmenting
from pipeline.stages.markup import Kind
from pipeline.stages.translate import approved

PAIR = ("en", "pt")


def run(source: str, kind: SegmentKind = SegmentKind.TEXT) -> Segment:
    """A segment with markup."""
    return Segment("b1", kind, source, markup=True)


def plain(source: str, kind: SegmentKind = SegmentKind.TITLE) -> Segment:
    """A segment of plain text."""
    return Segment("title", kind, source, markup=False)


def cut(body: str, **metadata):
    return segmenting.segment(CleanDocument(Metadata(**{"language": "en", **metadata}), body))


@pytest.mark.parametrize(
    ("source", "normal"),
    [
        ('Read <a href="/a">the <em>report</em></a>.', "Read {1}the {2}report{/2}{/1}."),
        ('A <img src="x.jpg" alt="boat"> boat', "A {1/} boat"),
        ("Salt &amp; &lt;water&gt;", "Salt & <water>"),
        ("  two\n  lines&nbsp;and \u00a0 more ", "two lines and more"),
        ("{youtube}id{/youtube} {1}", "{{youtube}}id{{/youtube}} {{1}}"),
        ("Cafe\u0301", "Café"),
    ],
)
def test_the_normal_form_has_codes_for_elements_and_no_entities(source, normal):
    """Attributes, entities, sorts of white space and composition of letters don't belong to it."""
    assert approved.normal(run(source)) == normal


def test_a_title_and_a_heading_of_the_same_words_have_the_same_normal_form():
    """Plain text is not escaped, a run is."""
    assert approved.normal(plain("Salt & water")) == approved.normal(run("Salt &amp; water"))


@pytest.mark.parametrize("broken", ["<b>water", "water</b>", "<b><i>water</b></i>"])
def test_what_is_not_well_nested_has_no_normal_form(broken):
    """It is neither remembered nor recognised."""
    assert approved.normal(run(broken)) == ""
    assert approved.normal_target(run("<b>water</b>"), broken) == ""


def test_a_changed_link_is_filled_in():
    """The sentence was approved; where its link leads is the article's business."""
    before = run('Read <a href="/old">the report</a>.')
    after = run('Read <a href="/new" title="t">the report</a>.')
    target = approved.normal_target(before, 'Leia <a href="/old">o relatório</a>.')
    assert approved.normal(before) == approved.normal(after)
    assert approved.fill(after, target) == 'Leia <a href="/new" title="t">o relatório</a>.'
    assert approved.problems(after, approved.fill(after, target)) == []


def test_elements_keep_their_numbers_when_a_translation_changes_their_order():
    """The code says which element it is, not where it stands."""
    source = run('<a href="/1">One</a> and <a href="/2">two</a>')
    target = approved.normal_target(source, '<a href="/2">dois</a> e <a href="/1">um</a>')
    assert target == "{2}dois{/2} e {1}um{/1}"


def test_elements_of_existing_translations_are_recognised_by_name():
    """A page translated by hand links to other pages."""
    source = run('See <em>the</em> <a href="/en/rivers">rivers</a>')
    assert approved.normal_target(source, 'Ver <em>os</em> <a href="/pt/rios">rios</a>') == "Ver {1}os{/1} {2}rios{/2}"
    assert approved.normal_target(source, "Ver <strong>os</strong> rios") == ""


def test_literals_are_taken_from_the_segment_itself():
    """White space in code is meant."""
    before, after = run("Run <code>ls -l</code> now"), run("Run <code>ls  -l</code> now")
    target = approved.normal_target(before, "Execute <code>ls -l</code> agora")
    assert approved.normal(before) == approved.normal(after)
    assert approved.fill(after, target) == "Execute <code>ls  -l</code> agora"


@pytest.mark.parametrize("target", ["Leia {2}isto{/2}", "Leia {1/}{1", "{9999/}"])
def test_codes_that_the_segment_lacks_fill_nothing_or_are_told(target):
    """A target of another source never gets through."""
    source = run("Read <b>this</b>")
    assert approved.fill(source, target) == ""


def test_a_plain_segment_takes_no_codes():
    """An attribute can't hold an element."""
    assert approved.fill(plain("Read this"), "Leia {1}isto{/1}") == ""
    assert approved.fill(plain("Read {this}"), "Leia {{isto}} & <b>") == "Leia {isto} & <b>"


WORDS = st.text(st.sampled_from("ab {}&<1/é水\u00a0\n"), min_size=1, max_size=8)
TAGS = st.sampled_from(["em", "b", 'a href="/x"', "code", 'span lang="fr"'])


def _element(inner):
    return st.builds(lambda tag, body: f"<{tag}>{body}</{tag.split()[0]}>", TAGS, inner)


HTML = st.recursive(
    WORDS.map(lambda text: text.replace("&", "&amp;").replace("<", "&lt;")),
    lambda inner: st.lists(st.one_of(inner, _element(inner), st.just("<br>")), min_size=1, max_size=4).map("".join),
    max_leaves=8,
)


@settings(max_examples=200, deadline=None)
@given(HTML)
def test_what_was_approved_stands_again_with_all_its_elements(html):
    """Normal form and back: nothing is lost, nothing breaks, and a second time gives the same."""
    segment = run(html)
    target = approved.normal_target(segment, html)
    filled = approved.fill(segment, target)
    assert bool(filled) == bool(target)
    if filled:
        assert approved.problems(run(html.strip()), filled) == []
        assert approved.normal(run(filled)) == approved.normal(segment)
        assert approved.normal_target(segment, filled) == target


def test_the_context_is_both_neighbours_and_not_the_attributes():
    """A changed alternative text of a picture leaves the sentences around it in their context."""
    first = cut('<p>The tide rose.</p><p><img src="a.jpg" alt="A boat"> Nobody was hurt.</p><p>It fell.</p>', title="T")
    other = cut(
        '<p>The tide rose.</p><p><img src="a.jpg" alt="Two boats"> Nobody was hurt.</p><p>It fell.</p>', title="T"
    )
    known, theirs = approved.known(first), approved.known(other)
    body = [each.key for each in first.segments if each.kind is SegmentKind.TEXT]
    assert [known[key] for key in body] == [theirs[key] for key in body]


def test_a_changed_neighbour_changes_the_context():
    """Of the segments beside it, and of no other."""
    body = "<p>One came.</p><p>Two came.</p><p>Three came.</p><p>{}</p>"
    first = approved.known(cut(body.format("Four came."), title=""))
    other = approved.known(cut(body.format("Nobody came."), title=""))
    assert [first[key].context == other[key].context for key in first] == [True, True, False, True]


def test_a_segment_alone_has_no_context():
    """Nothing around it says what it means."""
    [only] = approved.known(cut("<p>Yes</p>", title="")).values()
    assert only.context == ""


def test_an_article_is_at_home_under_its_key_or_address():
    """Its next revision is recognised; an article without either has none."""
    assert approved.home(Metadata(key="a")) == approved.home(Metadata(key="a", canonical_url="https://x.example"))
    assert approved.home(Metadata(canonical_url="https://x.example")) != approved.home(Metadata(key="a"))
    assert approved.home(Metadata(title="a")) == ""


@pytest.mark.parametrize(
    ("kind", "text", "ambiguous"),
    [
        (SegmentKind.HEADLINE, "The river has come back to us", True),
        (SegmentKind.TITLE, "The river has come back to us", True),
        (SegmentKind.CELL, "Watch", True),
        (SegmentKind.CELL, "12 {1}watch{/1}", True),
        (SegmentKind.TEXT, "Nobody was hurt.", False),
        (SegmentKind.CELL, "水", True),
        (SegmentKind.TEXT, "昨夜河水上涨了两米", False),
    ],
)
def test_headlines_and_single_words_are_ambiguous(kind, text, ambiguous):
    """They are translated by what stands around them."""
    assert approved.is_ambiguous(kind, text) is ambiguous


def test_likeness_counts_letters_and_not_codes():
    """The same words with other codes are nearly the same; other words are not."""
    assert approved.likeness("The {1}tide{/1} rose", "The {1}tide{/1} rose") == 1
    assert approved.likeness("The {1}tide{/1} rose", "the tide {1}rose{/1}") == 0.99
    assert approved.likeness("The tide rose", "A mule convoy") < 0.5


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (
            "The evaluation of the floating clinic took eleven weeks and four boats.",
            "The evaluation of the floating clinic took twelve weeks and four boats.",
        ),
        ("昨夜河水上涨了两米,没有人受伤。", "昨夜河水上涨了三米,没有人受伤。"),
    ],
)
def test_texts_that_share_most_words_share_much_of_their_sketch(first, second):
    """That is how they find each other among hundreds of thousands."""
    shared = set(approved.sketch(PAIR, first)) & set(approved.sketch(PAIR, second, approved.ASKED))
    assert len(shared) >= 3


def test_a_sketch_is_of_one_pair_of_languages():
    """The same text in another pair is found by nobody."""
    assert not set(approved.sketch(("en", "pt"), "water and boats")) & set(approved.sketch(("en", "es"), "water boats"))
    assert approved.sketch(PAIR, "") == ()
    assert all(0 <= number < 2**63 for number in approved.sketch(PAIR, "one two three four five six seven eight"))


def test_elements_are_paired_in_linear_time():
    """The numbers that were taken are looked up, not compared one by one."""

    class Number(int):
        compared = 0

        def __eq__(self, other):
            Number.compared += 1
            return int(self) == int(other)

        __hash__ = int.__hash__

    parts = [approved._Part(Kind.VOID, f'<img src="{n}">', Number(n)) for n in range(2000)]
    others = [approved._Part(Kind.VOID, f'<img src="{2 * n}">', Number(n)) for n in range(2000)]
    assert len(approved._paired(parts, others)) == 2000
    assert Number.compared < 20_000
