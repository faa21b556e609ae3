"""Existing translations beside their originals: by structure, else by kind and length."""

from __future__ import annotations

from itertools import chain

import pytest

from pipeline.documents import CleanDocument, Metadata, SegmentedDocument
from pipeline.stages import segment
from pipeline.stages.translate import blocks

EN = [
    "<h2>The delta</h2>",
    "<p>The eastern dyke gave way on Tuesday night, the team had already moved 90 families to the customs house.</p>",
    "<p>Nobody was hurt; eleven houses are gone.</p>",
    "<ul><li>Drinking water for 400 people.</li><li>Two diesel pumps.</li></ul>",
    "<p>The road to Port Ansel is open again, but for light vehicles only, drivers should call before they leave.</p>",
]
PT = [
    "<h2>O delta</h2>",
    "<p>O dique oriental cedeu na noite de terça-feira, a equipa já tinha levado 90 famílias para a alfândega.</p>",
    "<p>Ninguém ficou ferido; onze casas desapareceram.</p>",
    "<ul><li>Água potável para 400 pessoas.</li><li>Duas bombas a gasóleo.</li></ul>",
    "<p>A estrada de Port Ansel reabriu, mas só para ligeiros, os condutores devem ligar antes de partirem.</p>",
]


def cut(body: list[str], **metadata) -> SegmentedDocument:
    return segment.segment(CleanDocument(Metadata(title="T", **metadata), "".join(body)))


def pairs(source, target, alignment) -> list[tuple[str, str]]:
    ours, theirs = ({s.key: s.source for s in document.segments} for document in (source, target))
    return [
        (" + ".join(ours[key] for key in bead.source), " + ".join(theirs[key] for key in bead.target))
        for bead in alignment.beads
    ]


def test_the_same_structure_is_paired_block_by_block():
    """Nothing to guess."""
    source, target = cut(EN), cut(PT)
    found = blocks.align(source, target)
    assert (found.how, found.confidence) == ("structure", 1.0)
    assert len(found.sure) == len(source.segments)
    assert blocks.targets(source, target, found)["b1"] == "O delta"


@pytest.mark.parametrize("left_out", range(5))
def test_a_block_that_was_left_out_moves_no_other(left_out):
    """Its segments have no translation; all others keep theirs."""
    source, target = cut(EN), cut([block for at, block in enumerate(PT) if at != left_out])
    found = blocks.align(source, target)
    assert found.how == "length"
    texts = pairs(source, target, found)
    lost = [s.source for s in cut([EN[left_out]]).segments if s.key != "title"]
    assert [ours for ours, theirs in texts if not theirs] == lost
    assert [theirs for ours, theirs in texts if ours and theirs][1:] == [
        s.source for s in target.segments if s.key != "title"
    ]


@pytest.mark.parametrize("added", range(6))
def test_a_paragraph_that_was_added_is_kept_in_the_text_and_not_remembered(added):
    """It stands with the segment before it."""
    note = "<p>Nota da redação: este artigo foi publicado primeiro na página da secção.</p>"
    source, target = cut(EN), cut([*PT[:added], note, *PT[added:]])
    found = blocks.align(source, target)
    targets = blocks.targets(source, target, found)
    assert sum("Nota da redação" in text for text in targets.values()) == 1
    assert len(found.sure) >= len(source.segments) - 1
    assert not any("Nota" in s.source for s in target.segments if s.key in found.sure.values())


def test_a_paragraph_that_was_split_is_put_together_again():
    """One source, two targets: history, no memory."""
    first, second = PT[1].removesuffix("</p>").split(", a ")
    source, target = cut(EN), cut([PT[0], f"{first}.</p>", f"<p>A {second}</p>", *PT[2:]])
    found = blocks.align(source, target)
    [split] = [bead for bead in found.beads if len(bead.target) == 2]
    assert not split.sure
    assert blocks.targets(source, target, found)[split.source[0]].startswith("O dique oriental cedeu")
    assert len(found.sure) == len(source.segments) - 1


