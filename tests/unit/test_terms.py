"""Glossary terms: found in the source, looked for in the translation, put in where they are missing, and checked."""

from __future__ import annotations

import random
import re
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.documents import (
    CleanDocument,
    Failure,
    Hop,
    Metadata,
    Origin,
    Route,
    Segment,
    SegmentKind,
    Severity,
    Term,
    TranslatedSegment,
)
from pipeline.engines.firefox import FirefoxEngine
from pipeline.stages import check, segment
from pipeline.stages.check.glossary import Glossary as GlossaryCheck
from pipeline.stages.translate import Resources, taken, terms, translate, verify
from pipeline.stages.translate.terms import Fault, glossary, overlaid, related

ROUTE = Route("en", "pt", (Hop("fake", "en", "pt", "m", "0" * 16),))
TABLE = Term("tide table", "tabela de marés", forbidden=("mesa de maré",))
TABLES = Term("tide tables", "tabelas de marés")
TIDE = Term("tide", "maré")
RELIEF = Term("Tidewater Relief", "Tidewater Relief", exact_case=True)


def found(text, *known):
    """The terms in a text, each as it stands there."""
    return [(hit.term.source, text[hit.start : hit.end]) for hit in glossary(known, "en", "pt").find(text)]


def faults(source, target, *known, language="pt"):
    known_terms = glossary(known, "en", language)
    return [(p.term.source, p.fault) for p in known_terms.problems(source, known_terms.find(source), target)]


# --- in the source ---


@pytest.mark.parametrize(
    "text",
    [
        "tide table",
        "Tide Table",
        "TIDE TABLE",
        "A tide\n table.",
        "(tide table)",
        "“tide table”",
        "the tide table’s end",
    ],
)
def test_a_term_is_found_whatever_stands_around_it(text):
    [(source, _)] = found(text, TABLE)
    assert source == "tide table"


@pytest.mark.parametrize("text", ["tide, table", "tide", "tidetable", "tide-tables-x", "riptide table", ""])
def test_parts_of_words_and_words_apart_are_no_term(text):
    assert found(text, TABLE) == []


def test_plurals_and_possessives_are_the_term_too():
    """The possessive ending is not a part of it."""
    assert found("Ferries, a ferry’s deck, tide tables.", Term("ferry", "balsa"), TABLE) == [
        ("ferry", "Ferries"),
        ("ferry", "ferry"),
        ("tide table", "tide tables"),
    ]


def test_its_is_no_plural_of_it():
    assert found("its end", Term("IT", "informática")) == []


def test_the_longest_term_is_meant_wherever_it_begins():
    known = (TIDE, TABLE, Term("high tide", "maré alta"), Term("tide table office", "gabinete"), Term("table", "mesa"))
    assert found("high tide table office", *known) == [("tide table office", "tide table office")]
    assert found("high tide table", *known)[0][1] in {"high tide", "tide table"}
    assert found("a table, a tide", *known) == [("table", "table"), ("tide", "tide")]


def test_the_form_that_is_in_the_glossary_wins_over_another_with_an_ending():
    assert found("tide tables", TABLE, TABLES) == [("tide tables", "tide tables")]


def test_exact_case_means_just_so():
    exact = Term("Relief", "Relief", exact_case=True)
    assert found("relief for Relief", exact, Term("relief", "ajuda")) == [("relief", "relief"), ("Relief", "Relief")]


@pytest.mark.parametrize("source", ["C++", ".NET (core)", "AT&T", "a.b*c", "[x]", "\\d+", "^$", "水位", "مد", "Q7A1"])
def test_signs_of_patterns_and_other_scripts_are_found_as_they_are(source):
    text = f"We use {source} here, c here."
    assert found(text, Term(source, "x")) == [(source, source)]


def test_whatever_a_term_is_finding_it_never_fails():
    """A term of signs only is never found."""
    for source in ("", " ", "\x00", "…", "\U000f0000", "a" * 10_000, "\ud800"):
        found("a … \x00 \U000f0000 b", Term(source, "x"))


@given(st.text(max_size=60), st.lists(st.text(min_size=1, max_size=12), max_size=5))
@settings(max_examples=150, deadline=None)
def test_hits_are_in_order_and_never_overlap(text, sources):
    hits = glossary(tuple(Term(source, "x") for source in sources), "en", "pt").find(text)
    for one, next_one in pairwise(hits):
        assert one.end <= next_one.start
    assert all(0 <= hit.start < hit.end <= len(text) for hit in hits)


