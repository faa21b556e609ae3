"""What people approve is used again, word by word, whatever engines do meanwhile."""

from __future__ import annotations

from functools import partial

import pytest
from django.utils import timezone

from pipeline.documents import CleanDocument, Hop, Metadata, Origin
from pipeline.flow import decisions, installation, memory, translate
from pipeline.ledger import approved as rows
from pipeline.ledger import invariants
from pipeline.ledger.models import ApprovedUnit, ApprovedWord, Edition, Version
from pipeline.ledger.models.translations import pack_segments
from pipeline.stages import segment as segmenting
from pipeline.stages.translate import approved

SENTENCES = [f"Boat number {word} came back <em>before</em> the tide." for word in ("one", "two", "three", "four")]


def article(sentences=SENTENCES) -> str:
    return "".join(f"<p>{sentence}</p>" for sentence in sentences)


def approve(desk, section: str = "portugal", by: str = "Ana", **options) -> Version:
    edition = desk.edition(section)
    decisions.approve(edition.pk, by=by, net=installation.network(), **options)
    return Version.objects.get(pk=desk.edition(section).approved_id)


def edit(desk, key: str, target: str) -> Version:
    """A person's version on top of the machine's, as the review desk writes it."""
    edition = desk.edition("portugal")
    machine = edition.candidate
    segments = [{**row, "target": target, "origin": "person"} if row["key"] == key else row for row in machine.segments]
    version = Version.objects.create(
        translation=machine.translation,
        number=machine.number + 1,
        revision=machine.revision,
        parent=machine,
        origin=Version.By.PERSON,
        author="Ana",
        digest="e" * 64,
        segments=segments,
        created_at=timezone.now(),
    )
    machine.translation.version = version
    machine.translation.save(update_fields=["version"])
    Edition.objects.filter(translation=machine.translation, candidate=machine).update(candidate=version)
    return version


@pytest.fixture
def edited(desk):
    """An article of four sentences of which Ana wrote the second, and approved all."""
    desk.submit(article())
    desk.work()
    edit(desk, "b2", "A embarcação dois voltou <em>antes</em> da maré.")
    approve(desk)
    desk.work()
    desk.engines.asked.clear()
    return desk


def segments(version: Version) -> dict[str, dict]:
    return {row["key"]: row for row in version.segments}


def test_an_update_asks_the_engine_only_for_what_changed(edited):
    """What was approved stands word by word in the new version; an editor decides on it all the same."""
    before = segments(edited.edition("portugal").approved)
    edited.submit(article([*SENTENCES[:3], "Boat number four sank."]))
    edited.work()
    edition = edited.edition("portugal")
    assert edition.state == "in_review"
    assert edited.engines.asked == ["Boat number four sank."]
    after = segments(edition.candidate)
    assert {key: row["target"] for key, row in after.items() if key != "b4"} == {
        key: row["target"] for key, row in before.items() if key != "b4"
    }
    assert after["b2"]["target"] == "A embarcação dois voltou <em>antes</em> da maré."
    origins = {key: row["origin"] for key, row in after.items()}
    assert origins.pop("b4") == "engine"
    assert origins.pop("b2") in ("approved", "person")
    assert set(origins.values()) == {"approved"}
    assert (after["b1"]["evidence"], after["b3"]["evidence"]) == (["context"], ["article"])
    assert edition.candidate.origin == "machine"
    assert invariants.broken() == []


def test_another_model_never_touches_what_was_approved(edited, monkeypatch):
    """Same text, same origin, nothing asked: whatever engine is there now."""
    before = {key: row["target"] for key, row in segments(edited.edition("portugal").approved).items()}
    hops = [Hop("fake", hop.source, hop.target, "newer", "1" * 16) for hop in edited.engines.hops()]
    monkeypatch.setattr(edited.engines, "hops", lambda: hops)
    translation = edited.edition("portugal").translation
    type(translation).objects.filter(pk=translation.pk).update(status="ready")
    translate.run("pt", edited.engines)
    translation.refresh_from_db()
    after = segments(translation.version)
    assert edited.engines.asked == []
    assert {key: row["target"] for key, row in after.items()} == before


def test_a_text_that_people_approved_in_all_its_parts_is_no_machine_translation(edited):
    """The page does not say that a machine made it."""
    edited.submit(article([*SENTENCES, SENTENCES[0]]))
    edited.work()
    version = edited.edition("portugal").candidate
    assert (version.origin, version.engines) == ("person", [])


def test_a_changed_link_keeps_the_approved_words(edited):
    """With the link of the new revision."""
    linked = 'Read <a href="https://tidewater-relief.example/{}">the report of the year</a> now.'
    edited.submit(article([linked.format("a")]), key="links")
    edited.work()
    decisions.approve(_edition("links").pk, by="Ana", net=installation.network())
    edited.engines.asked.clear()
    edited.submit(article([linked.format("b")]), key="links")
    edited.work()
    row = segments(_edition("links").candidate)["b1"]
    assert row["origin"] == "approved"
    assert 'href="https://tidewater-relief.example/b"' in row["target"]
    assert edited.engines.asked == []


