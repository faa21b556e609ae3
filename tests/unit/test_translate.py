"""Translate: sentences through memory and engine, and markup back to where it belongs."""

from __future__ import annotations

import random
import re
import unicodedata
from collections import Counter
from html import unescape

import html5lib
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.documents import CleanDocument, Failure, Hop, Metadata, Origin, Route
from pipeline.stages import segment
from pipeline.stages.translate import Resources, as_source, literals, mask, sentences, translate, typography, verify
from pipeline.stages.translate.draft import FAULT
from pipeline.stages.translate.inline import UnreadableError, parse

ROUTE = Route("en", "pt", (Hop("fake", "en", "pt", "m", "0" * 16),))


class DictMemory:
    """A memory as it should be: the first that was stored wins."""

    def __init__(self, known=()):
        self.known = dict(known)

    def lookup(self, route, sentences):
        return {text: self.known[text] for text in sentences if text in self.known}

    def store(self, route, units):
        self.known = {**units, **self.known}
        return {text: self.known[text] for text in units}


class Recorder:
    """An engine made of a function on one sentence; yields batches of seven."""

    def __init__(self, function):
        self.function = function
        self.asked: list[str] = []

    def __call__(self, route, sentences):
        for start in range(0, len(sentences), 7):
            batch = sentences[start : start + 7]
            self.asked += batch
            yield {text: self.function(text) for text in batch}


def glossary(**words):
    """A small honest engine: replaces phrases it knows, longest first; keeps the rest."""
    known = {key.replace("_", " "): value for key, value in words.items()}
    pattern = re.compile("|".join(sorted(map(re.escape, known), key=len, reverse=True)), re.IGNORECASE)
    return lambda text: pattern.sub(lambda match: known[match[0].lower()], text)


def cut(body, **metadata):
    return segment.segment(CleanDocument(Metadata(**{"language": "en", **metadata}), body))


def one(source, function, memory=None, route=ROUTE):
    """The translation of one paragraph."""
    document = cut(f"<p>{source}</p>", language=route.source)
    [result] = translate([document], route, memory or DictMemory(), Recorder(function))
    return result[0]


# --- each distinct sentence once, memory first ---


def test_a_sentence_is_asked_for_once_in_all_documents():
    engine = Recorder(str.upper)
    documents = [cut("<p>The river rose. It fell.</p><p>It fell.</p>", title="It fell."), cut("<p>It fell.</p>")]
    translate(documents, ROUTE, DictMemory(), engine)
    assert sorted(engine.asked) == ["It fell.", "The river rose."]


def test_the_memory_is_asked_first_and_gets_what_is_new():
    memory = DictMemory({"It fell.": "Desceu."})
    engine = Recorder(lambda _: "O rio subiu.")
    [result] = translate([cut("<p>The river rose. It fell.</p><p>It fell.</p>")], ROUTE, memory, engine)
    assert engine.asked == ["The river rose."]
    assert memory.known["The river rose."] == "O rio subiu."
    assert [(s.target, s.origin) for s in result] == [
        ("O rio subiu. Desceu.", Origin.ENGINE),
        ("Desceu.", Origin.MEMORY),
    ]
    assert [s.score for s in result] == [pytest.approx(8 / 23), 1.0]


def test_what_another_worker_stored_first_counts():
    class Raced(DictMemory):
        def store(self, route, units):
            return dict.fromkeys(units, "de outro")

    assert one("The river rose", str.upper, Raced()).target == "de outro"


def test_a_run_that_is_broken_off_goes_on_from_the_last_batch():
    memory = DictMemory()
    document = cut("".join(f"<p>Boat number {n} came</p>" for n in range(20)))
    engine = Recorder(str.upper)

    def dying(route, sentences):
        batches = iter(engine(route, sentences))
        yield from (next(batches), next(batches))
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        translate([document], ROUTE, memory, dying)
    assert len(memory.known) == 14
    rest = Recorder(str.upper)
    [result] = translate([document], ROUTE, memory, rest)
    assert len(rest.asked) == 6
    assert all(s.origin is not Origin.KEPT for s in result)


def test_nothing_to_translate_asks_nobody():
    engine = Recorder(str.upper)
    document = cut("<p>https://tidewater.example/a?b=c</p><p>{youtube}abc{/youtube}</p>", title="2024")
    [result] = translate([document], ROUTE, DictMemory(), engine)
    assert not engine.asked
    assert {s.origin for s in result} == {Origin.SOURCE}
    assert [s.target for s in result] == [s.source for s in document.segments]


