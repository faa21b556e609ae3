"""Where spans of a sentence stand in its translation, with and without a word aligner."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.stages.translate.align import MOST_PAIRS
from pipeline.stages.translate.project import NoPlaceError, Projection, Span
from pipeline.stages.translate.words import joins

PAIR = ("en", "pt")


class Dictionary:
    """An aligner that knows some words."""

    def __init__(self, **known: str) -> None:
        self.known, self.calls = known, 0

    def strengths(self, source: Sequence[str], target: Sequence[str]) -> list[list[float]]:
        self.calls += 1
        return [[0.9 * (self.known.get(one) == two) for two in target] for one in source]


def spans(marked: str, own: dict[str, str]) -> tuple[str, list[Span]]:
    """``a [big] boat`` as plain text with its spans, numbered from 0; brackets may be nested."""
    text, found, opened = "", [], []
    for part in re.split(r"([\[\]])", marked):
        if part == "[":
            found.append((len(text), opened[-1] if opened else -1))
            opened.append(len(found) - 1)
        elif part == "]":
            start, parent = found[opened[-1]]
            inner = text[start:]
            found[opened.pop()] = Span(0, parent, start, len(text), own.get(inner, ""))
        else:
            text += part
    return text, [Span(key, s.parent, s.start, s.end, s.own) for key, s in enumerate(found)]


def placed(marked: str, target: str, own: dict[str, str] | None = None, aligner: Dictionary | None = None) -> list[str]:
    """What each span covers, with the evidence for it: ``barco (own)``."""
    source, wanted = spans(marked, own or {})
    places = Projection(source, target, PAIR, aligner).place(wanted)
    return [f"{target[places[s.key].start : places[s.key].end]} ({places[s.key].evidence})" for s in wanted]


@pytest.mark.parametrize(
    ("marked", "target", "own", "known", "unsure"),
    [
        ("[All of it.]", "Tudo isso.", {}, {}, set()),
        ("We saw [Ana] today", "Hoje vimos Ana", {}, {}, set()),
        ("the [boat] left", "o barco partiu", {"boat": "barco"}, {}, set()),
        ("the [boat] left", "o barco partiu", {}, {}, {0}),
        ("the [boat] left", "o barco partiu", {"boat": "navio"}, {}, set()),
        ("the [boat] left", "o barco partiu", {}, {"boat": "barco", "left": "partiu"}, set()),
        ("a [boat] saw a ship", "um barco viu um navio", {}, {"boat": "barco", "ship": "navio"}, set()),
        ("a [boat] saw a ship", "um barco viu um barco", {}, {"boat": "barco", "ship": "barco"}, set()),
        ("the [old boat] left", "o barco partiu", {}, {"boat": "barco", "old": "partiu"}, {0}),
        ("the [boat] [left]", "o barco partiu", {"boat": "barco"}, {}, {1}),
    ],
)
def test_spans_whose_places_their_own_translation_might_change_are_named(marked, target, own, known, unsure):
    source, wanted = spans(marked, own)
    projection = Projection(source, target, PAIR, Dictionary(**known))
    projection.place(wanted)
    assert projection.unsure == unsure


@pytest.mark.parametrize(
    ("marked", "target", "own", "expected"),
    [
        ("[All of it.]", "Tudo isso.", {}, "Tudo isso. (whole)"),
        ("We saw [Ana] today", "Hoje vimos Ana", {}, "Ana (verbatim)"),
        ("the [boat] left", "o barco partiu", {"boat": "barco"}, "barco (own)"),
        ("the [boats] left", "os barcos partiram", {"boats": "barco"}, "barcos (fuzzy)"),
        ("it cost [6,200 crowns]", "custou 6.200 coroas", {"6,200 crowns": "6200 coroa"}, "6.200 coroas (fuzzy)"),
        ("aaa [bbb] ccc", "xxx yyy zzz", {}, "yyy (position)"),
    ],
)  # fmt: skip
def test_each_kind_of_evidence_is_told(marked, target, own, expected):
    assert placed(marked, target, own) == [expected]


def test_an_aligner_finds_words_that_nothing_else_knows():
    """Adjective and noun change places: by position it would be the hand."""
    known = Dictionary(flat="plana", hand="mão", move="mova", water="água")
    marked, target = "move a [flat] hand through the water", "mova uma mão plana pela água"
    assert placed(marked, target, {"flat": "apartamento"}, known) == ["plana (aligned)"]


def test_what_belongs_to_others_is_left_to_them():
    """A word that the aligner gives to a neighbour is not taken, though it is nearer."""
    known = Dictionary(village="aldeia", was="estava", whole="toda", noon="meio-dia")
    marked, target = "by noon the [whole village] was there", "ao meio-dia toda a aldeia estava lá"
    assert placed(marked, target, {"whole village": "aldeia inteira"}, known) == ["toda a aldeia (aligned)"]


def test_a_negation_stays_in_the_span():
    own = {"not measured": "não medido"}
    known = Dictionary(measured="medido", **{"not": "não"}, flow="fluxo")
    assert placed("the flow is [not measured] here", "o fluxo não é medido aqui", own, known)[0].startswith(
        "não é medido"
    )


def test_a_window_does_not_cross_a_comma_that_the_span_has_not():
    own = {"silver-plated ladle": "concha banhada a prata"}
    [found] = placed(
        "the [silver-plated ladle], awarded in spring, had vanished",
        "a pá banhada a prata, concedida na primavera, tinha desaparecido",
        own,
    )
    assert "," not in found
    assert "banhada a prata" in found


def test_a_preposition_at_the_beginning_is_kept():
    own = {"by hand": "pela mão"}
    assert placed("copied [by hand] from a book", "copiada à mão de um livro", own)[0].startswith("à mão")


def test_comparatives_keep_their_word_for_more():
    own = {"highest": "mais alto"}
    known = Dictionary(highest="elevados", levels="níveis")
    assert placed("the [highest] levels", "os níveis mais elevados", own, known)[0].startswith("mais elevados")


def test_spans_in_text_that_was_not_translated_keep_their_words():
    assert placed("had written [Count [me] in]", "tinha escrito Count me in", {"me": "eu"}) == [
        "Count me in (verbatim)",
        "me (verbatim)",
    ]


def test_the_aligner_is_asked_only_where_the_very_words_are_not_found():
    known = Dictionary()
    placed("the [boat] left [Ana]", "o barco deixou Ana", {"boat": "barco"}, known)
    assert known.calls == 0
    placed("the [red] and [green] boat", "o barco vermelho e verde", {}, known)
    assert known.calls == 1


def test_each_span_gets_a_word_even_when_they_want_the_same():
    found = placed("[one] [two] [three]", "um dois três", {"one": "um", "two": "um", "three": "um"})
    assert sorted(text.split(" ")[0] for text in found) == ["dois", "três", "um"]


def test_too_few_words_are_no_place():
    with pytest.raises(NoPlaceError):
        placed("[one] [two]", "um", {})


def test_a_sentence_too_long_to_weigh_is_placed_by_position():
    """An engine's garbage must not take seconds: a thousand words of source against as many of target."""
    known = Dictionary()
    length = int(MOST_PAIRS**0.5) + 10
    marked = " ".join(["[word]", *(f"w{n}" for n in range(length))])
    assert placed(marked, " ".join(f"p{n}" for n in range(length)), {}, known) == ["p0 (position)"]
    assert known.calls == 0