# --- in the translation ---


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("marés", "maré"),
        ("tabelas", "tabela"),
        ("estações", "estação"),
        ("voluntárias", "voluntário"),
        ("mares", "mar"),
        ("das", "de"),
        ("chevaux", "cheval"),
    ],
)
def test_forms_of_one_word_are_related(one, other):
    assert related(one, other, "pt" if one == "das" else "fr")


@pytest.mark.parametrize(
    ("one", "other"), [("maré", "mar"), ("relatório", "relativo"), ("mesa", "tabela"), ("a", "de")]
)
def test_other_words_are_not(one, other):
    assert not related(one, other, "pt")


def test_arabic_words_have_their_article_in_front():
    assert related("والمتطوعين", "متطوعين", "ar")
    assert not related("والمتطوعين", "متطوعين", "pt")


def test_a_wanted_translation_may_be_inflected_and_in_any_capitals():
    assert faults("A tide table.", "As Tabelas das marés.", TABLE) == []


def test_a_wanted_translation_is_wanted_as_often_as_its_term_stands_there():
    assert faults("One tide, two tides.", "Uma maré, duas.", TIDE) == [("tide", Fault.MISSING)]


def test_a_shorter_translation_is_not_found_in_a_longer_one():
    """“maré” of the second sentence is missing, though “marés” stands in the first."""
    assert faults("The tide table. The tide.", "A tabela de marés. A água.", TIDE, TABLE) == [("tide", Fault.MISSING)]
    assert faults("The tide table. The tide.", "A maré. A tabela de marés.", TIDE, TABLE) == []


def test_what_was_found_does_not_make_neighbours_of_what_was_apart():
    known = (Term("gauge", "régua"), Term("river bed", "leito rio"))
    assert faults("river bed gauge", "leito régua rio", *known) == [("river bed", Fault.MISSING)]


def test_a_forbidden_translation_is_found_but_not_inside_a_wanted_one():
    known = Term("table", "tabela de marés", forbidden=("tabela", "mesas"))
    assert faults("A table.", "Uma tabela de marés.", known) == []
    assert faults("A table.", "Uma tabela de marés, uma tabela.", known) == [("table", Fault.FORBIDDEN)]


def test_a_term_may_only_forbid():
    known = Term("table", "", forbidden=("mesa",))
    assert faults("A table.", "Uma mesa.", known) == [("table", Fault.FORBIDDEN)]
    assert faults("A table.", "Uma banca.", known) == []
    assert faults("A boat.", "Uma mesa.", known) == []


def test_what_is_not_translated_must_stand_there_letter_by_letter():
    assert faults("Tidewater Relief’s boats.", "Os barcos da Tidewater Relief.", RELIEF) == []
    assert faults("Tidewater Relief’s boats.", "Os barcos da tidewater Relief.", RELIEF) == [
        ("Tidewater Relief", Fault.CHANGED)
    ]
    skipper = Term("skipper", "skipper")
    assert faults("THE SKIPPER LEFT", "O SKIPPER PARTIU", skipper) == []
    assert faults("THE SKIPPER LEFT", "O skippers partiu", skipper) == [("skipper", Fault.CHANGED)]


def test_messages_name_the_term_and_what_to_do():
    known = glossary((TABLE, RELIEF), "en", "pt")
    source = "Tidewater Relief has a tide table."
    texts = [p.message for p in known.problems(source, known.find(source), "O Alívio tem uma mesa de maré.")]
    assert texts == [
        "“tide table” should be “tabela de marés” here.",
        "“Tidewater Relief” is not to be translated: it should stand here as it is.",
        "“tide table” should not be “mesa de maré” here: use “tabela de marés”.",
    ]


def problems_work(monkeypatch, source: str, target: str, known: tuple[Term, ...]) -> int:
    """How many characters are cut into words, and how many words are compared, to see what is wrong."""
    work = 0

    def counted(function, cost):
        def call(*args):
            nonlocal work
            work += cost(*args)
            return function(*args)

        return call

    looked_for = glossary(known, "en", "pt")
    hits = looked_for.find(source)
    with monkeypatch.context() as patch:
        for module in (terms, taken):
            patch.setattr(module, "tokenize", counted(taken.tokenize, lambda text, *_: len(text)))
        for name in ("related", "_same"):
            patch.setattr(terms, name, counted(getattr(terms, name), lambda *_: 1))
        looked_for.problems(source, hits, target)
    return work