def test_an_article_in_the_language_itself_stays_as_it_is():
    document = cut("<p>The <b>river</b></p>", title="Tide")
    assert [(s.key, s.target, s.origin) for s in as_source(document)] == [
        ("title", "Tide", Origin.SOURCE),
        ("b1", "The <b>river</b>", Origin.SOURCE),
    ]


# --- failures ---


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (Failure("the engine hung"), "the engine hung"),
        ("", "returned nothing"),
        ("...", "returned nothing"),
        ("<b>rio</b>", "returned markup"),
        ("rio " * 200, "characters for"),
        ("rio rio rio rio rio rio rio rio", "repeated itself"),
        (None, "NoneType instead of text"),
    ],
)
def test_no_usable_answer_keeps_the_source_says_why_and_is_not_remembered(answer, reason):
    memory = DictMemory()
    result = one("The <b>river</b> rose in the night", lambda _: answer, memory)
    assert (result.target, result.origin) == ("The <b>river</b> rose in the night", Origin.KEPT)
    assert reason in result.problem
    assert not memory.known


def test_an_engine_that_leaves_a_sentence_out_keeps_its_source():
    [result] = translate([cut("<p>The river rose</p>")], ROUTE, DictMemory(), lambda *_: [{}, {"what": "else"}])
    assert result[0].origin is Origin.KEPT
    assert "no answer" in result[0].problem


def test_one_failing_sentence_keeps_only_itself():
    def engine(text):
        return Failure("the engine hung") if "fell" in text else text.upper()

    result = one("The <b>river</b> rose. It <i>fell</i>. All was well.", engine)
    assert result.target == "THE <b>RIVER</b> ROSE. It <i>fell</i>. ALL WAS WELL."
    assert result.origin is Origin.KEPT
    assert result.problem == "Not translated: 1 of 3 sentences: the engine hung."


def test_markup_that_is_not_nested_keeps_the_source():
    document = cut("<p>x</p>")
    broken = [type(s)("b1", s.kind, "a <b>river", markup=True) for s in document.segments]
    document = type(document)(document.metadata, document.skeleton, tuple(broken))
    [[result]] = translate([document], ROUTE, DictMemory(), Recorder(str.upper))
    assert (result.target, result.origin) == ("a <b>river", Origin.KEPT)
    assert "can't be read" in result.problem


def test_a_fault_of_ours_keeps_one_segment_and_says_so(monkeypatch):
    def broken(source, target):
        if "river" in source:
            raise KeyError("x")
        return []

    monkeypatch.setattr(verify, "problems", broken)
    [result] = translate([cut("<p>The river</p><p>The boat</p>")], ROUTE, DictMemory(), Recorder(str.upper))
    assert [s.origin for s in result] == [Origin.KEPT, Origin.ENGINE]
    assert result[0].problem.startswith(f"{FAULT} (KeyError)")


def test_an_error_of_the_engine_goes_through():
    def engine(*_):
        raise RuntimeError("no model")

    with pytest.raises(RuntimeError, match="no model"):
        translate([cut("<p>The river</p>")], ROUTE, DictMemory(), engine)


# --- where spans go ---

ENGINE = glossary(
    the_red_boat="o barco vermelho",
    red="vermelho",
    the_boat="o barco",
    boat="barco",
    river="rio",
    the_river="o rio",
    saw="viu",
    not_="não",
    annual_reports="relatórios anuais",
    the_annual_report="o relatório anual",
)


@pytest.mark.parametrize(
    ("source", "target", "evidence"),
    [
        ("<b>The river</b>", "<b>o rio</b>", ("whole",)),
        ("The <b>red</b> boat", "o barco <b>vermelho</b>", ("own",)),
        ("The red <i>boat</i> saw <b>Ana</b>", "o <i>barco</i> vermelho viu <b>Ana</b>", ("own", "verbatim")),
        ('<a href="/x">The <b>red</b> boat</a> saw', '<a href="/x">o barco <b>vermelho</b></a> viu', ("own", "own")),
        ("saw <b>12</b> boat", "viu <b>12</b> barco", ("verbatim",)),
        ("The <b>red</b> <i>boat</i>", "o <i>barco</i> <b>vermelho</b>", ("own", "own")),
        ("saw “<em>the river</em>”", "viu “<em>o rio</em>”", ("own",)),
        ("saw <em>“the river”</em>", "viu <em>“o rio”</em>", ("own",)),
        ("saw<b> the river </b>river", "viu <b>o rio</b> rio", ("own",)),
        ("river <b>river</b> river", "rio <b>rio</b> rio", ("own",)),
    ],
)
def test_a_span_goes_to_the_words_it_belongs_to(source, target, evidence):
    result = one(source, ENGINE)
    assert (result.target, result.evidence) == (target, evidence)


