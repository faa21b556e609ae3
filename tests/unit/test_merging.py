"""Texts compared and put together word by word: what the editor shows of a clash and of an update."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.desk import marked, merging
from pipeline.desk.coded import Coder
from pipeline.desk.updates import paired
from pipeline.documents import Segment, SegmentKind

BEGAN = "O {1}barco{/1} saiu do {2}porto{/2} ontem."
TAGS = {1: '<a href="https://example.org/">', 2: "<strong>"}


@pytest.mark.parametrize(
    ("ancestor", "theirs", "yours", "both"),
    [
        (BEGAN, BEGAN.replace("barco", "navio"), f"{BEGAN} Sim.", BEGAN.replace("barco", "navio") + " Sim."),
        (BEGAN, BEGAN, "Saiu.", "Saiu."),
        (BEGAN, BEGAN.replace("barco", "navio"), BEGAN.replace("barco", "navio"), BEGAN.replace("barco", "navio")),
        ("a b c", "a c", "a b d", "a d"),
        ("a b c", "x b c", "a b y", "x b y"),
        (BEGAN, BEGAN.replace("barco", "navio"), BEGAN.replace("barco", "vapor"), ""),
        ("a b", "a x b", "a y b", ""),
        ("船开了", "大船开了", "船开走了", "大船开走了"),
        ("کشتی کل روانہ ہوئی", "کشتی آج روانہ ہوئی", "کشتی کل روانہ ہو گئی", "کشتی آج روانہ ہو گئی"),
    ],
)  # fmt: skip
def test_changes_that_do_not_touch_come_together(ancestor, theirs, yours, both):
    """Where both changed the same words in another way nothing is proposed, but said what they are."""
    merged = merging.merge(ancestor, theirs, yours)
    assert merged.text == both
    assert bool(merged.overlaps) == (not both)


WORDS = st.lists(st.sampled_from(["a", "b", "c", " ", "{1}", "{/1}", ".", "{{"]), max_size=12).map("".join)


@given(WORDS, WORDS, WORDS)
def test_merging_loses_nobodys_text_and_takes_no_sides(ancestor, theirs, yours):
    """Who changed nothing takes the other's text; the order of the two does not matter."""
    assert merging.merge(ancestor, theirs, ancestor).text == theirs
    assert merging.merge(ancestor, ancestor, yours).text == yours
    one, other = merging.merge(ancestor, theirs, yours), merging.merge(ancestor, yours, theirs)
    assert one.text == other.text
    assert len(one.overlaps) == len(other.overlaps)


@given(WORDS, WORDS)
def test_differences_hold_both_texts(old, new):
    """Without what came in it is the old one, without what went the new one."""
    shown = str(marked.differences(old, new))
    read = lambda text: re.sub(r"<[^>]*>", "", text).replace("␣␣", "  ").replace("␣", " ")  # noqa: E731
    plain = [marked.words(marked.tokens(text)).replace(" ", "") for text in (old, new)]
    assert read(re.sub("<ins>.*?</ins>", "", shown)).replace(" ", "") == plain[0]
    assert read(re.sub("<del>.*?</del>", "", shown)).replace(" ", "") == plain[1]


def test_a_merged_text_that_loses_a_link_is_not_proposed():
    """Theirs moved the link to words that yours has taken out."""
    segment = Segment("b1", SegmentKind.TEXT, 'The <a href="https://example.org/">boat</a> left early today.', True)
    coder = Coder({"b1": segment})
    link = '<a href="https://example.org/">{}</a>'
    shown = merging.clash(
        coder,
        "b1",
        f"O {link.format('barco')} saiu cedo hoje.",
        f"O barco saiu {link.format('cedo')} hoje.",
        f"O {link.format('barco')} saiu hoje.",
    )
    assert shown.merged == ""
    good = merging.clash(
        coder,
        "b1",
        f"O {link.format('barco')} saiu cedo hoje.",
        f"O {link.format('navio')} saiu cedo hoje.",
        f"O {link.format('barco')} saiu cedo ontem &amp; &lt;b&gt;.",
    )
    assert good.merged == "O {1}navio{/1} saiu cedo ontem & <b>."
    assert '<ins class="yours">ontem &amp; &lt;b&gt;</ins>' in good.proposal


def test_texts_are_never_markup_in_what_is_shown():
    """Whatever they hold."""
    for shown in (
        marked.differences("<img src=x>", "<script>alert(1)</script>", TAGS),
        marked.excerpt("<img src=x>", "<script>alert(1)</script>"),
        marked.owned([("<script>", "theirs")], TAGS),
    ):
        assert "<script" not in shown
        assert "<img" not in shown


def test_spaces_that_nobody_sees_are_shown_where_they_change():
    """Two in a row, and no-break ones."""
    assert marked.hunks("barco  saiu", "barco saiu") == [marked.Hunk("barco␣␣saiu", "barco saiu")]
    assert marked.hunks("sai?", "sai\u202f?") == [marked.Hunk("sai?", "sai⍽?")]


def test_a_link_that_has_moved_is_marked():
    """Though no word has changed."""
    shown = marked.differences("O {1}barco{/1} de pesca saiu", "O barco de pesca {1}saiu{/1}", TAGS)
    assert 'class="c c-a moved"' in shown


def test_very_long_texts_are_told_apart_at_once():
    """As wholes in their middle: comparing each word with each would take minutes."""
    one, other = (" ".join(f"{letter}{number}" for number in range(20_000)) for letter in "ab")
    steps = marked.opcodes(marked.tokens(f"x {one} y"), marked.tokens(f"x {other} y"))
    assert [step[0] for step in steps] == ["equal", "replace", "equal"]


def segments(*sources: str) -> list[Segment]:
    """Paragraphs of an article, numbered as they come."""
    return [Segment(f"b{at}", SegmentKind.TEXT, source, True) for at, source in enumerate(sources, 1)]


def test_segments_are_found_again_when_paragraphs_come_and_go():
    """By their source, wherever they stand; a changed one by what it is like, between the same neighbours."""
    old = segments("The river rose.", "Nobody was hurt.", "It rained.", "The end.")
    new = segments("A new beginning, quite another.", "The river rose.", "Nobody was badly hurt.", "The end.")
    pairs = {key: each.source for key, each in paired(old, new).items()}
    assert pairs == {"b2": "The river rose.", "b3": "Nobody was hurt.", "b4": "The end."}


def test_the_title_is_the_title_whatever_it_says():
    """Fields of the article have no neighbours."""
    old, new = (Segment("title", SegmentKind.TITLE, each, False) for each in ("Tide report", "Storm"))
    assert paired([old], [new]) == {"title": old}


def test_many_segments_without_likeness_are_paired_in_no_time():
    """A few of each gap are looked at, and no more."""
    old, new = segments(*(f"old {n}" for n in range(5_000))), segments(*(f"quite {n} another" for n in range(5_000)))
    assert len(paired(old, new)) <= 5_000