@pytest.mark.parametrize(
    ("source", "target"),
    [
        ("tide table, ", "tabela de marés, "),
        ("tide table, ", "mesa de maré, "),
        ("the tide table of Tidewater Relief, ", "a tabela de marés da Tidewater Relief-boat, "),
        ("the tide table of Tidewater Relief, ", "nada disso, "),
    ],
)
def test_a_text_full_of_terms_takes_no_more_than_its_length(monkeypatch, source, target):
    """Twice the text is about twice the work; when each term was looked for in the rest anew, it was four times."""
    known = (TABLE, TIDE, RELIEF)
    once, twice = (problems_work(monkeypatch, source * n, target * n, known) for n in (200, 400))
    assert twice < 2.5 * once


@pytest.mark.parametrize(
    ("source", "target", "expected"),
    [
        ("Relief Relief", "Relief", [Fault.CHANGED]),
        ("Relief Relief", "Relief-Relief", []),
        ("Relief Relief boat", "Relief-Relief barco", []),
        ("Relief boat", "Relief-barco", []),
        ("Relief boat", "Reliefbarco", [Fault.CHANGED, Fault.MISSING]),
        ("boat boat Relief", "barco Relief-barco", [Fault.MISSING]),
        ("boat Relief boat", "Relief-barco-Relief", [Fault.MISSING]),
    ],
)
def test_what_is_written_to_a_kept_name_still_counts(source, target, expected):
    known = glossary((Term("Relief", "Relief"), Term("boat", "barco")), "en", "pt")
    assert [each.fault for each in known.problems(source, known.find(source), target)] == expected


# --- into a translation ---


class Memory:
    """One run's."""

    def __init__(self):
        self.known = {}

    def lookup(self, route, sentences):
        return {text: self.known[text] for text in sentences if text in self.known}

    def store(self, route, units):
        self.known.update(units)
        return dict(units)


class Engine:
    """Phrases it knows become others, whatever their capitals; a sentence begins as it did; the rest stays."""

    def __init__(self, **phrases):
        self.asked = []
        self.phrases = {key.replace("_", " "): value for key, value in phrases.items()}

    def __call__(self, route, sentences):
        self.asked += sentences
        yield {text: self.answer(text) for text in sentences}

    def answer(self, text):
        for phrase in sorted(self.phrases, key=len, reverse=True):
            text = re.sub(rf"\b{phrase}\b", lambda match: self.cased(match), text, flags=re.IGNORECASE)
        return text

    def cased(self, match):
        known = {phrase.lower(): target for phrase, target in self.phrases.items()}[match[0].lower()]
        return known[0].upper() + known[1:] if not match.start() and match[0][0].isupper() else known


ENGINE = {"tide_table": "mesa de maré", "the": "a", "is": "está", "late": "atrasada", "and": "e", "boat": "barco"}


def one(source, *known, engine=None, route=ROUTE):
    """The translation of one paragraph."""
    document = segment.segment(CleanDocument(Metadata(language=route.source), f"<p>{source}</p>"))
    [results] = translate([document], route, Memory(), engine or Engine(**ENGINE), Resources(terms=known))
    for each, result in zip(document.segments, results, strict=True):
        assert not verify.problems(each.source, result.target)
        assert "Sectionwire failed" not in result.problem
    return results[0] if results else None


def test_a_sentence_that_has_its_terms_is_asked_for_once():
    engine = Engine(tide_table="tabela das marés")
    assert one("The tide table.", TABLE, engine=engine).target == "The tabela das marés."
    assert engine.asked == ["The tide table."]


def test_a_term_is_put_where_the_engine_has_its_own_word():
    """Nothing else of the engine's sentence changes, and the sentence is not asked for again."""
    engine = Engine(**ENGINE)
    assert one("The tide table is late.", TABLE, engine=engine).target == "A tabela de marés está atrasada."
    assert engine.asked == ["The tide table is late.", "tide table"]


class Contrary(Engine):
    """Says something else of a term in a sentence than of it alone, so that nobody finds it."""

    def answer(self, text):
        return "xyz" if text.lower() == "tide table" else super().answer(text)


