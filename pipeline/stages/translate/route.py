"""Which engines carry a text from one language to another."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Final

import langcodes
from langcodes.tag_parser import LanguageTagError

from pipeline.documents import Hop, Route

NO_FIT: Final = 1000
_FAR: Final = 10  # langcodes: at this distance readers of one are no longer served by the other

_SAME: Final = 2

_Rank = tuple[int, int, Hop]  # engine's place in the preferences, distance of the languages, the hop itself


def find(
    source: str, target: str, installed: Iterable[Hop], preference: Sequence[str], pivot: str | None
) -> Route | None:
    """The route from ``source`` to ``target`` (BCP 47), or ``None`` when no installed model makes one.

    The first engine in ``preference`` that has the pair wins; of its models the one whose languages are closest. Else
    the best two hops through ``pivot``, which may be of two engines. Engines that ``preference`` leaves out are not
    used. The answer does not depend on the order of ``installed``. It is ``None`` where source and target are the same
    language and script, too: nothing is to be translated then.
    """
    if distance(source, target) < NO_FIT:
        return None
    hops = sorted(set(installed))
    if direct := _best(source, target, hops, preference):
        return Route(source, target, (direct[2],))
    if pivot is None or min(distance(source, pivot), distance(pivot, target)) < NO_FIT:
        return None
    first, second = _best(source, pivot, hops, preference), _best(pivot, target, hops, preference)
    return Route(source, target, (first[2], second[2])) if first and second else None


def _best(source: str, target: str, hops: Sequence[Hop], preference: Sequence[str]) -> _Rank | None:
    ranks = []
    for hop in hops:
        apart = distance(source, hop.source) + distance(target, hop.target)
        if hop.engine in preference and apart < NO_FIT:
            ranks.append((list(preference).index(hop.engine), apart, hop))
    return min(ranks, default=None)


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