def test_a_span_whose_own_translation_is_inflected_is_found_nearly():
    def engine(text):
        known = {"annual report": "relatório anual", "read the annual report today": "leia hoje os relatórios anuais"}
        return known[text]

    result = one("read the <b>annual report</b> today", engine)
    assert (result.target, result.evidence) == ("leia hoje os <b>relatórios anuais</b>", ("fuzzy",))


def test_without_any_evidence_the_position_decides_but_never_for_function_words():
    answers = {"aaa bbb of ccc": "xxx de yyy zzz", "bbb": "qqqq"}
    result = one("aaa <b>bbb</b> of ccc", answers.__getitem__)
    assert result.evidence == ("position",)
    assert result.target in ("xxx de <b>yyy</b> zzz", "<b>xxx</b> de yyy zzz")


class Dictionary:
    """An aligner that knows some words, and counts how often it is asked."""

    def __init__(self, **known):
        self.known, self.calls = known, 0

    def strengths(self, source, target):
        self.calls += 1
        return [[0.9 * (self.known.get(one) == two) for two in target] for one in source]


def asked_for(bodies, aligner):
    """What the engine was asked for, call by call, and the paragraphs that came out."""
    calls = []

    def engine(route, sentences):
        calls.append(list(sentences))
        yield {text: ENGINE(text) for text in sentences}

    results = translate([cut(body) for body in bodies], ROUTE, DictMemory(), engine, Resources(aligner=aligner))
    return calls, [segment.target for result in results for segment in result]


RED_BOAT, RED_RIVER = "<p>The <b>red</b> boat saw Ana</p>", "<p>The <b>red</b> boat saw the river</p>"


def test_a_span_whose_place_is_sure_costs_the_engine_nothing():
    """The aligner knows every word: the sentence alone is asked for."""
    known = Dictionary(the="o", red="vermelho", boat="barco", saw="viu", ana="ana")
    calls, targets = asked_for([RED_BOAT], known)
    assert calls == [["The red boat saw Ana"]]
    assert targets == ["o barco <b>vermelho</b> viu Ana"]


def test_spans_in_doubt_are_asked_for_together_and_once():
    """Of all documents, in one more call, each text once."""
    calls, targets = asked_for([RED_BOAT, RED_RIVER], Dictionary())
    assert [sorted(call) for call in calls] == [["The red boat saw Ana", "The red boat saw the river"], ["red"]]
    assert targets == ["o barco <b>vermelho</b> viu Ana", "o barco <b>vermelho</b> viu o rio"]


def test_without_an_aligner_all_is_asked_for_in_one_call():
    calls, targets = asked_for([RED_BOAT, "<p><b>The river</b></p>"], None)
    assert [sorted(call) for call in calls] == [["The red boat saw Ana", "The river", "red"]]
    assert targets == ["o barco <b>vermelho</b> viu Ana", "<b>o rio</b>"]


@pytest.mark.parametrize("answer", [Failure("it hung"), "", "Q Q Q Q Q Q Q Q"])
def test_what_an_engine_makes_of_a_span_alone_never_breaks_its_sentence(answer):
    """It is evidence, not text."""
    known = {"red": answer}
    result = translated_with("The <b>red</b> boat saw Ana", lambda text: known.get(text) or ENGINE(text), Dictionary())
    assert (result.problem, re.sub("</?b>", "", result.target)) == ("", "o barco vermelho viu Ana")


def translated_with(source, function, aligner):
    [[result]] = translate(
        [cut(f"<p>{source}</p>")], ROUTE, DictMemory(), Recorder(function), Resources(aligner=aligner)
    )
    return result


def test_segments_are_finished_while_the_engine_still_translates():
    aligner, seen = Dictionary(), []

    def engine(route, sentences):
        for text in sentences:
            seen.append(aligner.calls)
            yield {text: ENGINE(text)}

    bodies = [RED_BOAT, "<p>saw the river</p>", "<p>the river</p>"]
    translate([cut(body) for body in bodies], ROUTE, DictMemory(), engine, Resources(aligner=aligner))
    assert seen[:2] == [0, 1]