def test_another_article_gives_no_confidence():
    """It is no translation."""
    soup = ["<h2>Sopa</h2>", "<p>Lave 350 gramas de lentilhas.</p>", "<ol><li>Sirva.</li></ol>"]
    assert blocks.align(cut(EN), cut(soup)).confidence < 0.5


def test_the_same_structure_with_other_numbers_is_not_sure():
    """Rows of a table that were sorted anew."""
    source = cut(["<p>Kelder: 400 litres in 12 days.</p>", "<p>Ansel: 73 litres in 55 days.</p>"])
    target = cut(["<p>Ansel: 73 litros em 55 dias.</p>", "<p>Kelder: 400 litros em 12 dias.</p>"])
    found = blocks.align(source, target)
    assert list(found.sure) == ["title"]


def test_attributes_go_with_their_pictures():
    """Inside a run and in a figure of their own."""
    source = cut(['<p><img src="a.jpg" alt="A boat"> Here.</p>', '<figure><img src="b.jpg" alt="A well"></figure>'])
    target = cut(['<p><img src="a.jpg" alt="Um barco"> Aqui.</p>', '<figure><img src="b.jpg" alt="Um poço"></figure>'])
    found = blocks.align(source, target)
    assert {("A boat", "Um barco"), ("A well", "Um poço")} <= set(pairs(source, target, found))
    assert set(blocks.targets(source, target, found).values()) >= {"Um barco", "Um poço"}


def test_every_segment_is_in_exactly_one_bead():
    """Whatever the two look like."""
    source, target = cut(EN * 3, summary="S"), cut([*PT, *PT[1:4], "<p>x</p>"], image_alt="I")
    found = blocks.align(source, target)
    for document, side in ((source, "source"), (target, "target")):
        keys = sorted(chain.from_iterable(getattr(bead, side) for bead in found.beads))
        assert keys == sorted(s.key for s in document.segments)


@pytest.mark.parametrize(("source", "target"), [([], PT), (EN, []), ([], [])])
def test_an_empty_side_is_no_error(source, target):
    """A page with a title only."""
    found = blocks.align(cut(source), cut(target))
    assert 0 <= found.confidence <= 1
    assert set(blocks.targets(cut(source), cut(target), found)) == {s.key for s in cut(source).segments}


def test_two_long_articles_are_aligned_in_bounded_time():
    """A band around the diagonal: two thousand paragraphs."""
    source = cut([f"<p>Boat {n} came back in the evening with {n % 7 + 2} people.</p>" for n in range(2_000)])
    target = cut([f"<p>O barco {n} voltou à noite com {n % 7 + 2} pessoas.</p>" for n in range(2_000) if n % 500])
    found = blocks.align(source, target)
    assert found.confidence > 0.95


def paragraphs(number: int) -> SegmentedDocument:
    return cut([f"<p>Paragraph {n} of the report.</p>" for n in range(number)])


@pytest.mark.parametrize(("ours", "theirs"), [(60, 400), (400, 60)])
def test_twice_the_text_is_twice_the_work_however_different_the_sides_are(monkeypatch, ours, theirs):
    """What is looked at around the diagonal grew with the difference, and the work with its square."""
    monkeypatch.setattr(blocks, "_WIDEST", 20)
    calls = 0

    def cost(self, *args, usual=blocks._Fit.cost):
        nonlocal calls
        calls += 1
        return usual(self, *args)

    monkeypatch.setattr(blocks._Fit, "cost", cost)
    work = []
    for times in (1, 2):
        calls = 0
        alignment = blocks.align(paragraphs(ours * times), paragraphs(theirs * times))
        work.append(calls)
        assert sum(len(bead.source) for bead in alignment.beads) == ours * times + 1
    assert work[1] < 2.6 * work[0]


@pytest.mark.parametrize(("ours", "theirs"), [(1, 700), (700, 1), (0, 700), (2, 1500)])
def test_sides_of_very_different_length_are_aligned(ours, theirs):
    alignment = blocks.align(paragraphs(ours), paragraphs(theirs))
    assert sum(len(bead.target) for bead in alignment.beads) == theirs + 1
