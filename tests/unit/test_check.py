"""What the checks say of a translation."""

from __future__ import annotations

import pytest

from pipeline.documents import CleanDocument, Metadata, Origin, Severity, TranslatedSegment
from pipeline.stages import check, segment
from pipeline.stages.check.numbers import numbers


def findings(source: str, target: str | None, languages: tuple[str, str] = ("en", "pt"), **extra):
    """What is found in a document of one segment."""
    document = segment.segment(CleanDocument(Metadata(language=languages[0]), f"<p>{source}</p>"))
    translated = (
        [] if target is None else [TranslatedSegment("b1", target, extra.pop("origin", Origin.ENGINE), **extra)]
    )
    return check.run(document, translated, *languages)


def ids(*args, **extra) -> list[str]:
    return [finding.check for finding in findings(*args, **extra)]


def test_a_good_translation_has_no_findings():
    assert not findings(
        'The <a href="/r">river</a> rose by 3 m in <code>zone 4</code>.',
        'O <a href="/r">rio</a> subiu 3 m na <code>zone 4</code>.',
    )


def test_a_missing_or_empty_target_blocks():
    assert [(f.check, f.severity) for f in findings("The river", None)] == [("empty", Severity.BLOCK)]
    assert ids("The river", "  ") == ["empty"]


def test_a_kept_segment_blocks_and_says_why():
    [finding] = findings("The river", "The river", origin=Origin.KEPT, problem="Not translated: it hung.")
    assert (finding.check, finding.severity, finding.segment) == ("kept", Severity.BLOCK, "b1")
    assert finding.message == "Not translated: it hung. Translate it by hand."


def test_text_that_came_back_as_it_was_is_found_and_blocks_the_document():
    found = findings("The <b>river</b> rose in the night", "the <b>river</b> rose in the night")
    assert [(f.check, f.severity, f.segment) for f in found] == [
        ("untranslated", Severity.WARN, "b1"),
        ("untranslated", Severity.BLOCK, ""),
    ]


@pytest.mark.parametrize(
    ("source", "languages", "origin"),
    [
        ("Tidewater Relief Portugal", ("en", "pt"), Origin.ENGINE),  # a name
        ("The river rose at night", ("en", "en-GB"), Origin.ENGINE),  # the same language
        ("The river rose at night", ("en", "pt"), Origin.SOURCE),
        ("The river rose at night", ("en", "pt"), Origin.PERSON),
        ("Run <code>ls the river at night</code> https://a.example/b 12", ("en", "pt"), Origin.ENGINE),
    ],
)
def test_an_equal_text_may_be_right(source, languages, origin):
    assert "untranslated" not in ids(source, source, languages, origin=origin)


def test_little_untranslated_text_only_warns():
    body = "<p>The river rose at night.</p>" + "<p>Everybody in the lower town helped with the sandbags.</p>" * 3
    document = segment.segment(CleanDocument(Metadata(language="en"), body))
    targets = ["The river rose at night."] + ["Todos na cidade baixa ajudaram com os sacos de areia."] * 3
    translated = [
        TranslatedSegment(s.key, target, Origin.ENGINE) for s, target in zip(document.segments, targets, strict=True)
    ]
    assert [f.severity for f in check.run(document, translated, "en", "pt")] == [Severity.WARN]


@pytest.mark.parametrize(
    ("target", "expected"),
    [
        ('O <a href="/r">rio</a> subiu', ["codes"]),  # lost
        ('O <a href="/r">rio</a> <b>subiu</b> <b>já</b>', ["codes"]),  # doubled
        ('O <a href="/r">rio</a> <b>subiu', ["codes"]),  # not closed
        ('O <a href="/x">rio</a> <b>subiu</b>', ["links"]),
        ("O <a>rio</a> <b>subiu</b>", ["links"]),
        ('O <a href="/r" title="x">rio</a> <b>subiu</b>', ["codes"]),
    ],
)
def test_lost_doubled_and_changed_codes_and_links_block(target, expected):
    found = findings('The <a href="/r">river</a> <b>rose</b>', target)
    assert [f.check for f in found] == expected
    assert {f.severity for f in found} == {Severity.BLOCK}


def test_changed_code_blocks():
    assert ids("Use <code>ls</code> here", "Use aqui o <code>lista</code>") == ["codes"]


@pytest.mark.parametrize(
    ("source", "target"),
    [
        ("1,000.5 litres", "1.000,5 litros"),
        ("1 000 boats", "1.000 barcos"),
        ("at 3 pm", "às 15h"),
        ("from 9:30 a.m. to 6:00 p.m.", "das 9h30 às 18h"),
        ("at 12 am", "às 0h"),
        ("12 boats", "١٢ قارب"),
        ("in 2010–2012", "em 2012 e 2010"),
    ],
)
def test_numbers_agree_across_locales(source, target):
    assert "numbers" not in ids(source, target)


@pytest.mark.parametrize(
    ("source", "target"),
    [("12 boats", "21 barcos"), ("12 boats", "barcos"), ("boats", "3 barcos"), ("at 3 pm", "às 16h"), ("1.5", "15 15")],
)
def test_changed_numbers_warn(source, target):
    found = [f for f in findings(f"the {source}", target) if f.check == "numbers"]
    assert [f.severity for f in found] == [Severity.WARN]


def test_numbers_are_compared_without_separators():
    assert numbers("1,000.50 and 1.000,50 and 1 000,50") == {"100050": 3}


def test_a_place_found_by_position_only_is_shown_to_the_editor():
    [finding] = findings("A <b>big</b> <i>river</i>", "Um <i>rio</i> <b>grande</b>", evidence=("position", "own"))
    assert (finding.check, finding.severity) == ("placement", Severity.WARN)


@pytest.mark.parametrize("usual", Severity)
def test_a_check_that_crashes_is_a_finding_as_severe_as_itself_and_the_others_go_on(usual):
    class Broken:
        id, name, severity = "broken", "A broken check", usual

        def run(self, translation):
            raise KeyError("secret")

    document = segment.segment(CleanDocument(Metadata(language="en"), "<p>The river</p>"))
    found = check.run(document, [], "en", "pt", checks=[Broken(), *check.DEFAULT])
    assert [(f.check, f.severity) for f in found] == [("broken", usual), ("empty", Severity.BLOCK)]
    assert "check “A broken check” failed (KeyError)" in found[0].message
    assert "secret" not in found[0].message


def test_checks_have_ids_of_their_own():
    known = [each.id for each in check.DEFAULT]
    assert len(set(known)) == len(known)