def test_a_failed_sentence_waits_for_the_next_route():
    """It is not settled with the failure of the first, and comes once."""
    second = Route("en", "pt", (Hop("other", "en", "pt", "m", "1" * 16),))

    def engine(route, sentences):
        good = ENGINE if route is second else lambda _: Failure("it hung")
        yield {text: good(text) for text in sentences}

    [[result]] = translate([cut("<p>the river</p>")], ROUTE, DictMemory(), engine, others=[second])
    assert (result.target, result.routes) == ("o rio", (1,))


def test_a_span_over_two_sentences_stays_one():
    result = one("The boat <b>saw it. The river</b> rose.", str.upper)
    assert result.target == "THE BOAT <b>SAW IT. THE RIVER</b> ROSE."


def test_a_note_sticks_to_the_word_before_it():
    note = '<sup><a href="#fn1">1</a></sup>'
    result = one(f"The red{note} boat saw the river.{note}", ENGINE)
    assert result.target == f"o barco vermelho{note} viu o rio.{note}"
    assert result.evidence == ("anchor",) * 4


def test_an_image_keeps_its_spaces_and_its_words_apart():
    assert one('saw <img src="a"> the river', ENGINE).target == 'viu <img src="a"> o rio'
    assert one('<img src="a"> the river', ENGINE).target == '<img src="a"> o rio'
    assert one('river<img src="a">boat', ENGINE).target == 'rio<img src="a"> barco'


def test_an_atom_carries_its_markup():
    assert one("river <code>#</code> saw", ENGINE).target == "rio <code>#</code> viu"
    source = "m<sup>3</sup> in <code>a &lt; b</code> saw CO<sub>2</sub> and <kbd>S</kbd>"
    assert one(source, ENGINE).target == source.replace("saw", "viu")


def test_a_raised_figure_after_a_long_word_stays_after_it():
    assert one("The boat<sup>2</sup> saw the river<b><sub>2</sub></b> too", ENGINE).target == (
        "o barco<sup>2</sup> viu o rio<b><sub>2</sub></b> too"
    )


def test_a_lost_token_is_asked_for_in_another_form_then_around_it():
    asked = []

    def loses_first_form(text):
        asked.append(text)
        return text.replace("Q7A1", "").upper()

    assert one("run <code>x</code> for the river", loses_first_form).target == "RUN <code>x</code> FOR THE RIVER"
    assert asked == ["run Q7A1 for the river", "run X1 for the river"]

    def loses_every_token(text):
        return re.sub(r"(Q7A|X|%)\d", "", text).upper()

    assert one("run <code>x</code> for the river", loses_every_token).target == "RUN <code>x</code> FOR THE RIVER"


def test_a_token_that_the_text_has_itself_is_not_used():
    result = one("the Q7A1 and <code>x</code> came", str.lower)
    assert result.target == "the q7a1 and <code>x</code> came"


def test_entities_stay_at_their_level():
    assert one("write &lt;b&gt; &amp; go", str.upper).target == "WRITE &lt;b&gt; &amp; GO"


def test_plain_segments_have_no_markup_and_no_entities():
    document = cut("<p><img alt='Fish & <chips>'></p>", title="Fish & <chips> by the river")
    [result] = translate([document], ROUTE, DictMemory(), Recorder(str.upper))
    assert [s.target for s in result] == ["FISH & <chips> BY THE RIVER", "FISH & <chips>"]


# --- what small models would spoil ---


def test_a_no_break_space_comes_back_at_its_number_and_stays_where_nothing_is_translated():
    assert one("boat carries 300&nbsp;kg", ENGINE).target == "barco carries 300&nbsp;kg"
    assert one("<b>12</b>&nbsp;<i>boat</i>", ENGINE).target == "<b>12</b>&nbsp;<i>barco</i>"
    assert one("river ±6&nbsp;% up", ENGINE).target == "rio ±6&nbsp;% up"


def test_a_note_after_a_comma_goes_after_that_comma():
    answers = {"The second one, dug in spring, was dry": "O segundo, escavado na primavera, estava seco"}
    note = '<sup><a href="#n">2</a></sup>'
    result = one(f"The second one,{note} dug in spring,{note} was dry", lambda text: answers.get(text, text))
    assert result.target == f"O segundo,{note} escavado na primavera,{note} estava seco"


