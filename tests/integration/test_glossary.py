"""The glossary in the ledger, on the command line, in translation, in findings, and in sections' own languages."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from django.contrib.auth.models import User
from django.core.management import call_command
from django.db import IntegrityError, transaction
from django.test import Client

from pipeline.errors import Permanent
from pipeline.flow.resources import resources
from pipeline.ledger import glossary
from pipeline.ledger.glossary import Entry
from pipeline.ledger.models import Finding, GlossaryTerm, GlossaryTranslation, Version
from pipeline.management import glossary_csv
from pipeline.network import load
from tests.integration.calls import token

pytestmark = pytest.mark.django_db

TABLE = Entry("en", "tide table", "pt", "tabela de marés")
RELIEF = Entry("en", "Tidewater Relief", do_not_translate=True, exact_case=True)


def now():
    return datetime(2026, 11, 22, tzinfo=UTC)


def put(*entries, by="ana"):
    return glossary.put([glossary.checked(entry) for entry in entries], by, now)


def sectionwire(*arguments):
    """Run the command; what it said, what it hinted, its exit status."""
    out, err, status = io.StringIO(), io.StringIO(), 0
    try:
        call_command("glossary", *map(str, arguments), stdout=out, stderr=err)
    except SystemExit as error:
        status = int(error.code or 0)
    return out.getvalue(), err.getvalue(), status


@pytest.fixture
def net(home, settings):
    return load(settings.NETWORK_FILE)


# --- the ledger ---


def test_terms_are_given_to_the_stages_for_their_pair_only():
    """Other languages, and those that lie on top of a base, have their own."""
    put(TABLE, Entry("en", "tide table", "pt-BR", "tábua de marés"), Entry("pt", "maré", "en", "tide"))
    assert [(t.source, t.target) for t in glossary.terms("en", "pt")] == [("tide table", "tabela de marés")]
    assert [(t.source, t.target) for t in glossary.own_terms("en", "pt-BR")] == [("tide table", "tábua de marés")]
    assert glossary.terms("en", "fr") == ()


def test_what_is_not_translated_is_kept_in_every_language_but_those_that_have_a_word_for_it():
    """A name is written in other letters in Urdu."""
    put(RELIEF, Entry("en", "Tidewater Relief", "ur", "ٹائیڈ واٹر ریلیف", exact_case=True))
    assert glossary.terms("en", "pt")[0].is_kept
    assert [t.target for t in glossary.terms("en", "ur")] == ["ٹائیڈ واٹر ریلیف"]


def test_a_term_may_be_kept_in_one_language_only():
    put(Entry("en", "skipper", "fr", do_not_translate=True))
    assert glossary.terms("en", "fr")[0].is_kept
    assert glossary.terms("en", "pt") == ()


def test_laying_the_same_down_again_changes_nothing():
    """Neither rows nor who changed them."""
    first = put(TABLE, RELIEF)
    again = put(TABLE, RELIEF, by="rui")
    assert (first.added, again.added, again.changed, again.unchanged) == (2, 0, 0, 2)
    assert set(GlossaryTerm.objects.values_list("changed_by", flat=True)) == {"ana"}


def test_a_change_says_who_made_it_and_keeps_what_it_does_not_name():
    put(Entry("en", "tide table", "pt", "tabela de marés", note="not a piece of furniture"))
    changes = put(Entry("en", "Tide table", "pt", "tábua de marés", forbidden=("mesa de maré",)), by="rui")
    term = GlossaryTerm.objects.get()
    assert (changes.changed, term.changed_by, term.created_by) == (1, "rui", "ana")
    [known] = glossary.terms("en", "pt")
    assert (known.source, known.note, known.forbidden) == ("Tide table", "not a piece of furniture", ("mesa de maré",))


def test_exact_case_belongs_to_the_term_whatever_line_says_so():
    """A line for one language says nothing of it, and takes it away from nobody."""
    put(RELIEF)
    put(Entry("en", "Tidewater Relief", "ur", "ٹائیڈ واٹر ریلیف"))
    assert GlossaryTerm.objects.get().exact_case
    put(Entry("en", "Tidewater Relief", do_not_translate=True))
    assert not GlossaryTerm.objects.get().exact_case


def test_terms_that_differ_in_capitals_stand_side_by_side_when_one_is_exact():
    """*Relief*, the organisation, and *relief*, what it brings."""
    put(Entry("en", "Relief", do_not_translate=True, exact_case=True), Entry("en", "relief", "pt", "ajuda"))
    assert {(t.source, t.target) for t in glossary.terms("en", "pt")} == {("Relief", "Relief"), ("relief", "ajuda")}
    with pytest.raises(Permanent, match="differ only in capitals"):
        put(Entry("en", "Relief", do_not_translate=True))
    assert GlossaryTerm.objects.filter(exact_case=True).exists()


def test_the_database_itself_refuses_twins():
    put(TABLE)
    term = GlossaryTerm.objects.get()
    with pytest.raises(IntegrityError), transaction.atomic():
        GlossaryTranslation.objects.create(term=term, language="pt", target="x")
    term.pk, term.source = None, "TIDE TABLE"
    with pytest.raises(IntegrityError), transaction.atomic():
        term.save(force_insert=True)


def test_removing_a_term_or_one_language_of_it():
    put(TABLE, Entry("en", "tide table", "pt-BR", "tábua de marés"))
    assert glossary.remove("en", "TIDE TABLE", "pt-BR") == 1
    assert glossary.own_terms("en", "pt-BR") == ()
    assert glossary.remove("en", "tide table") == 1
    assert not GlossaryTerm.objects.exists()
    assert glossary.remove("en", "tide table") == 0


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        (Entry("en", ""), "There is no term"),
        (Entry("en", " \t "), "There is no term"),
        (Entry("en", "…", "pt", "x"), "neither a letter nor a digit"),
        (Entry("en", "a" * 10_000, "pt", "x"), "10,000 characters"),
        (Entry("en", "tide\x00table", "pt", "x"), r"U\+0000"),
        (Entry("en", "tide", "pt", "\u202eéram"), r"U\+202E"),
        (Entry("en", "tide", "pt", "\U000f0000"), "no text has|neither"),
        (Entry("en", "tide", "en", "tide"), "both en"),
        (Entry("en", "tide", "", "maré"), "without a language"),
        (Entry("en", "tide", "pt"), "Nothing is said of"),
        (Entry("en", "tide", "pt", "maré", do_not_translate=True), "not to be translated has a translation"),
        (Entry("en", "tide", "pt", "maré", forbidden=("Maré",)), "both wanted and forbidden"),
        (Entry("en", "tide", "pt", "maré", forbidden=("onda|vaga",)), r"has a \| in it"),
        (Entry("en", "tide", "pt", "maré", forbidden=tuple(map(str, range(30)))), "More than 20"),
    ],
)
def test_what_can_be_no_entry_is_refused_in_one_sentence(entry, message):
    with pytest.raises(Permanent, match=message) as error:
        glossary.checked(entry)
    assert error.value.remedy


def test_texts_are_normalised():
    """Composed letters, single spaces, nothing that is never seen: else a term would never be found."""
    entry = glossary.checked(Entry("en", " tide\u200b\n table ", "pt", "tabela de mare\u0301s", forbidden=("", " ")))
    assert (entry.source, entry.target, entry.forbidden) == ("tide table", "tabela de marés", ())


def test_signs_of_patterns_are_letters_like_others():
    """A term of regex characters is only that."""
    put(Entry("en", "C++ (.*", "pt", r"\1 [a-z]+ Q7A1"))
    assert glossary.terms("en", "pt")[0].target == r"\1 [a-z]+ Q7A1"


# --- CSV ---

HEAD = "source_language,source,target_language,target,do_not_translate,exact_case,forbidden,note\n"


def read(text, net):
    return glossary_csv.read(text.encode() if isinstance(text, str) else text, "terms.csv", net)


@pytest.mark.parametrize(
    "data",
    [
        "source_language,source,target_language,target\nen,tide table,pt,tabela de marés\n".encode(),
        "\ufeffsource_language;source;target_language;target\r\nen;tide table;pt;tabela de marés\r\n".encode(),
        "Source Language\tSource\tTarget Language\tTarget\nen-GB\ttide table\tpt\ttabela de marés".encode("utf-16"),
        b'target,target_language,source,source_language\n"tabela de mar\xc3\xa9s",PT,"tide\ntable",en_GB\n\n,,,\n',
    ],
    ids=["plain", "as Excel writes it in Portugal", "as Unicode text", "in another order, with an empty line"],
)
def test_csv_as_spreadsheets_write_it_is_read(data, net):
    assert read(data, net) == glossary_csv.Read((TABLE,), ())


def test_what_is_exported_is_imported_as_it_was(net):
    """Separators, quotation marks, and what a spreadsheet would take for a formula."""
    entries = [
        RELIEF,
        Entry("en", "-10 rule", "pt", "=HYPERLINK(x)", forbidden=("+1", "a;b"), note='@see "x", y'),
        Entry("en", "'tis", "pt", "é"),
        Entry("en", "'=odd", "pt", "estranho"),
        Entry("en", "skipper", "fr", do_not_translate=True),
        TABLE,
    ]
    put(*entries)
    text = glossary_csv.write(glossary.entries())
    assert set(read(text, net).entries) == set(entries)
    cells = [cell for row in csv.reader(io.StringIO(text)) for cell in row]
    assert not [cell for cell in cells if cell[:1] in tuple("=+-@")]


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "does not name the column source_language"),
        (b"\n\n", "does not name the column source_language"),
        (b"PK\x03\x04\xff\xfe\x00", "not in UTF-8"),
        ("source_language,source\nen,maré\n".encode("latin-1"), r"not in UTF-8 \(line 2\)"),
        (b"source_language,source,colour\n", "a column “colour”"),
        (b"source_language,source,source\n", "the column source twice"),
        (b'source_language,source\nen,"tide\n', "can't be read as CSV"),
        (b'source_language,source\nen,"tide"x\n', "can't be read as CSV"),
    ],
)
def test_what_is_no_glossary_at_all_is_refused(data, message, net):
    with pytest.raises(Permanent, match=message) as error:
        read(data, net)
    assert error.value.remedy


@pytest.mark.parametrize(
    ("line", "message"),
    [
        (",tide,pt,maré,,,,", "no source language"),
        ("english,tide,pt,maré,,,,", "“english” is no language"),
        ("en,tide,xx-yy-zz,maré,,,,", "is no language"),
        ("en,tide,pt,maré,perhaps,,,", "neither yes nor no"),
        ("en,tide,pt,maré,,,,,,extra", "10 fields, but 8 columns"),
        ("en,tide table,pt,tábua,,,,", "Line 2 says otherwise"),
        ("en,Tide table,pt-BR,tábua,,,,", "differ only in capitals"),
        ("en," + "x" * 10_000 + ",pt,maré,,,,", "10,000 characters"),
    ],
)
def test_a_bad_line_is_named_with_what_to_do(line, message, net):
    found = read(f"{HEAD}en,tide table,pt,tabela de marés,,,,a note\n\n{line}\n", net)
    [error] = found.errors
    assert error.line == 4
    assert error.error.remedy
    assert message in error.error.message
    assert len(found.entries) == 1


def test_a_line_that_is_there_twice_counts_once(net):
    line = "en,tide,pt,maré,,,,\n"
    assert len(read(HEAD + line + line, net).entries) == 1


# --- the command ---


def test_nothing_is_imported_when_one_line_is_bad_unless_asked_for(home, tmp_path):
    file = tmp_path / "terms.csv"
    file.write_text(f"{HEAD}en,tide,pt,maré,,,,\nen,,pt,x,,,,\n", encoding="utf-8")
    out, err, status = sectionwire("import", file)
    assert (out, status) == ("", 1)
    assert "line 3: There is no term. Give the word or words that are meant." in err
    assert "Nothing was imported" in err
    assert not GlossaryTerm.objects.exists()
    out, err, status = sectionwire("import", file, "--partial", "--by", "ana")
    assert (out, status) == ("1 added, 0 changed, 0 as they were.\n", 1)
    assert GlossaryTerm.objects.get().created_by == "ana"


def test_importing_as_json(home, tmp_path):
    file = tmp_path / "terms.csv"
    file.write_text(f"{HEAD}en,tide,pt,maré,,,,\nen,,pt,x,,,,\n", encoding="utf-8")
    out, _, status = sectionwire("import", file, "--json")
    record = json.loads(out)
    assert (record["added"], record["errors"][0]["line"], status) == (0, 3, 1)


def test_import_of_the_example_twice(home):
    """The glossary of the demo is a good one, and the second time nothing changes."""
    first, _, status = sectionwire("import", "examples/glossary.csv")
    assert status == 0
    assert " 0 changed, 0 as they were" in first
    again, _, _ = sectionwire("import", "examples/glossary.csv")
    assert again.startswith("0 added, 0 changed, ")
    text, _, _ = sectionwire("export")
    assert len(list(csv.reader(io.StringIO(text)))) == int(first.split()[0]) + 1


def test_a_term_by_hand_and_away_again(home):
    out, err, _ = sectionwire("add", "en-GB", "tide table", "pt", "tabela de marés", "--forbid", "mesa de maré")
    assert out == "Added: tide table.\n"
    assert "retranslate" in err
    out, _, _ = sectionwire("list")
    assert "tabela de marés" in out
    assert "mesa de maré" in out
    out, _, _ = sectionwire("list", "TABLE", "--from", "en", "--to", "pt", "--json")
    assert json.loads(out)["forbidden"] == ["mesa de maré"]
    assert sectionwire("remove", "en", "tide table")[0] == "Removed: 1 entry.\n"
    with pytest.raises(Permanent, match="no such entry"):
        sectionwire("remove", "en", "tide table")
    assert sectionwire("list")[0] == "The glossary is empty.\n"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("add", "en", "tide"), "Nothing is said of"),
        (("add", "klingonish", "tide", "pt", "maré"), "is no language"),
        (("import", "/nowhere/terms.csv"), "does not exist"),
        (("import", "."), "is a folder"),
        (("export", "/proc/terms.csv"), "can't be written"),
    ],
)
def test_what_the_command_can_not_do_is_said(arguments, message, home):
    with pytest.raises(Permanent, match=message):
        sectionwire(*arguments)


# --- in the flow ---


def test_the_same_terms_are_made_ready_once(desk):
    """The stages know them by identity."""
    put(TABLE)
    assert resources("en", "pt").terms is resources("en", "pt").terms


def test_translations_follow_the_glossary_and_findings_say_where_they_do_not(desk):
    """The fake engine turns words around: every term must be put in, one that markup cuts can't be."""
    put(RELIEF, TABLE)
    desk.submit("<p>Tidewater Relief prints a tide table.</p><p>One tide <b>table</b> is late.</p>")
    desk.work()
    version = Version.objects.get(translation__base="pt")
    assert "tabela de marés" in "".join(version.targets.values())
    assert "Tidewater Relief" in "".join(version.targets.values())
    [finding] = Finding.objects.filter(version=version, check_id="glossary")
    assert finding.message == "“tide table” should be “tabela de marés” here."


