"""Which engines carry a text from one language to another."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from functools import lru_cache
from itertools import product
from typing import Final

import langcodes
from langcodes.tag_parser import LanguageTagError

from pipeline.documents import Hop, Origin, Route, TranslatedSegment

NO_FIT: Final = 1000
_FAR: Final = 10  # langcodes: at this distance readers of one are no longer served by the other

_SAME: Final = 2
_MADE: Final = (Origin.ENGINE, Origin.MEMORY)


def find_all(
    source: str, target: str, installed: Iterable[Hop], preference: Sequence[str], pivot: str | None
) -> list[Route]:
    """Every route from ``source`` to ``target`` (BCP 47), in the order in which they are asked when one fails.

    First each engine of ``preference`` that has the pair, in that order, with the one of its models whose languages are
    closest. Then two hops through ``pivot``, which may be of two engines. Engines that ``preference`` leaves out are
    not used. The answer does not depend on the order of ``installed``; it is empty where source and target are the same
    language and script: nothing is to be translated then.
    """
    if distance(source, target) < NO_FIT:
        return []
    hops = sorted(set(installed))
    routes = [Route(source, target, (hop,)) for hop in _by_engine(source, target, hops, preference)]
    if pivot is not None and min(distance(source, pivot), distance(pivot, target)) == NO_FIT:
        legs = (_by_engine(source, pivot, hops, preference), _by_engine(pivot, target, hops, preference))
        routes += [Route(source, target, pair) for pair in product(*legs)]
    return routes


def _by_engine(source: str, target: str, hops: Sequence[Hop], preference: Sequence[str]) -> list[Hop]:
    """For each engine, in order of preference, its best hop from ``source`` to ``target``."""
    best: dict[str, tuple[int, Hop]] = {}
    for hop in hops:
        apart = distance(source, hop.source) + distance(target, hop.target)
        if apart < NO_FIT:
            best[hop.engine] = min(best.get(hop.engine, (apart, hop)), (apart, hop))
    return [best[engine][1] for engine in dict.fromkeys(preference) if engine in best]


def taken(
    segments: tuple[TranslatedSegment, ...], routes: Sequence[Route]
) -> tuple[list[str], tuple[TranslatedSegment, ...]]:
    """The names of the routes that were really taken, and the segments with ``routes`` as positions among them."""
    numbers = {each.key: each.routes or (0,) for each in segments if each.origin in _MADE or each.routes}
    found = sorted({number for each in numbers.values() for number in each})
    if found in ([], [0]):
        return [routes[number].name for number in found], segments
    places = {key: tuple(found.index(number) for number in each) for key, each in numbers.items()}
    moved = (replace(each, routes=() if (at := places.get(each.key, ())) == (0,) else at) for each in segments)
    return [routes[number].name for number in found], tuple(moved)


@lru_cache(maxsize=4096)
def distance(wanted: str, offered: str) -> int:
    """How far an offered language is from the wanted one: 0 for the same tag, ``NO_FIT`` for another language.

    Two tags of one language differ by region; two scripts never fit. Nothing is cut at a hyphen: ``pt`` means Brazil's
    Portuguese (CLDR's likely subtags), ``zh-TW`` is written in Hant.
    """
    try:
        ours, theirs = (langcodes.standardize_tag(tag, macro=True) for tag in (wanted, offered))
        mine, other = (langcodes.get(tag).maximize() for tag in (ours, theirs))
    except LanguageTagError:
        return NO_FIT
    if mine.script != other.script or "und" in (mine.language, other.language):
        return NO_FIT
    if ours == theirs:
        return 0
    apart = langcodes.tag_distance(ours, theirs)
    # Another name of the same language (nb and no) is at 1; related languages begin at 4.
    return 1 + apart if apart < (_FAR if mine.language == other.language else _SAME) else NO_FIT
