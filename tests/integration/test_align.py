"""``sectionwire align``: from the translation memory to an aligner that workers use."""

from __future__ import annotations

import json

import pytest
from django.conf import settings
from django.utils import timezone

from pipeline.engines.shortlist import WordLists
from pipeline.errors import Permanent
from pipeline.flow import aligners
from pipeline.flow.resources import resources
from pipeline.ledger.models import MemoryUnit
from pipeline.stages.translate.aligner import Together
from tests.integration.test_commands import sectionwire
from tests.unit.test_aligner import pairs

pytestmark = pytest.mark.usefixtures("desk")


def remember(number: int, source: str = "en", target: str = "pt") -> None:
    MemoryUnit.objects.bulk_create(
        MemoryUnit(
            source=source,
            target=target,
            source_hash=f"{source}{target}{index}",
            route="r",
            source_text=one,
            target_text=other,
            created_at=timezone.now(),
        )
        for index, (one, other) in enumerate(pairs(number))
    )


def test_what_was_translated_teaches_an_aligner_that_workers_use():
    remember(250)
    assert isinstance(resources("en", "pt").aligner, WordLists)
    done = sectionwire("align")
    assert (done.status, done.out) == (0, "en → pt: learned 16 words from 250 sentences.\n")
    used = resources("en", "pt").aligner
    assert isinstance(used, Together)
    [row] = used.learnt.strengths(["siren"], ["velho", "sirene"])
    assert row[1] > 0.5 > row[0]
    assert aligners.load("en-GB", "pt") == used.learnt


def test_a_pair_is_trained_again_and_taken_up_at_once():
    remember(210)
    sectionwire("align", "en", "pt")
    remember(220, source="fr")
    MemoryUnit.objects.filter(source="fr").update(source="en")
    [told] = sectionwire("align", "en", "pt", "--json").records
    assert (told["source"], told["target"], told["sentences"]) == ("en", "pt", 430)
    found = aligners.load("en", "pt")
    assert found is not None
    assert found.sentences == 430


def test_too_small_a_memory_is_told_with_what_it_has():
    with pytest.raises(Permanent, match="needs: there are none"):
        sectionwire("align")
    remember(12)
    with pytest.raises(Permanent, match="the most are 12, en → pt"):
        sectionwire("align")
    failed = sectionwire("align", "en", "pt")
    assert failed.status == 1
    assert "en → pt: the memory has 12 sentences, and an aligner needs 200." in failed.err


@pytest.mark.parametrize(("given", "message"), [(["en"], "Which pair"), (["en", "x_!"], "“x_!” is no language")])
def test_a_pair_that_is_none_is_refused(given, message):
    with pytest.raises(Permanent, match=message):
        sectionwire("align", *given)


def test_a_damaged_aligner_is_one_line_in_the_log_and_no_failure(caplog):
    remember(200)
    sectionwire("align")
    [path] = (settings.SECTIONWIRE_HOME / "aligners" / "en-pt").iterdir()
    path.write_text(json.dumps({}), encoding="utf-8")
    assert all(isinstance(resources("en", "pt").aligner, WordLists) for _ in range(3))
    [line] = caplog.records
    assert line.levelname == "WARNING"
    assert "Train it again: sectionwire align" in line.getMessage()