def test_a_term_of_which_the_place_is_not_sure_is_masked():
    engine = Contrary(tide_table="ondas", late="atrasada", the="a")
    assert one("the tide table is late", TABLE, engine=engine).target == "a tabela de marés is atrasada"
    assert engine.asked[-1] == "the Q7A1 is late"


def test_an_engine_that_loses_the_mask_is_taken_at_its_first_word():
    class Losing(Contrary):
        def answer(self, text):
            return super().answer(text).replace("Q7A1", "")

    result = one("the tide table is late", TABLE, engine=Losing(tide_table="ondas"))
    assert (result.target, result.origin) == ("the ondas is late", Origin.ENGINE)


def test_an_engine_that_fails_at_the_mask_is_taken_at_its_first_word():
    class Failing(Contrary):
        def answer(self, text):
            return Failure("it hung") if "Q7A1" in text else super().answer(text)

    result = one("the tide table is late", TABLE, engine=Failing(tide_table="ondas"))
    assert (result.target, result.origin, result.problem) == ("the ondas is late", Origin.ENGINE, "")


def test_an_engine_that_fails_altogether_is_told_of_as_without_a_glossary():
    class Failing(Engine):
        def answer(self, text):
            return Failure("it hung")

    assert one("the tide table", TIDE, engine=Failing()).origin is Origin.KEPT


@pytest.mark.parametrize(
    ("source", "target"),
    [
        ("Tide table", "Tabela de marés"),
        ("TIDE TABLE", "TABELA DE MARÉS"),
        ("Tide Table", "Tabela de Marés"),
        ("tide table", "tabela de marés"),
        ("<b>Tide</b> boat: tide table.", "<b>Tide</b> barco: tabela de marés."),
        ("Tide table is late.", "Tabela de marés está atrasada."),
        ("TIDE TABLE IS LATE.", "TABELA DE MARÉS ESTÁ ATRASADA."),
        ("“Tide table”, tide table.", "“Tabela de marés”, tabela de marés."),
    ],
)
def test_a_translation_has_the_capitals_of_its_term(source, target):
    assert one(source, TABLE).target == target


def test_exact_case_leaves_the_translation_as_it_is_written():
    assert one("Tide table late.", Term("Tide table", "iMaré", exact_case=True)).target == "iMaré atrasada."


def test_a_term_at_the_beginning_that_moves_loses_its_capital():
    engine = Engine(Tide_table_is_late="Atrasada está a mesa de maré", tide_table="mesa de maré")
    assert one("Tide table is late", TABLE, engine=engine).target == "Atrasada está a tabela de marés"


@pytest.mark.parametrize(
    ("source", "target"),
    [
        ("The <em>tide table</em> is late.", "A <em>tabela de marés</em> está atrasada."),
        ("The <a href='/x'><b>tide table</b></a> is late.", "A <a href='/x'><b>tabela de marés</b></a> está atrasada."),
        ("<em>The tide table</em> is late.", "<em>A tabela de marés</em> está atrasada."),
        ("A tide table<sup><a href='#1'>1</a></sup> late.", "A tabela de marés<sup><a href='#1'>1</a></sup> atrasada."),
        ("<code>tide table</code> and the boat", "<code>tide table</code> e a barco"),
        ("See https://example.org/tide table and boat", "See https://example.org/tide table e barco"),
        ("A <span translate='no'>tide table</span> and boat", "A <span translate='no'>tide table</span> e barco"),
    ],
    ids=["emphasis", "nested", "a part", "a note", "code", "address", "not for translation"],
)  # fmt: skip
def test_markup_survives_around_terms(source, target):
    assert one(source, TABLE, TIDE).target.replace('"', "'") == target


def test_a_term_that_markup_cuts_is_left_to_the_editor():
    assert one("The tide <b>table</b> is late.", TABLE).target == "A mesa de <b>maré</b> está atrasada."


def test_several_terms_in_several_sentences():
    engine = Engine(tide_table="mesa de maré", boat="navio", late="tarde")
    source = "The tide table and <b>the boat</b>. A boat is late. It is late."
    target = one(source, TABLE, Term("boat", "barco"), engine=engine).target
    assert target == "The tabela de marés and <b>the barco</b>. A barco is tarde. It is tarde."