@pytest.mark.parametrize(
    ("source", "answer", "target"),
    [
        ("it’s<b>,</b> well", "é, bem", "é<b>,</b> bem"),
        ("<b>“</b>lonely<b>”</b> marks", '"solitárias" marcas', "<b>“</b>solitárias<b>”</b> marcas"),
        ("it fell<i>!</i>", "caiu!", "caiu<i>!</i>"),
    ],
)
def test_punctuation_in_an_element_of_its_own_is_there_once(source, answer, target):
    assert one(source, lambda _: answer).target == target


def test_punctuation_that_the_engine_drops_stays_with_its_word():
    result = one("the river<b>,</b> saw", lambda text: ENGINE(text).replace(",", ""))
    assert result.target == "o rio<b>,</b> viu"


def test_an_annotation_stays_over_its_word():
    result = one("saw <ruby>the river<rp>(</rp><rt>x y</rt><rp>)</rp></ruby> boat", ENGINE)
    assert result.target == "viu <ruby>o rio<rp>(</rp><rt>x y</rt><rp>)</rp></ruby> barco"


@pytest.mark.parametrize(
    ("source", "asked"),
    [
        ("Plan <b>B</b> came", ["Plan Q7A1 came"]),
        ("saw <b>a</b> boat and <i>I</i> came", ["saw a boat and I came"]),
        ("T-<b>s</b>hirt", ["T-shirt"]),
        ("<b>A</b> <i>b</i> c", []),
        ("n/a", []),
        ("boat a<sub>i</sub> came", ["boat Q7A1 came"]),
    ],
)
def test_single_letters_that_are_no_words_are_literals(source, asked):
    engine = Recorder(str)
    translate([cut(f"<p>{source}</p>")], ROUTE, DictMemory(), engine)
    assert [text for text in engine.asked if text in asked or " " in text] == asked


def test_text_in_capitals_is_asked_for_without_and_comes_back_in_them():
    answers = {"No exceptions.": "Não há exceções.", "The boat and I came": "O barco e eu viemos", "Boat": "Barco"}
    assert one("NO EXCEPTIONS.", answers.__getitem__).target == "NÃO HÁ EXCEÇÕES."
    assert one("THE <b>BOAT</b> AND I CAME", answers.__getitem__).target == "O <b>BARCO</b> E EU VIEMOS"
    assert one("VHF", str.lower).target == "vhf"


@pytest.mark.parametrize(
    ("source", "answer", "target"),
    [
        ("It rose 1,150 m here", "Subiu 1,150 m aqui", "Subiu 1.150 m aqui"),
        ("It rose 0.8 % here", "Subiu 0.8 % aqui", "Subiu 0,8 % aqui"),
        ("at 9.40 a.m. he came", "às 9,40 da manhã ele veio", "às 9.40 da manhã ele veio"),
        ("open to 8 p.m. in the 1990s", "aberto até às 20:00 nos anos 90", "aberto até às 20:00 nos anos 90"),
        ("it cost half of 12", "custou 2 vezes 12", "custou 2 vezes 12"),
    ],
)
def test_numbers_are_written_as_the_target_language_does_where_that_is_certain(source, answer, target):
    assert one(source, lambda _: answer).target == target


@pytest.mark.parametrize(
    "spoil",
    [
        lambda text: text.replace("12", "21"),
        lambda text: text.replace("12", ""),
        lambda text: text.replace("12", "12 12"),
        lambda text: re.sub(r"\d", "", text),
    ],
)
def test_a_number_that_the_engine_changes_comes_out_as_it_was(spoil):
    result = one("the boat saw 12 men and 7 dogs on the 4th day", lambda text: spoil(text.upper()))
    assert re.findall(r"\d+", result.target) == ["12", "7", "4"]
    assert result.origin is Origin.ENGINE


def test_a_lost_token_tears_its_own_sentence_only():
    def loses(text):
        return re.sub(r"(Q7A|X|%)\d", "", text).upper()

    result = one("A <b>red</b> boat came. Run <code>x</code> for <i>the river</i>.", loses)
    assert result.target == "A <b>RED</b> BOAT CAME. RUN <code>x</code> FOR <i>THE RIVER</i>."
    assert result.evidence[0] != "position"


def test_thousands_of_sentences_that_lose_their_tokens_are_torn_in_one_go():
    body = "<p>" + "run <code>x</code> for the river. " * 1500 + "</p>"
    [[result]] = translate([cut(body)], ROUTE, DictMemory(), Recorder(lambda text: re.sub(r"[A-Z%]\w*\d", "", text)))
    assert result.target.count("<code>x</code>") == 1500


