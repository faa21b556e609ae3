"""Overlays: a section's own wording on top of the shared base."""

from __future__ import annotations

from pipeline.documents import OwnSegment
from pipeline.stages.overlay import apply

SOURCES = {"title": "High water", "b1": "The boat left.", "b2": "Nobody was hurt."}
BASE = {"title": "Cheia", "b1": "O barco partiu.", "b2": "Ninguém se feriu."}
OWN = OwnSegment("b1", "The boat left.", "O barco partiu.", "A lancha partiu.", "ada", "2026-11-22T08:00:00+00:00")


def test_an_overlay_replaces_its_segment_and_no_other():
    applied = apply([OWN], SOURCES, BASE)
    assert applied.targets == {**BASE, "b1": "A lancha partiu."}
    assert (applied.own, applied.conflicts) == ({"b1": OWN}, ())


def test_other_segments_of_the_base_flow_through():
    applied = apply([OWN], SOURCES, {**BASE, "b2": "Ninguém ficou ferido."})
    assert applied.targets["b2"] == "Ninguém ficou ferido."
    assert not applied.conflicts


def test_a_base_that_changed_under_an_overlay_is_a_conflict_and_the_overlay_stands():
    applied = apply([OWN], SOURCES, {**BASE, "b1": "O barco zarpou."})
    assert applied.targets["b1"] == "A lancha partiu."
    (conflict,) = applied.conflicts
    assert (conflict.key, conflict.base, conflict.is_gone) == ("b1", "O barco zarpou.", False)


def test_an_overlay_moves_with_its_source_when_paragraphs_come_and_go():
    sources = {"title": "High water", "b1": "It rained.", "b2": "The boat left."}
    applied = apply([OWN], sources, {"title": "Cheia", "b1": "Choveu.", "b2": "O barco partiu."})
    assert applied.targets == {"title": "Cheia", "b1": "Choveu.", "b2": "A lancha partiu."}
    assert not applied.conflicts


def test_an_overlay_whose_source_is_gone_is_told_of_and_stands_nowhere():
    applied = apply([OWN], {"b1": "The ship left."}, {"b1": "O navio partiu."})
    assert applied.targets == {"b1": "O navio partiu."}
    assert applied.conflicts[0].is_gone


def test_the_same_sentence_twice_keeps_two_overlays_apart():
    sources = {"b1": "Yes.", "b2": "Yes."}
    overlay = [OwnSegment("b1", "Yes.", "Sim.", "Pois."), OwnSegment("b2", "Yes.", "Sim.", "Claro.")]
    assert apply(overlay, sources, {"b1": "Sim.", "b2": "Sim."}).targets == {"b1": "Pois.", "b2": "Claro."}
