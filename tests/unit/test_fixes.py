"""Fixes of findings: what is offered puts the finding right and keeps every link and mark; else nothing is offered."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.documents import (
    CheckFinding,
    Metadata,
    Origin,
    Segment,
    SegmentedDocument,
    SegmentKind,
    Severity,
    Term,
    TranslatedSegment,
)
from pipeline.stages import check
from pipeline.stages.check.fixes import LONGEST, fixes
from pipeline.stages.check.mending import Case
from pipeline.stages.check.prose import prose
from pipeline.stages.check.registry import AsSevere
from pipeline.stages.translate import verify

TERMS = (
    Term("tide table", "tabela de marés", forbidden=("mapa de marés",)),
    Term("Tidewater Relief", "Tidewater Relief"),
)


def segment_of(source: str, *, markup: bool = True) -> Segment:
    """A segment of an article."""
    return Segment("b1", SegmentKind.TEXT, source, markup)


def found(segment: Segment, target: str, to: str) -> list[CheckFinding]:
    """What our checks say of one segment."""
    document = SegmentedDocument(Metadata(), "", (segment,))
    return check.run(document, [TranslatedSegment("b1", target, Origin.ENGINE)], "en", to, TERMS)


def mended(source: str, target: str, about: str, to: str = "pt", *, markup: bool = True) -> list[str]:
    """The fixes of the findings of one check."""
    segment = segment_of(source, markup=markup)
    said = [each for each in found(segment, target, to) if each.check == about]
    assert said, f"{about} finds nothing"
    return [
        fix for each in said for fix in fixes(about, each.message, segment, target, ("en", to), TERMS, check.DEFAULT)
    ]


@pytest.mark.parametrize(
    ("about", "to", "source", "target", "wanted"),
    [
        ("quotes", "es", "“The boat left,” she said.", "„El barco zarpó‟, dijo.", "«El barco zarpó», dijo."),
        ("quotes", "fr", "He said “the boat”.", "Il a dit 「le bateau」.", "Il a dit «&nbsp;le bateau&nbsp;»."),
        ("quotes", "pt", "“The boat left.”", "O barco saiu.", "“O barco saiu.”"),
        ("quotes", "pt", "“The boat left.”", "“O barco saiu.", "“O barco saiu.”"),
        ("quotes", "pt", "The <b>“Aurora”</b> left.", "O <b>Aurora</b> saiu.", "O “<b>Aurora</b>” saiu."),
        ("quotes", "pt", "The “Aurora” and another left.", "O Aurora e outro Aurora saíram.", None),
        ("repeated", "pt", "The river rose.", "O o rio subiu.", "O rio subiu."),
        ("repeated", "pt", "The <b>river</b> rose.", "O <b>o</b> rio subiu.", "<b>o</b> rio subiu."),
        ("repeated", "pt", "A glass of water.", "Um copo de água de água fresca.", "Um copo de água fresca."),
        ("numbers", "pt", "It rose 1,000.50 metres.", "Subiu 1.500 metros.", "Subiu 1.000,50 metros."),
        ("numbers", "pt", "Of 12 boats 7 left.", "De 13 barcos saíram 8.", "De 12 barcos saíram 7."),
        ("emails", "pt", "Write to Ana@example.org.", "Escreva a ana@exemplo.org.", "Escreva a Ana@example.org."),
        ("urls", "pt", "See https://example.org/a.", "Veja https://exemplo.org/b.", "Veja https://example.org/a."),
        (
            "links",
            "pt",
            'The <a href="https://example.org/a">boat</a> left.',
            'O <a href="https://exemplo.org/b">barco</a> saiu.',
            'O <a href="https://example.org/a">barco</a> saiu.',
        ),
        ("glossary", "pt", "The tide table is here.", "O tide table está aqui.", "O tabela de marés está aqui."),
        ("glossary", "pt", "The tide table is here.", "O mapa de marés está aqui.", "O tabela de marés está aqui."),
        ("glossary", "pt", "By Tidewater Relief.", "Pela Tidewater Relevo.", "Pela Tidewater Relief."),
        ("punctuation", "pt", "Did the <b>boat</b> leave?", "Saiu o <b>barco</b>", "Saiu o <b>barco</b>?"),
        ("punctuation", "pt", "He said: “Go?”", "Ele disse: “Vá.”", "Ele disse: “Vá?”"),
        ("punctuation", "pt", "A headline", "Um título.", "Um título"),
        ("punctuation", "es", "Did it leave?", "Salió.", "¿Salió?"),
        ("punctuation", "es", "Yes. Where is it? There.", "Sí. Dónde está? Allí.", "Sí. ¿Dónde está? Allí."),
        ("punctuation", "ur", "Did the boat leave?", "کشتی روانہ ہوئی۔", "کشتی روانہ ہوئی؟"),
        ("punctuation", "zh", "Did the boat leave?", "船开了吗", "船开了吗？"),
        ("spacing", "pt", "The boat left, and came.", "O barco saiu , e voltou,sim.", "O barco saiu, e voltou, sim."),
        ("spacing", "fr", "Is it there? Yes: it is!", "Là ? Oui : il y est !", "Là\u202f? Oui&nbsp;: il y est\u202f!"),
        ("spacing", "fr-CA", "Yes: there.", "Oui : là.", "Oui&nbsp;: là."),
        ("capitals", "pt", "<b>The</b> boat left.", "<b>o</b> barco saiu.", "<b>O</b> barco saiu."),
        ("glossary", "pt", "The tide table is here.", "Está tudo noutro lugar.", None),
        ("numbers", "pt", "Of 12 boats 7 left.", "De 12 barcos saíram alguns.", None),
        ("length", "pt", "Nobody was hurt in the village by the sea.", "Sim.", None),
    ],
)  # fmt: skip
def test_a_fix_puts_the_finding_right(about, to, source, target, wanted):
    """The finding is gone, and no link, mark or element is harmed; ``None`` where only a person can tell."""
    made = mended(source, target, about, to)
    assert wanted in made if wanted else made == []
    segment = segment_of(source)
    for each in made:
        after = [f.message for f in found(segment, each, to) if f.check == about]
        assert len(after) < len([f for f in found(segment, target, to) if f.check == about])
        assert verify.problems(source, each) == []


def test_plain_text_is_mended_as_plain_text():
    """An attribute's value holds signs that would be markup elsewhere."""
    assert mended("Boat & <quay>", "barco & <cais>", "capitals", markup=False) == ["Barco & <cais>"]
    assert mended("A boat, left & right.", "Um barco,  à esquerda & direita.", "spacing", markup=False) == [
        "Um barco, à esquerda & direita."
    ]


