"""Which engines carry a text from one language to another."""

from __future__ import annotations

import random

import pytest

from pipeline.documents import Hop
from pipeline.stages.translate import route


def hop(engine: str, source: str, target: str, model: str = "m") -> Hop:
    return Hop(engine, source, target, model, "0" * 16)


def names(found) -> list[str]:
    return [f"{h.engine} {h.source}>{h.target}" for h in found.hops]


def first(*asked):
    return route.find_all(*asked)[0]


ALL = ["firefox", "argos"]


def test_the_first_engine_in_the_order_of_preference_wins():
    hops = [hop("argos", "en", "pt"), hop("firefox", "en", "pt")]
    assert names(first("en", "pt", hops, ALL, "en")) == ["firefox en>pt"]
    assert names(first("en", "pt", hops, ["argos", "firefox"], "en")) == ["argos en>pt"]


def test_a_direct_pair_of_a_later_engine_wins_over_a_pivot_of_the_first():
    hops = [hop("firefox", "es", "en"), hop("firefox", "en", "pt"), hop("argos", "es", "pt")]
    assert names(first("es", "pt", hops, ALL, "en")) == ["argos es>pt"]


def test_a_pivot_may_go_over_two_engines():
    hops = [hop("argos", "ur", "en"), hop("firefox", "en", "pt")]
    found = first("ur", "pt", hops, ALL, "en")
    assert names(found) == ["argos ur>en", "firefox en>pt"]
    assert (found.source, found.target) == ("ur", "pt")


def test_without_a_pivot_or_with_half_a_path_there_is_no_route():
    hops = [hop("argos", "ur", "en")]
    assert not route.find_all("ur", "pt", hops, ALL, "en")
    assert not route.find_all("ur", "pt", [*hops, hop("argos", "en", "pt")], ALL, None)


def test_engines_that_are_not_named_are_not_used():
    assert not route.find_all("en", "pt", [hop("fake", "en", "pt")], ALL, "en")


@pytest.mark.parametrize(
    ("source", "target", "offered"),
    [
        ("en-GB", "pt", ("en", "pt")),
        ("en", "pt", ("en", "pt-BR")),
        ("es-MX", "fr-CA", ("es", "fr")),
        ("zh-TW", "en", ("zh-Hant", "en")),
        ("nb", "en", ("no", "en")),
    ],
)
def test_a_language_fits_another_region_of_itself(source, target, offered):
    assert first(source, target, [hop("argos", *offered)], ALL, "en")


@pytest.mark.parametrize(
    ("source", "target", "offered"),
    [
        ("zh-Hant", "en", ("zh-Hans", "en")),
        ("zh-TW", "en", ("zh", "en")),
        ("sr-Latn", "en", ("sr", "en")),
        ("yue", "en", ("zh", "en")),
        ("en", "pt", ("en", "es")),
        ("hr", "en", ("bs", "en")),
        ("??", "pt", ("en", "pt")),
    ],
)
def test_another_script_or_language_never_fits(source, target, offered):
    assert not route.find_all(source, target, [hop("argos", *offered)], ALL, "en")


def test_the_exact_tag_wins_then_the_closest_region():
    hops = [hop("argos", "en", "pt-BR"), hop("argos", "en", "pt-PT"), hop("argos", "en", "pt")]
    assert names(first("en", "pt", hops, ALL, "en")) == ["argos en>pt"]
    assert names(first("en", "pt", hops[:2], ALL, "en")) == ["argos en>pt-BR"]
    assert names(first("en", "pt-AO", hops[:2], ALL, "en")) == ["argos en>pt-PT"]


def test_the_order_of_the_installed_models_does_not_matter():
    hops = [hop("argos", "en-GB", "pt"), *(hop("argos", "en", "pt", f"m{n}") for n in range(9))]
    found = {first("en", "pt", random.sample(hops, len(hops)), ALL, "en") for _ in range(20)}
    assert len(found) == 1


def test_the_same_language_needs_no_route():
    assert not route.find_all("en-GB", "en", [hop("argos", "en", "en")], ALL, "en")


def test_when_one_route_fails_the_next_is_another_engine_then_the_pivot():
    hops = [
        *(hop(engine, "es", "pt") for engine in ("argos", "firefox")),
        *(hop("firefox", *pair) for pair in (("es", "en"), ("en", "pt"))),
        hop("argos", "en", "pt"),
        hop("fake", "es", "pt"),
    ]
    assert [names(each) for each in route.find_all("es", "pt", hops, ALL, "en")] == [
        ["firefox es>pt"],
        ["argos es>pt"],
        ["firefox es>en", "firefox en>pt"],
        ["firefox es>en", "argos en>pt"],
    ]


def test_each_engine_is_asked_once_with_its_closest_model():
    hops = [hop("argos", "en", "pt-BR"), hop("argos", "en", "pt-PT"), hop("argos", "en", "pt")]
    assert [names(each) for each in route.find_all("en", "pt-PT", hops, ["argos", "argos"], "en")] == [
        ["argos en>pt-PT"]
    ]


@pytest.mark.parametrize("pivot", ["en", "pt", "en-GB", None])
def test_no_pivot_leads_through_one_of_the_two_languages(pivot):
    hops = [hop("argos", "en", "pt"), hop("argos", "pt", "en"), hop("argos", "en-GB", "pt")]
    assert all(len(each.hops) == 1 for each in route.find_all("en", "pt", hops, ALL, pivot))
