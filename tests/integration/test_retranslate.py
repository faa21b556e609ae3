"""Translating again: what is chosen, what stays, and what each section makes of the new version."""

from __future__ import annotations

import io
import json
from dataclasses import dataclass, replace

import pytest
from django.core.management import call_command

from pipeline.documents import Failure, Origin, TranslatedSegment
from pipeline.errors import Permanent
from pipeline.flow import decisions, engines, installation, retranslate, versions
from pipeline.flow.retranslate import Wanted
from pipeline.ledger import invariants
from pipeline.ledger.models import Edition, Event, Translation, Version
from pipeline.ledger.models.translations import unpack_segments

TWO = "<p>The water rose.</p><p>The boat sank.</p>"


class Changeable:
    """The fake engine behind two names, each with a model that can be replaced; either may fail on some words."""

    def __init__(self, inline):
        self.inline = inline
        self.models = {"fake": "one"}
        self.failing = {}
        self.asked = []

    def hops(self):
        return [
            replace(hop, engine=name, model=model, checksum=f"{model:0<16}"[:16])
            for hop in self.inline.hops()
            for name, model in self.models.items()
        ]

    def translate(self, route, sentences):
        hop = route.hops[0]
        self.asked += [(hop.engine, hop.model, text) for text in sentences]
        answers = self.inline.engine.translate(sentences, hop.source, hop.target)
        marked = [f"{hop.model} {answer}" if hop.model != "one" else answer for answer in answers]
        failing = self.failing.get(hop.engine, ())
        yield {
            text: Failure("it hung.") if any(word in text for word in failing) else answer
            for text, answer in zip(sentences, marked, strict=True)
        }


@pytest.fixture
def office(desk, settings):
    """An installation whose engine's model can be replaced."""
    desk.engines = Changeable(desk.engines)
    text = settings.NETWORK_FILE.read_text(encoding="utf-8")
    settings.NETWORK_FILE.write_text(text.replace('order = ["fake"]', 'order = ["fake", "argos"]'), encoding="utf-8")
    living(desk)
    return desk


def living(desk):
    engines.beat("inline", desk.engines.hops(), [], first=True)


def newer(desk):
    """A new model is installed."""
    desk.engines.models["fake"] = "two"
    living(desk)


@dataclass
class Said:
    out: str
    err: str

    @property
    def record(self):
        return json.loads(self.out)


def command(*arguments):
    out, err = io.StringIO(), io.StringIO()
    call_command("retranslate", *arguments, stdout=out, stderr=err)
    return Said(out.getvalue(), err.getvalue())


def choose(desk, **wanted):
    return retranslate.choose(Wanted(**wanted), installation.network(), [desk.engines.hops()])


def translation():
    return Translation.objects.select_related("version").get(base="pt")


# fallback, in the ledger


def test_every_route_that_was_taken_stands_in_the_version_and_on_the_page(office):
    """The second engine translated one sentence; nothing blocks, and the page names both."""
    office.engines.models["argos"] = "other"
    office.engines.failing = {"fake": ["sank"]}
    office.submit(TWO, summary="A report.")
    office.work()
    version = translation().version
    assert [name.partition(":")[0] for name in version.engines] == ["fake", "argos"]
    assert {row["key"]: row.get("routes") for row in version.segments} == {
        "title": None,
        "summary": None,
        "b1": None,
        "b2": [1],
    }
    assert not version.findings.filter(severity="block").exists()
    assert "argos:other@" in office.page("brazil")


def test_what_every_engine_fails_on_holds_the_article_back(office):
    office.engines.models["argos"] = "other"
    office.engines.failing = {"fake": ["sank"], "argos": ["sank"]}
    office.submit(TWO, summary="A report.")
    office.work()
    finding = translation().version.findings.get(severity="block")
    assert "fake: it hung; argos: it hung" in finding.message
    assert office.edition("brazil").state == "held"


# what is chosen


def test_nothing_is_chosen_while_the_engine_is_the_same(office):
    office.submit()
    office.work()
    assert choose(office, changed=True) == []