# --- invariants, for any segment and any engine ---


def shuffled(text):
    words = text.split()
    random.Random(text).shuffle(words)
    return " ".join(words)


NASTY = {
    "upper": str.upper,
    "lower": str.lower,
    "shuffled": shuffled,
    "nothing": lambda _: "",
    "one word": lambda _: "palavra",
    "twice": lambda text: f"{text} {text}",
    "markup": lambda text: f"<script>{text}</script>",
    "entities": lambda text: f"&lt;b&gt; & &amp; {text}",
    "huge": lambda text: text * 50,
    "no tokens": lambda text: re.sub(r"([A-Z]\d[A-Z]|%)\d+", "", text) or "vazio",
    "no spaces": lambda text: text.replace(" ", ""),
    "controls": lambda text: f"\x00\ud800{text}\U000f0000\u2028",
    "failure": lambda _: Failure("the engine hung"),
    "drops a word": lambda text: " ".join(text.split()[1:]),
    "doubles a word": lambda text: " ".join([text.split()[0], *text.split()]),
    "other digits": lambda text: text.translate(str.maketrans("0123456789", "1234567890")),
    "often": lambda text: Failure("x") if len(text) % 3 == 0 else text.upper(),
}
WORDS = (
    "river the Flood of 3 1,000 €5 &nbsp; Łódź x² 🙏 http://a.example/x a@b.example Q7A1 50% &amp; &lt;b&gt; سلام . ! "
    ", “hi” — can’t 日本語 हिन्दी - and {youtube}i{/youtube} 12&nbsp;kg ALL CAPS 1,234.5 1'234'567 Zu\u0308rich "
    "\u2067שלום\u2069 \u200f12 می\u200cخواهم books.example/x &amp;amp; &#160; s\u0430lt"
)
PARTS = st.sampled_from(WORDS.split()).flatmap(
    lambda word: st.sampled_from([word, f" {word}", f"{word} ", f" {word}\n"])
)
UNITS = st.sampled_from(
    [
        '<img src="a.png">',
        '<img alt="A boat" src="b">',
        "<wbr>",
        '<sup><a href="#fn1">1</a></sup>',
        "<code>x &lt; y</code>",
        "<kbd>Ctrl</kbd>",
        '<span translate="no">Keep me</span>',
        "<sub>2</sub>",
        '<span lang="ar">نص</span>',
        "<b>,</b>",
        "<i>B</i>",
        "<u></u>",
        "<ruby>海<rt>umi</rt></ruby>",
        '<bdo dir="rtl">ab</bdo>',
    ]
)
TAGS = st.sampled_from(["b", "em", 'a href="/x?a=1&amp;b=2"', 'a href="#n"', 'span title="Tip"', "sup"])
INLINE = st.recursive(
    st.one_of(PARTS, PARTS, PARTS, UNITS),
    lambda inner: st.builds(
        lambda tag, parts: f"<{tag}>{''.join(parts)}</{tag.split()[0]}>", TAGS, st.lists(inner, max_size=5)
    ),
    max_leaves=20,
)


def facts(html):
    """What an independent parser sees: elements with their attributes, and the content of code."""
    root = html5lib.parseFragment(f"<div>{html}</div>", namespaceHTMLElements=False)
    elements = Counter((e.tag, tuple(sorted(e.attrib.items()))) for e in root.iter())
    code = Counter("".join(e.itertext()) for e in root.iter() if e.tag in ("code", "kbd", "sub"))
    return elements, code


@pytest.mark.parametrize("name", NASTY)
@given(source=st.lists(INLINE, min_size=1, max_size=6).map("".join))
@settings(deadline=None, max_examples=15)
def test_no_engine_breaks_a_segment(name, source):
    document = cut(f"<p>{source}</p><h2>A title</h2>")
    [result] = translate([document], ROUTE, DictMemory(), Recorder(NASTY[name]))
    assert [s.key for s in result] == [s.key for s in document.segments]
    for ours, theirs in zip(document.segments, result, strict=True):
        assert (theirs.origin is Origin.KEPT) == bool(theirs.problem)
        assert FAULT not in theirs.problem
        assert not re.search("[\U000f0000-\U0010ffff\x00\ud800]", theirs.target)
        if ours.markup:
            assert not verify.problems(ours.source, theirs.target)
            assert len(re.findall(r"\d", unescape(theirs.target))) >= len(re.findall(r"\d", unescape(ours.source)))
            if "<a" not in re.sub(r"<a[^>]*>[^<]*</a>", "", ours.source):  # links in links: HTML has none
                assert facts(ours.source) == facts(theirs.target)