def _edition(key: str) -> Edition:
    return Edition.objects.get(section="portugal", article__key=key)


def test_only_a_person_feeds_the_memory_and_only_once(desk):
    """Policy auto (Brazil) does not; a section that follows (Angola) is not fed a second time."""
    desk.submit(article())
    desk.work()
    assert desk.edition("brazil").state == "live"
    assert not ApprovedUnit.objects.exists()
    approve(desk)
    assert desk.edition("angola").approved_id is not None
    assert ApprovedUnit.objects.count() == len(SENTENCES) + len(["title", "summary"])
    assert set(ApprovedUnit.objects.values_list("approver", flat=True)) == {"Ana"}


def test_an_approval_that_fails_feeds_nothing(desk):
    """One transaction."""
    desk.submit(article())
    desk.work()
    with pytest.raises(decisions.Permanent):
        approve(desk, digest="0" * 64)
    assert not ApprovedUnit.objects.exists()


def test_what_was_kept_in_the_source_language_is_nobodys_translation(desk):
    """An approver who lets it stand does not teach it."""
    desk.submit(article(["The FAKE-LOOP water rose again.", "Nobody was hurt."]))
    desk.work()
    edition = desk.edition("portugal")
    assert segments(edition.candidate)["b1"]["origin"] == "kept"
    approve(desk, dismiss="it is a name")
    assert sorted(ApprovedUnit.objects.values_list("source_text", flat=True)) == ["Nobody was hurt.", "Tide report"]


def test_another_article_takes_sentences_but_no_headlines_and_single_words(edited):
    """A title says too little to be the same thing everywhere."""
    edited.submit(article(["The other day.", SENTENCES[1], "Tide"]), key="other")
    edited.work()
    rows_ = segments(_edition("other").candidate)
    assert (rows_["b2"]["origin"], rows_["b2"]["evidence"]) == ("approved", ["exact"])
    assert rows_["title"]["origin"] == "memory"
    assert rows_["b3"]["origin"] == "engine"


# the rows


def document(*sentences: str, key: str = "a", title: str = ""):
    body = "".join(f"<p>{sentence}</p>" for sentence in sentences)
    return segmenting.segment(CleanDocument(Metadata(language="en", key=key, title=title), body))


def unit(source: str, target: str, *, context: str = "", home: str = "", hour: int = 1, **more) -> rows.Unit:
    return rows.Unit(
        source="en",
        target="pt",
        kind="text",
        source_text=source,
        target_text=target,
        source_hash=approved.digest(source),
        words=partial(approved.sketch, ("en", "pt"), source),
        approved_at=timezone.now().replace(year=2026, month=1, day=1, hour=hour),
        context=context,
        home=home,
        **more,
    )


def found(doc, key: str = "b1"):
    return memory.ApprovedMemory("en", "pt").find(doc).get(key)


@pytest.mark.django_db
def test_feeding_twice_does_nothing():
    """Neither units nor words."""
    units = [unit("The tide rose.", "A maré subiu."), unit("The tide fell.", "A maré desceu.")]
    assert rows.feed(units, timezone.now()) == 2
    before = (ApprovedUnit.objects.count(), ApprovedWord.objects.count())
    assert rows.feed([*units, *units], timezone.now()) == 0
    assert (ApprovedUnit.objects.count(), ApprovedWord.objects.count()) == before


@pytest.mark.django_db
def test_the_newest_approval_is_used_and_the_older_ones_are_kept():
    """Also when an earlier wording is approved again."""
    now = timezone.now()
    doc = document("The tide rose.")
    for hour, target in ((1, "A maré subiu."), (2, "Subiu a maré."), (3, "A maré subiu.")):
        rows.feed([unit("The tide rose.", target, hour=hour)], now)
        assert found(doc).target == target
    assert ApprovedUnit.objects.count() == 2


@pytest.mark.django_db
def test_the_same_context_counts_more_than_the_newest():
    """What stands around a segment says what it means."""
    doc = document("The bank is closed.", "The river is high.")
    here = approved.known(doc)["b1"].context
    rows.feed([unit("The bank is closed.", "A margem está fechada.", context=here, hour=1)], timezone.now())
    rows.feed([unit("The bank is closed.", "O banco está fechado.", hour=9)], timezone.now())
    assert (found(doc).target, found(doc).evidence) == ("A margem está fechada.", ("context",))
    elsewhere = found(document("The bank is closed."))
    assert (elsewhere.target, elsewhere.evidence) == ("O banco está fechado.", ("exact",))


@pytest.mark.django_db
def test_another_pair_answers_nothing():
    """A base is a language of its own."""
    rows.feed([unit("The tide rose.", "A maré subiu.")], timezone.now())
    assert memory.ApprovedMemory("en", "pt-BR").find(document("The tide rose.")) == {}