def test_plain_text_and_html_are_written_each_in_its_way():
    """A target with signs of markup, in text and in an attribute."""
    body = "<p>A boat <img src='x' alt='A boat'> here</p>"
    document = segment.segment(CleanDocument(Metadata(language="en"), body))
    resources = Resources(terms=(Term("boat", 'b"<i>&'),))
    [result] = translate([document], ROUTE, Memory(), Engine(boat="barco"), resources)
    texts = {s.kind: t.target for s, t in zip(document.segments, result, strict=True)}
    assert texts[SegmentKind.ATTRIBUTE] == 'A b"<i>&'
    assert 'A b"&lt;i&gt;&amp;' in texts[SegmentKind.TEXT]


@pytest.mark.parametrize("target", ["Q7A1", "Q7A2 %1", "\\1 \\g(0)", "{0}", "X1"])
def test_a_translation_that_looks_like_a_mask_is_only_text(target):
    engine = Contrary(tide_table="ondas")
    assert one("the tide table is here", Term("tide table", target), engine=engine).target == f"the {target} is here"


def test_initials_that_no_engine_gets_are_translated_all_the_same():
    assert one("Our R&amp;D boat.", Term("R&D", "I&D")).target == "Our I&amp;D barco."


def test_a_plural_that_the_glossary_does_not_know_is_left_to_the_editor():
    """“As tabela de marés” would be worse than what the engine says."""
    assert one("The tide tables.", TABLE, engine=Engine(tide_tables="mesas de maré")).target == "The mesas de maré."


PARTS = ["tide", "table", "tide table", "TIDE TABLE", "boat", "R&amp;D", "<b>tide</b> table", "<em>tide table</em>",
         "<code>tide</code>", "Tide Table.", "!", "<a href='/x'>the boat</a>", "5 km", "<br>", "&lt;b&gt;"]  # fmt: skip


@given(st.lists(st.sampled_from(PARTS), min_size=1, max_size=8), st.booleans())
@settings(max_examples=120, deadline=None)
def test_no_segment_breaks_whatever_terms_it_has(parts, confused):
    """``one`` verifies the markup, and that nothing is a fault of ours."""
    engine = (Contrary if confused else Engine)(**ENGINE, tide="onda")
    one(" ".join(parts), TABLE, TIDE, Term("boat", "bote"), Term("R&D", "I&D"), engine=engine)


# --- the check ---


def checked(source, target, *known, origin=Origin.ENGINE, markup=True):
    document = segment.segment(CleanDocument(Metadata(language="en"), ""))
    one_segment = Segment("b1", SegmentKind.TEXT, source, markup)
    document = type(document)(document.metadata, "", (one_segment,))
    translated = [TranslatedSegment("b1", target, origin)]
    return check.run(document, translated, "en", "pt", known, [GlossaryCheck()])


def test_the_check_warns_of_each_term():
    [finding] = checked("The <b>tide</b> table.", "A <b>mesa</b> da água.", TABLE)
    assert (finding.check, finding.severity, finding.segment) == ("glossary", Severity.WARN, "b1")
    assert finding.message == "“tide table” should be “tabela de marés” here."


@pytest.mark.parametrize("origin", [Origin.PERSON, Origin.MEMORY])
def test_the_check_looks_at_what_people_wrote_too(origin):
    assert checked("The tide table.", "A mesa.", TABLE, origin=origin)


@pytest.mark.parametrize(
    ("source", "target", "origin"),
    [
        ("The tide table.", "A <i>tabela</i> de marés.", Origin.ENGINE),
        ("<code>tide table</code>", "<code>tide table</code>", Origin.ENGINE),
        ("https://example.org/tide-table?tide", "https://example.org/tide-table?tide", Origin.ENGINE),
        ("The tide table.", "The tide table.", Origin.KEPT),
        ("The tide &amp; table.", "A maré.", Origin.ENGINE),
        ("The boat.", "A mesa.", Origin.ENGINE),
    ],
)
def test_the_check_is_silent_where_all_is_well(source, target, origin):
    assert checked(source, target, TABLE, origin=origin) == []


def test_the_check_is_one_of_the_default():
    assert "glossary" in {each.id for each in check.DEFAULT}


# --- section overlays ---

OWN = (Term("tide table", "tábua de marés", forbidden=("quadro de marés",)),)


def laid_over(source, target, base=(TABLE,), own=OWN, *, markup=True):
    one_segment = Segment("b1", SegmentKind.TEXT, source, markup)
    return overlaid([one_segment], {"b1": target}, base, own, ("en", "pt-BR"))["b1"]