def _letters(html):
    return re.findall(r"\w", unicodedata.normalize("NFC", unescape(html)))


@given(source=st.lists(INLINE, min_size=1, max_size=6).map("".join))
@settings(deadline=None, max_examples=40)
def test_an_engine_that_changes_nothing_gives_every_code_back_in_place(source):
    """Only white space at the borders of tags, and characters nobody sees, may differ."""
    document = cut(f"<p>{source}</p>")
    [result] = translate([document], ROUTE, DictMemory(), Recorder(str))
    for ours, theirs in zip(document.segments, result, strict=True):
        if ours.markup and theirs.origin is Origin.ENGINE:
            before, after = (Counter(_letters(text)) for text in (ours.source, theirs.target))
            assert before == after


@pytest.mark.parametrize(
    ("source", "target", "problem"),
    [
        ("a <b>c</b>", "a c", "lost or moved: <b>"),
        ("a <b>c</b>", "a <b>c</b> <b>d</b>", "added or moved: <b>"),
        ("a <b>c</b>", "a <b>c", "not closed: <b>"),
        ("a <b>c</b> <i>d</i>", "a <b>c <i>d</b></i>", "closes nothing: </b>"),
        ("a <b>c</b>", "a <b></b>c", "lost or moved: <b>"),
        ("<b>a <i>c</i></b>", "<b>a</b> <i>c</i>", "lost or moved: <i>"),
        ("a <b>c</b>", "a<b>c</b>", "words joined at: <b>"),
        ("a <b>c</b> d", "a <b>c</b>d", "words joined at: /<b>"),
        ("<code>a</code> b", "<code>b</code> b", "changed: <code>a</code>, <code>b</code>"),
        ("a &lt;b&gt; c", "a <b> c", "not closed: <b>"),
        ("a &amp; c", "a & c", "is not escaped"),
    ],
)
def test_verify_sees_what_is_broken(source, target, problem):
    found = verify.problems(source, target)
    assert any(problem in each for each in found), found
    assert not verify.problems(source, source)


# --- the parts ---


@pytest.mark.parametrize(
    ("source", "plain", "target", "restored"),
    [
        (
            "He said “yes” — and left…",
            'He said "yes" - and left...',
            'Disse "sim" - e saiu...',
            "Disse “sim” — e saiu…",
        ),
        ('Plain "quotes" - here', 'Plain "quotes" - here', 'Aspas "retas" - aqui', 'Aspas "retas" - aqui'),
        ("It’s ‘so’", "It's 'so'", "d'água é 'assim'", "d’água é ‘assim’"),
        ("“Open only", '"Open only', '"Só abre', "“Só abre"),
        ("two “a” “b”", 'two "a" "b"', 'só uma "a"', "só uma “a”"),
        ('“a” and "b"', '"a" and "b"', '"a" e "b"', '“a” e "b"'),
        ("the ’90s ‘so’", "the '90s 'so'", "os '90 'assim'", "os ’90 ‘assim’"),
        ("12\xa0kg and 300\xa0g", "12 kg and 300 g", "300 g e 12 kg", "300\xa0g e 12\xa0kg"),
        ("about 94\xa0%", "about 94 %", "cerca de 94%", "cerca de 94\xa0%"),
        ("see page\xa07", "see page 7", "ver página 7", "ver página\xa07"),
        ("on May\xa05", "on May 5", "no dia de 5 de maio", "no dia de 5 de maio"),
        ("Dr.\xa0Vale came", "Dr. Vale came", "O Dr. Vale veio", "O Dr.\xa0Vale veio"),
        ("no\xa0entry", "no entry", "sem entrada", "sem entrada"),
        ("in 2010–2012", "in 2010-2012", "em 2010-2012", "em 2010–2012"),
        ("— yes", "- yes", "- sim", "— sim"),
    ],
)
def test_typography_is_plain_for_the_engine_and_comes_back_in_the_style_of_the_target(source, plain, target, restored):
    assert typography.plain(source) == plain
    assert typography.restored(source, target, "pt") == restored


@pytest.mark.parametrize(
    ("language", "expected"), [("pt-PT", "«sim»"), ("de", "„sim“"), ("fr", "«\xa0sim\xa0»"), ("xx", "“sim”")]
)
def test_quotation_marks_are_those_of_the_language(language, expected):
    assert typography.restored("“yes”", '"sim"', language) == expected