def test_a_newer_model_touches_what_the_old_one_translated(office):
    """And nothing any more once it was translated again, even where both say the same."""
    office.submit()
    office.work()
    newer(office)
    chosen = choose(office, changed=True)
    assert [(each.article, each.source, each.target, each.characters) for each in chosen] == [("tide", "en", "pt", 41)]
    retranslate.again(chosen, by="Ana", why="test", net=installation.network())
    office.work()
    assert choose(office, changed=True) == []
    assert translation().version.number == 2


def test_a_model_that_says_the_same_makes_no_new_version_and_is_not_asked_for_ever(office):
    office.submit()
    office.work()
    office.engines.models["fake"] = "one"
    hops = [replace(hop, checksum="9" * 16) for hop in office.engines.hops()]
    office.engines.hops = lambda: hops
    living(office)
    retranslate.again(choose(office, changed=True), by="Ana", why="test", net=installation.network())
    office.work()
    assert Version.objects.filter(translation=translation()).count() == 1
    assert choose(office, changed=True) == []


def test_a_fallback_that_was_taken_is_no_reason_to_begin_again(office):
    """The first engine failed on all of it, and would again."""
    office.engines.models["argos"] = "other"
    office.engines.failing = {"fake": ["The", "Tide"]}
    office.submit()
    office.work()
    assert [name.partition(":")[0] for name in translation().version.engines] == ["argos"]
    assert choose(office, changed=True) == []


def test_an_older_ledger_knows_the_routes_by_its_versions(office):
    office.submit()
    office.work()
    Translation.objects.update(asked="")
    assert choose(office, changed=True) == []
    newer(office)
    assert len(choose(office, changed=True)) == 1


@pytest.mark.parametrize(
    ("term", "found"),
    [
        ("flood warden", True),
        ("FLOOD  warden", True),
        ("tide", True),
        ("warden & crew", True),
        ("flood warden came home", False),
        ("strong", False),
    ],
)
def test_a_term_is_looked_for_in_the_text_of_the_source(office, term, found):
    """Across tags, in any case, entities read; in the title, too. Names of tags are no text."""
    office.submit("<p>The Flood <strong>Warden</strong> &amp; crew came.</p>")
    office.work()
    assert bool(choose(office, terms=(term,))) is found


def test_conditions_hold_together_and_articles_in_work_are_left_alone(office):
    office.submit()
    office.submit("<p>The boat sank.</p>", key="boat", name="boat.html")
    office.work()
    assert len(choose(office, base="pt")) == 2
    assert choose(office, base="en") == []
    assert [each.article for each in choose(office, base="pt", terms=("boat",))] == ["boat"]
    Translation.objects.filter(article__key="boat", base="pt").update(status="ready")
    assert [each.article for each in choose(office, base="pt")] == ["tide"]
    assert retranslate.in_work(Wanted(base="pt")) == 1


# what becomes of it


def test_policies_decide_on_the_new_version(office):
    """Portugal reviews the newer one; Brazil publishes it; neither page was away meanwhile."""
    office.submit()
    office.work()
    before = office.page("brazil")
    newer(office)
    command("--engine-changed", "--yes")
    assert office.page("brazil") == before
    assert office.edition("brazil").state == "live"
    office.work()
    assert office.edition("portugal").candidate.number == 2
    assert office.edition("brazil").approved.number == 2
    assert "two" in office.page("brazil")
    assert invariants.broken() == []
    assert Event.objects.filter(stage="translate", message__contains="the engine has changed").count() == 1


def test_what_a_person_approved_is_not_translated_by_a_newer_model(office):
    """The engine is not asked, and no version comes of it."""
    office.submit()
    office.work()
    decisions.approve(office.edition("portugal").pk, by="Ana", net=installation.network())
    office.work()
    before = office.page("portugal")
    newer(office)
    command("--engine-changed")
    office.work()
    assert translation().version.number == 1
    assert office.page("portugal") == before
    assert not [text for _, model, text in office.engines.asked if model == "two"]
    assert choose(office, changed=True) == []


def write_by_hand(key, target):
    """A person changes one segment, as the desk does, and nothing has been approved yet."""
    from django.db import transaction

    row = Translation.objects.select_related("version__revision", "article").get(base="pt")
    mine = TranslatedSegment(key, target, Origin.PERSON)
    segments = tuple(mine if each.key == key else each for each in unpack_segments(row.version.segments))
    with transaction.atomic():
        net = installation.network()
        return versions.add(row, row.version.revision, segments, author="Ana", origin=Version.By.PERSON, net=net)