def test_escaped_signs_stay_escaped():
    """``&lt;`` never becomes ``<``."""
    assert mended("x &amp; y &lt; z, 5 days.", "x &amp; y &lt; z, 6 dias.", "numbers") == ["x &amp; y &lt; z, 5 dias."]


def test_what_a_finding_no_longer_says_is_not_mended():
    """It is about another text by now."""
    segment = segment_of("It rose 5 metres.")
    assert fixes("numbers", "Numbers differ.", segment, "Subiu 5 metros.", ("en", "pt"), (), check.DEFAULT) == []


class Hotline:
    """A check of another package, which mends what it finds; one proposal is no good."""

    id = "hotline"
    name = "The hotline's number is there"
    severity = Severity.WARN

    def run(self, translation):
        for segment, target in translation.pairs:
            if "555" not in target.target:
                yield CheckFinding(self.id, self.severity, segment.key, "The number is missing.")

    def fixes(self, case: Case):
        yield case.target
        yield case.target + " (555)"


@pytest.mark.parametrize("check_of", [Hotline(), AsSevere(Hotline(), Severity.BLOCK)])
def test_a_check_of_another_package_may_offer_fixes(check_of):
    """Each is looked at, as ours are."""
    made = fixes("hotline", "The number is missing.", segment_of("Call."), "Ligue.", ("en", "pt"), (), [check_of])
    assert made == ["Ligue. (555)"]


@given(
    st.text('ab <&>"“”«».,;?!5 \xa0', max_size=30),
    st.sampled_from(["pt", "fr", "es", "ur"]),
    st.sampled_from(sorted(check.ids())),
)
def test_nothing_that_is_offered_breaks_anything(text, to, about):
    """Whatever the translation holds."""
    segment = segment_of('“Boat” 7, <a href="https://example.org/">quay</a>?')
    target = (
        f'<a href="https://example.org/">x</a> {text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")}'
    )
    for each in found(segment, target, to):
        if each.check == about:
            for fix in fixes(about, each.message, segment, target, ("en", to), TERMS, check.DEFAULT):
                assert verify.problems(segment.source, fix) == []
                assert each.message not in [f.message for f in found(segment, fix, to) if f.check == about]


def test_a_segment_beyond_measure_is_left_alone():
    """Nothing is tried on a text that no person has written."""
    segment = segment_of("x" * (LONGEST + 1))
    assert fixes("capitals", "…", segment, "x", ("en", "pt"), (), check.DEFAULT) == []


@pytest.mark.parametrize(
    "html", ["a <b>b</b>&amp;<code>c</code><img src='x'>d<br>e", "<", "a &notit; &amp", "</b>x<b>"]
)
def test_a_text_without_changes_is_the_same(html):
    """Places are those of the HTML."""
    assert prose(html, is_markup=True).edited([]) == html
    read = prose(html, is_markup=True)
    assert len(read.text) == len(read.starts) == len(read.ends)


def test_something_new_stands_outside_of_the_elements_that_end_there():
    """A full stop is no part of the link before it."""
    read = prose('<a href="x"><b>quay</b></a>', is_markup=True)
    assert read.edited([(4, 4, ".")]) == '<a href="x"><b>quay</b></a>.'
    assert read.edited([(0, 0, "¿")]) == '¿<a href="x"><b>quay</b></a>'
    assert prose("a <code>b</code>", is_markup=True).edited([(1, 3, "")]) == ""