def test_sentences_cover_the_text_and_none_is_too_long():
    text = "Mr. Renn came. He left! " + "word " * 400 + "one; two " + "clause, and " * 200
    ranges = sentences.split(text, "en")
    assert text[slice(*ranges[0])] == "Mr. Renn came."
    assert all(end - start <= sentences.LONGEST for start, end in ranges)
    gaps = "".join(text[a[1] : b[0]] for a, b in zip([(0, 0), *ranges], [*ranges, (len(text), 0)], strict=True))
    assert not gaps.strip()


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("see https://a.example/b_(c). Then", ["https://a.example/b_(c"]),
        ("write to desk@tidewater.example now", ["desk@tidewater.example"]),
        ("a {loadposition x} and {youtube}id{/youtube}", ["{loadposition x}", "{youtube}id{/youtube}"]),
        ("it costs €5.20, or £3", ["€5.20", "£3"]),
        ("to Łódź with 🙏🏽 → سلام عليكم", ["Łódź", "🙏🏽", "→", "سلام عليكم"]),
        ("a naïve café at 20 °C, 50 % (c)", []),
        ("at books.example/circle or tidewater-relief.example.", ["books.example/circle", "tidewater-relief.example"]),
        ("in a_b.csv, notes.pdf and /etc/hosts", ["a_b.csv", "notes.pdf", "/etc/hosts"]),
        ("It stands.Please come, e.g. at 5 p.m. and/or on Mon.Tue, 3.5 km/h", []),
        ("use %s, {0}, %(name)s, {{ x }} or &unknown; at 50% less", ["%s", "{0}", "%(name)s", "{{ x }}", "&unknown;"]),
        ("AT&T, R&D, &, salt & pepper", ["AT&T", "R&D", "&"]),
        ("the mixed s\u0430lt and пароль123", ["s\u0430lt", "пароль123"]),
        ("می\u200cخواهم and नमस्\u200dते", ["می\u200cخواهم", "नमस्\u200dते"]),
        ("cafe\u0301 in Zu\u0308rich", ["Zürich"]),
        ("on 2024-06-07 at 10:05:30, 5′ 30″, 6'2\"", ["2024-06-07", "10:05:30", "5′", "30″", "6'2\""]),
        ("1,234,567.89 or 1.234.567,89", ["1.234.567,89", "1.234.567,89"]),
        ("1'234'567.89 or 1 234 567,89", ["1'234'567.89", "1 234 567,89"]),
        ("12 boats, 1,150 homes, 0.5 m in 2024", []),
        ("x" * 250, ["x" * 250]),
    ],
)
def test_what_engines_cannot_carry_is_kept_as_it_is(text, kept):
    parts = literals.cut(text, literals.carried("en", "pt"))
    assert [part for part, sort in parts if sort is not literals.Sort.TEXT] == kept


def test_characters_that_nobody_sees_do_not_reach_the_engine():
    engine = Recorder(str.upper)
    translate([cut("<p>The\x00 ri\u00adver\u200b\u202e rose</p>")], ROUTE, DictMemory(), engine)
    assert engine.asked == ["The river rose"]


def test_another_script_is_for_the_engine_when_the_source_is_written_in_it():
    parsed = parse("Река поднялась", "ru", is_markup=True, carried=literals.carried("ru", "en"))
    assert parsed.text == "Река поднялась"


def test_markup_deeper_than_any_article_has_is_refused():
    with pytest.raises(UnreadableError, match="200 deep"):
        parse("<b>" * 300 + "x" + "</b>" * 300, "en", is_markup=True, carried=literals.carried("en", "pt"))


def test_an_answer_is_cleaned_of_what_no_sentence_has():
    assert mask.cleaned(" um\n\x07rio \U000f0001\ud800 ") == "um rio"


def test_thousands_of_segments_and_one_huge_paragraph_are_translated():
    many = cut("<p>The <b>boat</b> came</p>" * 3000)
    [result] = translate([many], ROUTE, DictMemory(), Recorder(str.upper))
    assert {s.target for s in result} == {"THE <b>BOAT</b> CAME"}
    [[huge]] = translate([cut("<p>" + "The river rose. " * 6_000 + "</p>")], ROUTE, DictMemory(), Recorder(str.upper))
    assert huge.target == ("THE RIVER ROSE. " * 6_000).strip()