def test_an_anchor_after_function_words_stands_after_what_they_belong_to():
    source, target = "lines that start with are comments", "linhas que começam são comentários"
    projection = Projection(source, target, PAIR, Dictionary(start="começam", comments="comentários", lines="linhas"))
    projection.place([])
    assert target[: projection.anchor(source.index(" are"), -1, "")] == "linhas que começam"


def test_a_span_that_goes_on_reaches_the_edge_of_its_sentence():
    source, target = "the boat saw it", "o barco viu isso"
    going = Projection(source, target, PAIR).place([Span(0, -1, 9, 15, "viu", to_end=True)])[0]
    coming = Projection(source, target, PAIR).place([Span(0, -1, 0, 8, "barco", from_start=True)])[0]
    assert (target[going.start : going.end], target[coming.start : coming.end]) == ("viu isso", "o barco")


TEXT = st.lists(
    st.sampled_from(["river", "rio", "de", "the", "não", "12", "1,5", "日本", "हिन्दी", "well-kept", "“hi”", "é", ","]),
    min_size=1,
    max_size=12,
).map(" ".join)  # fmt: skip


@given(TEXT, TEXT, st.data())
def test_places_lie_in_the_text_apart_from_each_other_and_cut_no_word(source, target, data):
    """Whatever an engine answers."""
    edges = sorted(set(data.draw(st.lists(st.integers(0, len(source)), max_size=8))))
    edges = [at for at in edges if not 0 < at < len(source) or not joins(source[at - 1], source[at])]
    ranges = [(start, end) for start, end in zip(edges[::2], edges[1::2], strict=False) if source[start:end].strip()]
    wanted = [Span(key, -1, start, end, data.draw(TEXT)) for key, (start, end) in enumerate(ranges)]
    aligner = Dictionary(river="rio", the="de") if data.draw(st.booleans()) else None
    try:
        places = Projection(source, target, PAIR, aligner).place(wanted)
    except NoPlaceError:
        return
    assert places.keys() == {span.key for span in wanted}
    ordered = sorted(places.values(), key=lambda place: place.start)
    for place in ordered:
        assert 0 <= place.start < place.end <= len(target)
        assert not any(0 < at < len(target) and joins(target[at - 1], target[at]) for at in (place.start, place.end))
    assert all(one.end <= two.start for one, two in pairwise(ordered))