@pytest.mark.parametrize(
    ("target", "wanted"),
    [
        ("A tabela de marés.", "A tábua de marés."),
        ("TABELA DE MARÉS", "TÁBUA DE MARÉS"),
        ("Tabela de Marés", "Tábua de Marés"),
        ("<b>Tabela de marés</b>, tabela&nbsp;de marés", "<b>Tábua de marés</b>, tábua de marés"),
        ("Um quadro de marés", "Um tábua de marés"),
        ("<code>tabela de marés</code>", "<code>tabela de marés</code>"),
        ("<a title='tabela de marés'>x</a>", "<a title='tabela de marés'>x</a>"),
        ("tabela <b>de</b> marés", "tabela <b>de</b> marés"),
        ("As tabelas de marés, hortabela de marés", "As tabelas de marés, hortabela de marés"),
    ],
)  # fmt: skip
def test_a_sections_own_term_takes_the_place_of_the_bases(target, wanted):
    assert laid_over("The tide table.", target) == wanted


def test_own_terms_touch_only_what_has_them_in_the_source():
    assert laid_over("The boat.", "A tabela de marés.") == "A tabela de marés."
    assert laid_over("<code>tide table</code>", "A tabela de marés.") == "A tabela de marés."


def test_own_terms_in_plain_text_and_in_html():
    """Signs of markup in terms, in a title and in a paragraph."""
    base, own = (Term("lab", "I & D"),), (Term("lab", "P & <D>"),)
    assert laid_over("A lab", "Um I & D", base, own, markup=False) == "Um P & <D>"
    assert laid_over("A lab", "Um I &amp; D", base, own) == "Um P &amp; &lt;D&gt;"


def test_own_terms_that_swap_words_do_not_run_in_circles():
    base = (Term("bus", "ônibus"), Term("train", "trem"))
    own = (Term("bus", "trem"), Term("train", "ônibus"))
    assert laid_over("A bus, a train", "Um ônibus, um trem", base, own) == "Um trem, um ônibus"


def test_nothing_changes_without_own_terms():
    targets = {"b1": "A tabela de marés."}
    assert overlaid([], targets, (TABLE,), (), ("en", "pt-BR")) == targets


# --- with a real engine ---


@pytest.fixture(scope="module")
def firefox():
    """The model en→pt that comes with Sectionwire."""
    engine = FirefoxEngine(Path("/nonexistent"))

    def answer(route, sentences):
        yield dict(zip(sentences, engine.translate(list(sentences), "en", "pt"), strict=True))

    return answer


@pytest.mark.parametrize(
    ("source", "target"),
    [
        ("Every school has a <em>tide table</em> on the wall.", "<em>tabela de marés</em> na parede."),
        ("Tidewater Relief published new tide tables.", "Tidewater Relief publicou novas tabelas de marés"),
        ("Tide tables help skippers.", "As tabelas de marés ajudam os"),
        ("TIDE TABLES", "TABELAS DE MARÉS"),
        ("Tide table", "Tabela de marés"),
        ("Ask the <strong>duty officer</strong>.", "<strong>piquete</strong>"),
        ("Our R&amp;D team", "I&amp;D"),
    ],
)
def test_real_sentences_get_their_terms_and_keep_their_grammar(firefox, source, target):
    known = (TABLE, TABLES, RELIEF, Term("duty officer", "piquete"), Term("R&D", "I&D"))
    result = one(source, *known, engine=firefox)
    assert target in result.target
    assert checked(source, result.target, *known) == []


def test_thousands_of_terms_are_found_by_words_not_one_by_one():
    """However many terms there are, only those are compared of which the first word stands in the text."""
    rng = random.Random(7)
    letters = "abcdefghijklmnopqrstuvwxyz"
    many = tuple(Term(f"{''.join(rng.choices(letters, k=7))} {number}", "x") for number in range(2_000))
    known = glossary((*many, TABLE), "en", "pt")
    assert not known.may_have("Every school on the river has a board on the wall of each room, and a bell.")
    assert [hit.term for hit in known.find("The tide table on the wall.")] == [TABLE]
    assert glossary(many, "en", "pt") is glossary(many, "en", "pt")
    assert terms.glossary((*many,), "en", "pt") is not known