def story() -> str:
    """What the command says of the article."""
    out = io.StringIO()
    call_command("status", "tide", stdout=out)
    return out.getvalue()


def test_a_version_says_which_terms_held_when_it_was_made(desk):
    """On its page, in the API, on the article's page and on the command line; a term's note changes nothing."""
    put(RELIEF, TABLE)
    held = glossary.digest(glossary.terms("en", "pt"))
    desk.submit("<p>Tidewater Relief prints a tide table.</p>")
    desk.work()
    version = Version.objects.get(translation__base="pt")
    assert version.glossary == held == glossary.digest(glossary.terms("en", "pt")[::-1])
    assert Version.objects.get(translation__base="en").glossary == ""
    assert f'<meta name="sectionwire:glossary" content="{held}">' in desk.page("brazil")
    assert "sectionwire:glossary" not in desk.page("united-states")
    (told,) = [
        each
        for each in token("read").get(f"/articles/{version.translation.article.uid}/translations").json()["items"]
        if each["base"] == "pt"
    ]
    assert told["glossary"] == held
    client = Client()
    client.force_login(User.objects.create_user("olga", is_staff=True))
    page = client.get(f"/articles/{version.translation.article.uid}/").content.decode()
    assert page.count(f'title="{held}"') == 4  # the version, and three editions of it
    put(replace(TABLE, note="As in the almanac."))
    assert "as it is now" in story()
    put(replace(TABLE, target="tábua de marés"))
    assert "other terms hold by now" in story()
    assert glossary.digest(()) == ""


def test_a_section_shows_its_own_words_on_top_of_the_base(desk):
    """Brazil's page has Brazil's term, Portugal's the base's; the version in the ledger stays as it is."""
    put(Entry("en", "tide table", "pt", "tabela de marés"), Entry("en", "tide table", "pt-BR", "tábua de marés"))
    desk.submit("<p>A <a href='https://example.org/tide-table'>tide table</a> helps.</p>", title="Tide table")
    desk.work()
    version = Version.objects.get(translation__base="pt")
    page = desk.page("brazil")
    assert ">tábua de marés</a>" in page
    assert "Tábua de marés" in page
    assert "tabela de marés" not in page.lower()
    assert "tabela de marés" in "".join(version.targets.values())
    front = (desk.home / "outputs" / "brazil" / "pt-br" / "index.html").read_text(encoding="utf-8")
    assert "Tábua de marés" in front