def test_what_a_person_wrote_stays_and_the_rest_is_proposed(office):
    """Not even a section that publishes by itself takes the machine's version in place of a person's."""
    office.submit(TWO, summary="A report.")
    office.work()
    written = write_by_hand("b1", "A água subiu.")
    office.work()
    assert office.edition("brazil").approved == written
    newer(office)
    command("tide")
    office.work()
    version = translation().version
    assert version.number == 3
    targets = {row["key"]: (row["target"], row["origin"]) for row in version.segments}
    assert targets["b1"] == ("A água subiu.", "person")
    assert targets["b2"][0].startswith("two ")
    assert not any("rose" in text for engine, model, text in office.engines.asked if model == "two")
    edition = office.edition("brazil")
    assert (edition.approved, edition.candidate, edition.state) == (written, version, "in_review")
    assert "A água subiu." in office.page("brazil")
    assert "two" not in office.page("brazil")
    assert invariants.broken() == []


def test_a_persons_segment_goes_when_its_source_changes(office):
    """It was no translation of that."""
    office.submit(TWO, summary="A report.")
    office.work()
    write_by_hand("b1", "A água subiu.")
    office.submit("<p>The water fell.</p><p>The boat sank.</p>")
    office.work()
    targets = {row["key"]: row["origin"] for row in translation().version.segments}
    assert targets["b1"] == "engine"


# the command


def test_a_dry_run_says_what_would_be_done_and_does_nothing(office):
    office.submit()
    office.work()
    said = command("--language", "pt-BR", "--dry-run")
    assert "tide  en → pt  41 characters" in said.out
    assert "1 translation, 41 characters: at most about 1 second" in said.out
    assert translation().status == "done"
    record = command("--language", "pt", "--dry-run", "--json").record
    assert (record["translations"], record["articles"], record["queued"]) == (1, 1, 0)
    assert record["chosen"] == [{"article": "tide", "from": "en", "to": "pt", "characters": 41}]


def test_many_need_a_yes(office, monkeypatch):
    for number in range(21):
        office.submit(f"<p>Boat {number} came in.</p>", key=f"boat-{number}", name=f"{number}.html")
    for _ in range(3):
        office.work(publishing=False)
    with pytest.raises(Permanent, match="--yes"):
        command("--language", "pt")
    assert not Translation.objects.filter(status="ready").exists()
    said = command("--language", "pt", "--yes")
    assert "21 translations made ready" in said.out
    assert "and 11 more" in said.out
    assert set(Translation.objects.filter(status="ready").values_list("priority", flat=True)) == {retranslate.LATER}


def test_one_article_keeps_its_urgency(office):
    office.submit()
    office.work()
    before = translation().priority
    command("tide", "--by", "Ana")
    row = translation()
    assert (row.status, row.priority) == ("ready", before)
    assert Event.objects.get(stage="translate").actor == "Ana"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "Everything there is"),
        (["nothing-like-it"], "There is no article"),
        (["--language", "xx-klingon"], "is no language"),
        (["--language", "cy"], "Nobody"),
        (["--term", " "], "empty term"),
    ],
)
def test_what_makes_no_sense_is_one_clear_sentence(office, arguments, message):
    with pytest.raises(Permanent, match=message):
        command(*arguments)


def test_a_language_without_a_model_by_now_waits_for_one(office):
    """It says so, and what is live stays."""
    office.submit()
    office.work()
    office.engines.models = {}
    engines.gone("inline")
    command("tide")
    row = translation()
    assert row.status == "waiting"
    assert "models install en pt" in row.reason
    assert Edition.objects.get(section="brazil").state == "live"


def test_the_story_of_an_article_names_the_engines(office):
    from pipeline.management import editions, story

    office.engines.models["argos"] = "other"
    office.engines.failing = {"fake": ["sank"]}
    office.submit(TWO, summary="A report.")
    office.work()
    record = story.tell(editions.find_article("tide"), installation.network())
    (told,) = record["translations"]
    assert told["segments"] == {"engine": 4}
    assert told["other_routes"] == {"b2": [told["engines"][1]]}
    lines = "\n".join(line.plain for line in story.lines(record))
    assert "fake:one@" in lines
    assert "argos:other@other00000000000 (b2)" in lines