@pytest.mark.django_db
def test_a_unit_whose_codes_do_not_fit_is_passed_over_for_one_that_does():
    """The engine would put the link back; a text without it would lose it."""
    rows.feed(
        [
            unit("Read {1}this page{/1}.", "Leia {1}esta página{/1}.", hour=1),
            unit("Read {1}this page{/1}.", "Leia esta página.", hour=2),
        ],
        timezone.now(),
    )
    assert found(document('Read <a href="/x">this page</a>.')).target == 'Leia <a href="/x">esta página</a>.'


@pytest.mark.django_db
def test_what_an_approver_took_out_stays_out_of_that_article():
    """They saw the page without it; elsewhere nobody did."""
    doc = document("Read <em>this</em> page.", key="home")
    rows.feed([unit("Read {1}this{/1} page.", "Leia esta página.", home=approved.home(doc.metadata))], timezone.now())
    assert found(doc).target == "Leia esta página."
    assert found(document("Read <em>this</em> page.", key="other")) is None


@pytest.mark.django_db
def test_our_own_approvals_count_more_than_another_tools_newer_ones(desk):
    """A memory that is brought along does not undo what was decided here."""
    desk.submit(article(["Nobody was hurt."]))
    desk.work()
    version = approve(desk)
    rows.feed([unit("Nobody was hurt.", "Imported.", hour=1)], timezone.now())
    ApprovedUnit.objects.filter(target_text="Imported.").update(approved_at=timezone.now())
    assert found(document("Nobody was hurt.", key="other")).target == segments(version)["b1"]["target"]


@pytest.mark.django_db
def test_a_document_of_two_thousand_segments(django_assert_max_num_queries):
    """In portions that the database takes."""
    texts = [f"Boat {number} came back in the evening." for number in range(2_000)]
    rows.feed([unit(text, text.upper()) for text in texts], timezone.now())
    with django_assert_max_num_queries(120):
        known = memory.ApprovedMemory("en", "pt").find(document(*texts))
    assert [each.target for each in known.values()] == [text.upper() for text in texts]
    assert {each.origin for each in known.values()} == {Origin.APPROVED}
    assert pack_segments(tuple(known.values()))[0]["evidence"] == ["exact"]


@pytest.mark.django_db
def test_use_is_written_down_once_a_day():
    """For stats, without a write per page."""
    rows.feed([unit("The tide rose.", "A maré subiu.")], timezone.now())
    found(document("The tide rose."))
    first = ApprovedUnit.objects.get().used_at
    assert first is not None
    found(document("The tide rose."))
    assert ApprovedUnit.objects.get().used_at == first


# suggestions


@pytest.mark.django_db
def test_similar_segments_are_suggested_most_alike_first():
    """One for each pair of texts, with how alike they are."""
    rows.feed(
        [
            unit("The water rose by {1}two{/1} metres in the night.", "A água subiu {1}dois{/1} metros.", home="a"),
            unit("The water rose by {1}two{/1} metres in the night.", "A água subiu {1}dois{/1} metros.", home="b"),
            unit("The water rose by two metres in the harbour.", "A água subiu dois metros no porto."),
            unit("A mule convoy crossed the pass.", "Uma caravana de mulas atravessou o passo."),
        ],
        timezone.now(),
    )
    given = memory.suggest("en", "pt", "The water rose by {1}three{/1} metres in the night.")
    assert [each.target for each in given] == ["A água subiu {1}dois{/1} metros.", "A água subiu dois metros no porto."]
    assert 0.8 < given[0].likeness < 1
    assert given[0].likeness > given[1].likeness
    assert memory.suggest("en", "es", "The water rose.") == []
    assert memory.suggest("en", "pt", "") == []


@pytest.mark.django_db
def test_a_suggestion_for_a_segment_comes_with_its_own_tags():
    """Or as plain text, where they don't fit."""
    rows.feed(
        [
            unit("The water rose by {1}two{/1} metres.", "A água subiu {1}dois{/1} metros.", hour=1),
            unit("The water rose by {1}two{/1} metres {2}here{/2}.", "A água subiu {2}aqui{/2} {1}dois{/1} metros."),
        ],
        timezone.now(),
    )
    segment = document('The water rose by <a href="/2">two</a> metres.').segments[0]
    assert [each.target for each in memory.suggest_for(segment, ("en", "pt"))] == [
        'A água subiu <a href="/2">dois</a> metros.',
        "A água subiu aqui dois metros.",
    ]


@pytest.mark.django_db
def test_a_word_that_everything_shares_hides_nothing():
    """Candidates come by their rare words first."""
    rows.feed(
        [unit(f"Organisation number {n} of the river delta", f"Organização {n}") for n in range(1_300)], timezone.now()
    )
    rows.feed([unit("Organisation of the river delta: nightingale census", "Censo de rouxinóis")], timezone.now())
    [best, *_] = memory.suggest("en", "pt", "Organisation of the river delta: nightingale survey")
    assert best.target == "Censo de rouxinóis"
