"""``sectionwire memory``: what people approved goes out to other tools and comes in from them."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from django.utils import timezone

from pipeline.errors import Permanent
from pipeline.flow import exchange, installation
from pipeline.ledger import approved as rows
from pipeline.ledger.models import ApprovedUnit, ApprovedWord
from pipeline.stages.translate import approved
from tests.integration.test_commands import sectionwire

pytestmark = pytest.mark.usefixtures("desk")

COLUMNS = (
    *("source", "target", "kind", "source_text", "target_text", "source_hash", "context_hash", "home", "fingerprint"),
    *("author", "approver", "article_id", "approved_at"),
)


def tmx(folder: Path, *units: str, srclang: str = "en") -> Path:
    path = folder / "memory.tmx"
    path.write_text(
        f'<tmx version="1.4"><header srclang="{srclang}"/><body>{"".join(units)}</body></tmx>', encoding="utf-8"
    )
    return path


def tu(**texts: str) -> str:
    variants = "".join(
        f'<tuv xml:lang="{tag.replace("_", "-")}"><seg>{text}</seg></tuv>' for tag, text in texts.items()
    )
    return f'<tu changedate="20240102T030405Z" changeid="Rui">{variants}</tu>'


def approve_article(desk) -> None:
    desk.submit("<h2>The tide</h2><p>The <em>water</em> rose &amp; fell.</p><p>Use {these} braces.</p>")
    desk.work()
    assert sectionwire("approve", "tide", "portugal", "--by", "Ana").status == 0


def test_what_is_exported_and_imported_again_is_the_same(desk, tmp_path):
    """Every unit, with its context, people and times; and it is recognised as before."""
    approve_article(desk)
    ApprovedUnit.objects.update(approved_at=datetime(2026, 5, 6, 7, 8, 9, tzinfo=UTC))
    before = list(ApprovedUnit.objects.order_by("fingerprint").values(*COLUMNS))
    words = sorted(ApprovedWord.objects.values_list("word", flat=True))
    out = tmp_path / "out.tmx"
    assert f"{len(before)} segments written" in sectionwire("memory", "export", "--out", out).out
    again = sectionwire("memory", "import", out)
    assert again.out == f"0 new segments, {len(before)} known already.\n"
    ApprovedUnit.objects.all().delete()
    [told] = sectionwire("memory", "import", out, "--json").records
    assert (told["new"], told["known"], told["left_out"]) == (len(before), 0, {})
    assert list(ApprovedUnit.objects.order_by("fingerprint").values(*COLUMNS)) == before
    assert sorted(ApprovedWord.objects.values_list("word", flat=True)) == words


def test_export_goes_to_standard_output_and_takes_one_pair(desk, tmp_path):
    """Only what was asked for."""
    approve_article(desk)
    assert (
        sectionwire("memory", "export", "--from", "en", "--to", "pt").out.count("<tu ") == ApprovedUnit.objects.count()
    )
    assert sectionwire("memory", "export", "--from", "pt", "--to", "en").out.count("<tu ") == 0


def test_languages_of_other_tools_are_matched_to_bases(desk, tmp_path):
    """By what they mean, never cut at the hyphen; the variant nearest to the base counts."""
    file = tmx(
        tmp_path,
        tu(en_US="The tide rose.", pt_AO="A maré subiu.", pt="Subiu a maré.", de="Die Flut stieg."),
        tu(en_GB="It fell.", pt_PT="Desceu."),
        tu(de="Ebbe", pt="Vazante"),
        tu(en="Only English"),
    )
    said = sectionwire("memory", "import", file)
    assert "2 new segments, 0 known already." in said.out
    assert "2 units left out: languages that are not of this network." in said.out
    assert "Not of this network: de (2)" in said.err
    assert dict(ApprovedUnit.objects.values_list("source_text", "target_text")) == {
        "The tide rose.": "Subiu a maré.",
        "It fell.": "Desceu.",
    }
    unit = ApprovedUnit.objects.first()
    assert (unit.source, unit.target, unit.approver) == ("en", "pt", "Rui")
    assert unit.approved_at == datetime(2024, 1, 2, 3, 4, 5, tzinfo=UTC)


def test_a_file_that_does_not_say_its_source_needs_it_said(desk, tmp_path):
    """``*all*`` is what many tools write."""
    file = tmx(tmp_path, tu(pt="Desceu.", en="It fell."), srclang="*all*")
    with pytest.raises(Permanent, match="does not say which language"):
        sectionwire("memory", "import", file)
    assert "1 new segment," in sectionwire("memory", "import", file, "--from", "en", "--to", "pt").out
    assert ApprovedUnit.objects.get().target_text == "Desceu."


def test_what_is_dated_in_the_future_is_not_the_newest_for_ever(desk, tmp_path):
    """A clock that was wrong elsewhere."""
    sectionwire("memory", "import", tmx(tmp_path, tu(en="It fell.", pt="Desceu.").replace("2024", "2124")))
    assert ApprovedUnit.objects.get().approved_at <= timezone.now()


def test_what_comes_before_a_fault_is_kept_and_said(desk, tmp_path):
    """Mend the line and import again."""
    file = tmx(tmp_path, tu(en="It fell.", pt="Desceu."))
    file.write_text(file.read_text(encoding="utf-8").replace("</body>", "<tu>\n</tv></body>"), encoding="utf-8")
    with pytest.raises(Permanent, match=r"memory\.tmx:2: this is not well-formed XML"):
        sectionwire("memory", "import", file)
    assert ApprovedUnit.objects.count() == 1


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("import", "nowhere.tmx"), "nowhere.tmx can't be read"),
        (("import", "/"), "can't be read"),
        (("export", "--out", "/dev/null/out.tmx"), "can't be written"),
        (("export", "--from", "xx-nope"), "is no language"),
        (("search", "en", "de", "water"), "Nobody in this network"),
    ],
)
def test_what_is_wrong_is_said_in_a_sentence(desk, arguments, message):
    """With what to do."""
    with pytest.raises(Permanent, match=message) as error:
        sectionwire("memory", *arguments)
    assert error.value.remedy


def test_stats_and_search_tell_what_there_is(desk):
    """For people and for programs."""
    assert "Nobody has approved" in sectionwire("memory", "stats").out
    approve_article(desk)
    assert "en → pt" in sectionwire("memory", "stats").out
    [stats] = sectionwire("memory", "stats", "--json").records
    assert stats["approved"][0]["units"] == ApprovedUnit.objects.count()
    assert stats["machine"][0]["sentences"] > 0
    said = sectionwire("memory", "search", "en-GB", "pt-PT", "The water rose and fell.")
    assert "The {1}water{/1} rose & fell." in said.out
    assert "Ana" in said.out
    [found, *_] = sectionwire("memory", "search", "en", "pt", "The water rose and fell.", "--json").records
    assert found["approver"] == "Ana"
    assert 0.8 < found["likeness"] < 1
    assert "Nothing like it" in sectionwire("memory", "search", "en", "pt", "Mule convoy").out


def test_thousands_of_units_are_taken_in_portions(desk, tmp_path):
    """Each in its own transaction; the bar hears of it."""
    file = tmx(tmp_path, *(tu(en=f"Boat number {n} came back.", pt=f"O barco {n} voltou.") for n in range(2_500)))
    heard: list[int] = []
    with file.open("rb") as stream:
        result = exchange.bring_in(stream, "x", installation.network(), by="Ana", told=heard.append)
    assert (result.new, len(heard)) == (2_500, 2)
    assert ApprovedUnit.objects.count() == 2_500


def test_json_of_a_failed_import_says_how_far_it_came(desk, tmp_path, capsys):
    """A program sees what is in, and what to do."""
    file = tmx(tmp_path, tu(en="It fell.", pt="Desceu."))
    file.write_text(file.read_text(encoding="utf-8")[:-10], encoding="utf-8")
    import io

    from django.core.management import call_command

    out = io.StringIO()
    with pytest.raises(Permanent):
        call_command("memory", "import", str(file), "--json", stdout=out, stderr=io.StringIO())
    record = json.loads(out.getvalue())
    assert record["new"] == 1
    assert "not well-formed" in record["error"]


def test_a_memory_of_another_tool_is_used_for_articles(desk, tmp_path):
    """Its sentences are not translated again."""
    sectionwire("memory", "import", tmx(tmp_path, tu(en="The water rose.", pt="A água subiu.")))
    desk.submit("<p>The water rose.</p><p>It fell.</p>")
    desk.work()
    by_key = {row["key"]: row for row in desk.edition("portugal").candidate.segments}
    assert (by_key["b1"]["target"], by_key["b1"]["origin"]) == ("A água subiu.", "approved")
    assert "The water rose." not in desk.engines.asked


def test_hostile_targets_stay_text(desk, tmp_path):
    """Markup of a file becomes no markup of a page, and codes that the segment lacks none either."""
    units = [
        tu(en="The water rose.", pt="&lt;script&gt;alert(1)&lt;/script&gt; subiu."),
        tu(en="It fell again.", pt='<bpt i="1">x</bpt>Desceu<ept i="1">y</ept>.'),
    ]
    sectionwire("memory", "import", tmx(tmp_path, *units))
    desk.submit("<p>The water rose.</p><p>It fell again.</p>")
    desk.work()
    by_key = {row["key"]: row for row in desk.edition("portugal").candidate.segments}
    assert by_key["b1"]["target"] == "&lt;script&gt;alert(1)&lt;/script&gt; subiu."
    assert by_key["b2"]["origin"] == "engine"


def test_the_words_of_a_unit_are_those_of_its_source(desk, tmp_path):
    """Else nobody would find it."""
    sectionwire("memory", "import", tmx(tmp_path, tu(en="The water rose.", pt="A água subiu.")))
    unit = ApprovedUnit.objects.get()
    assert set(unit.words.values_list("word", flat=True)) == set(approved.sketch(("en", "pt"), "The water rose."))
    assert rows.counts()[0].units == 1
