"""When an engine fails, the next route is asked for what failed, and every route that was taken is written down."""

from __future__ import annotations

import pytest

from pipeline.documents import CleanDocument, Failure, Hop, Metadata, Origin, Route, TranslatedSegment
from pipeline.engines.contract import NoModel
from pipeline.errors import Permanent, Transient
from pipeline.ledger.models.translations import pack_segments
from pipeline.stages import check, segment
from pipeline.stages.translate import route as routing
from pipeline.stages.translate import translate

FIRST = Route("en", "pt", (Hop("firefox", "en", "pt", "m", "1" * 16),))
SECOND = Route("en", "pt", (Hop("argos", "en", "pt", "m", "2" * 16),))
PIVOT = Route("en", "pt", (Hop("argos", "en", "es", "m", "3" * 16), Hop("argos", "es", "pt", "m", "4" * 16)))


class Memory:
    """By route and sentence, as the ledger's."""

    def __init__(self):
        self.known = {}

    def lookup(self, route, sentences):
        return {text: self.known[route.name, text] for text in sentences if (route.name, text) in self.known}

    def store(self, route, units):
        return {text: self.known.setdefault((route.name, text), target) for text, target in units.items()}


class Engines:
    """One function a route; what it returns is an answer, what it raises ends the call."""

    def __init__(self, **functions):
        self.functions = functions
        self.asked = {name: [] for name in functions}

    def __call__(self, route, sentences):
        name = "pivot" if len(route.hops) > 1 else route.hops[0].engine
        self.asked[name] += sentences
        for text in sentences:
            yield {text: self.functions[name](text)}


def failing(*words):
    """An engine that fails on every sentence with one of these words."""
    return lambda text: Failure("it hung.") if any(word in text for word in words) else text.upper()


def broken(text):
    raise NoModel("The model is damaged.", "Install it again.")


def cut(body):
    return segment.segment(CleanDocument(Metadata(language="en", title="A tide"), body))


def run(body, engines, *, routes=(FIRST, SECOND, PIVOT), memory=None):
    """The segments of one article by key."""
    route, *others = routes
    document = cut(body)
    [result] = translate([document], route, memory or Memory(), engines, others=others)
    return {each.key: each for each in result}


def test_only_what_failed_is_asked_for_again():
    engines = Engines(firefox=failing("fell"), argos=str.lower, pivot=broken)
    result = run("<p>The river rose. It <b>fell</b> soon.</p><p>All was well.</p>", engines)
    assert result["b1"].target == "THE RIVER ROSE. it <b>fell</b> soon."
    assert result["b2"].target == "ALL WAS WELL."
    assert engines.asked["argos"] == ["It fell soon."]
    assert engines.asked["pivot"] == []


def test_a_segment_says_by_which_routes_it_came_where_that_is_not_the_first():
    engines = Engines(firefox=failing("fell", "sank"), argos=failing("sank"), pivot=str.title)
    result = run(
        "<p>The river rose. It fell soon.</p><p>It fell soon.</p><p>It sank soon.</p><p>So it is.</p>", engines
    )
    assert {key: each.routes for key, each in result.items()} == {
        "title": (),
        "b1": (0, 1),
        "b2": (1,),
        "b3": (2,),
        "b4": (),
    }
    assert all(each.origin is Origin.ENGINE for each in result.values())


def test_what_every_engine_fails_on_is_kept_with_a_blocking_finding_that_names_them():
    engines = Engines(firefox=failing("fell"), argos=failing("fell"), pivot=failing("fell"))
    document = cut("<p>It fell soon.</p><p>All was well.</p>")
    [segments] = translate([document], FIRST, Memory(), engines, others=[SECOND, PIVOT])
    kept = next(each for each in segments if each.key == "b1")
    assert (kept.target, kept.origin, kept.routes) == ("It fell soon.", Origin.KEPT, ())
    assert kept.problem == "Not translated: firefox: it hung; argos: it hung; argos+argos: it hung."
    findings = [each for each in check.run(document, segments, "en", "pt") if each.segment == "b1"]
    assert any(each.severity == "block" and "argos: it hung" in each.message for each in findings)


def test_garbage_is_a_failure_like_any_other():
    engines = Engines(firefox=lambda text: "rio " * 400, argos=str.upper)
    result = run("<p>The river rose</p>", engines, routes=(FIRST, SECOND))
    assert (result["b1"].target, result["b1"].routes) == ("THE RIVER ROSE", (1,))


def test_a_route_without_its_model_is_passed_over_and_not_asked_twice():
    engines = Engines(firefox=broken, argos=lambda text: text.replace("Q7A1", "").upper())
    result = run("<p>run <code>x</code> for the river</p>", engines, routes=(FIRST, SECOND))
    assert result["b1"].target == "RUN <code>x</code> FOR THE RIVER"
    assert len(engines.asked["argos"]) > 2  # the token was lost: there was a second attempt
    first_call = ["A tide", "run Q7A1 for the river"]
    assert engines.asked["firefox"] == first_call


def test_a_model_that_goes_away_in_the_middle_costs_only_what_was_not_done():
    answered = iter(["UM", "DOIS"])

    def goes_away(text):
        try:
            return next(answered)
        except StopIteration:
            return broken(text)

    engines = Engines(firefox=goes_away, argos=str.lower)
    result = run("<p>Boat one</p><p>Boat two</p><p>Boat three</p>", engines, routes=(FIRST, SECOND))
    assert [each.routes for each in result.values()] == [(), (), (1,), (1,)]


def test_without_any_usable_model_the_error_of_the_first_route_goes_through():
    def missing(text):
        raise NoModel("There is none.")

    with pytest.raises(NoModel, match="damaged"):
        run("<p>The river rose</p>", Engines(firefox=broken, argos=missing), routes=(FIRST, SECOND))


def test_the_last_engines_missing_model_is_no_reason_to_stop():
    engines = Engines(firefox=failing("rose"), argos=broken)
    result = run("<p>The river rose</p><p>All was well.</p>", engines, routes=(FIRST, SECOND))
    assert result["b1"].origin is Origin.KEPT
    assert result["b1"].problem == "Not translated: firefox: it hung."
    assert result["b2"].target == "ALL WAS WELL."


@pytest.mark.parametrize("error", [Transient("The host is closed."), RuntimeError("a fault of ours")])
def test_what_will_pass_or_is_our_own_fault_is_no_reason_to_take_a_worse_engine(error):
    def raising(text):
        raise error

    engines = Engines(firefox=raising, argos=str.upper)
    with pytest.raises(type(error)):
        run("<p>The river rose</p>", engines, routes=(FIRST, SECOND))
    assert engines.asked["argos"] == []


def test_nobody_loads_another_model_only_to_find_the_place_of_a_span():
    """The red is asked for by itself, to see where it stands in the sentence; an answer is welcome and not needed."""

    def refuses_fragments(text):
        return Failure("too short") if text in ("red", "boat") else "o barco vermelho veio"

    engines = Engines(firefox=refuses_fragments, argos=str.upper)
    result = run("<p>The <b>red</b> boat came</p>", engines, routes=(FIRST, SECOND))
    assert result["b1"].routes == ()
    assert engines.asked["argos"] == []


def test_the_memory_keeps_the_routes_apart():
    """A second run asks nobody again but the engine that failed, which may have recovered."""
    memory = Memory()
    run("<p>The river rose</p><p>It fell</p>", Engines(firefox=failing("fell"), argos=str.lower), memory=memory)
    engines = Engines(firefox=failing("fell"), argos=broken)
    result = run("<p>The river rose</p><p>It fell</p>", engines, memory=memory)
    assert engines.asked == {"firefox": ["It fell"], "argos": []}
    assert result["b2"].origin is Origin.MEMORY
    assert result["b2"].routes == (1,)


# provenance


def made(key, *routes, origin=Origin.ENGINE):
    return TranslatedSegment(key, "x", origin, routes=routes)


@pytest.mark.parametrize(
    ("segments", "names", "places"),
    [
        ([made("a"), made("b")], [FIRST], [(), ()]),
        ([made("a"), made("b", 1)], [FIRST, SECOND], [(), (1,)]),
        ([made("a", 1), made("b", 1, 2)], [SECOND, PIVOT], [(), (0, 1)]),
        ([made("a", 2), made("b", origin=Origin.KEPT)], [PIVOT], [(), ()]),
        ([made("a", 0, origin=Origin.KEPT)], [FIRST], [(0,)]),
        (
            [made("a", origin=Origin.SOURCE), made("b", origin=Origin.KEPT), made("c", origin=Origin.PERSON)],
            [],
            [()] * 3,
        ),
        ([made("a", 2), made("b"), made("c", origin=Origin.PERSON)], [FIRST, PIVOT], [(1,), (), ()]),
    ],
)
def test_only_routes_that_were_taken_are_named_and_segments_count_in_them(segments, names, places):
    found, moved = routing.taken(tuple(segments), [FIRST, SECOND, PIVOT])
    assert found == [route.name for route in names]
    assert [each.routes for each in moved] == places


def test_routes_cost_nothing_in_the_ledger_where_there_is_only_one():
    rows = pack_segments((made("a"), made("b", 0, 2)))
    assert "routes" not in rows[0]
    assert rows[1]["routes"] == [0, 2]


def test_a_name_of_a_route_says_engine_model_and_checksum_of_every_hop():
    assert PIVOT.name == f"argos:m@{'3' * 16}+argos:m@{'4' * 16}"


def test_no_model_is_an_error_that_waits_for_a_person():
    """What the stage takes for an unusable route; it can't import the engines."""
    assert issubclass(NoModel, Permanent)
