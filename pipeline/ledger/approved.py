"""The approved side of the translation memory: rows in, candidates out. What is made of them is the flow's."""

from __future__ import annotations

import hashlib
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, TypeVar

from django.db import models, transaction
from django.db.models import Case, F, Q, When, Window
from django.db.models.functions import RowNumber

from pipeline.ledger.models import ApprovedUnit, ApprovedWord

T = TypeVar("T")

CHUNK: Final = 240  # hashes in one query, twice in the largest: below SQLite's limit on variables of older builds
WITHOUT_CONTEXT: Final = 3  # of how many units of one source text is tried whether it fits
MOST_CANDIDATES: Final = 200
MOST_POSTINGS: Final = 500
"""A word that more units share says little: it is looked at last, and only at its newest units."""


@dataclass(frozen=True, slots=True)
class Unit:
    """What is to be remembered: texts in normal form, their hashes, and who stands for them.

    ``words`` gives the sketch of the source text, and is asked only for what is new; ``approved_at`` says which of
    several is the newest.
    """

    source: str
    target: str
    kind: str
    source_text: str
    target_text: str
    source_hash: str
    words: Callable[[], tuple[int, ...]]
    approved_at: datetime
    context: str = ""
    home: str = ""
    author: str = ""
    approver: str = ""
    article: int | None = None
    version: int | None = None

    @property
    def fingerprint(self) -> str:
        """The same for the same unit, whenever and by whomever it is approved."""
        same = (self.source, self.target, self.context, self.home, self.source_text, self.target_text)
        return hashlib.sha256("\0".join(same).encode("utf-8", "surrogatepass")).hexdigest()[:32]


def feed(units: Iterable[Unit], now: datetime, *, again: bool = True) -> int:
    """Remember units; those that are known already are not written again. Returns how many are new.

    ``again``: what is known counts as approved at the unit's time, if that is later.
    """
    by_print = {unit.fingerprint: unit for unit in units}
    new = 0
    for prints in _chunks(sorted(by_print)):
        known = dict(ApprovedUnit.objects.filter(fingerprint__in=prints).values_list("fingerprint", "approved_at"))
        missing = [by_print[each] for each in prints if each not in known]
        new += len(missing)
        with transaction.atomic():
            if missing:
                _insert(missing, now)
            if again:
                _renew(
                    [by_print[each] for each in prints if each in known and known[each] < by_print[each].approved_at]
                )
    return new


def _insert(units: Sequence[Unit], now: datetime) -> None:
    """Another process may insert the same at the same moment: then its rows stand, and its words."""
    rows = [
        ApprovedUnit(
            source=unit.source,
            target=unit.target,
            source_hash=unit.source_hash,
            context_hash=unit.context,
            home=unit.home,
            fingerprint=unit.fingerprint,
            kind=unit.kind,
            source_text=unit.source_text,
            target_text=unit.target_text,
            author=unit.author,
            approver=unit.approver,
            article_id=unit.article,
            version_id=unit.version,
            created_at=now,
            approved_at=unit.approved_at,
        )
        for unit in units
    ]
    ApprovedUnit.objects.bulk_create(rows, ignore_conflicts=True, batch_size=CHUNK)
    prints = {unit.fingerprint: unit for unit in units}
    ids = ApprovedUnit.objects.filter(fingerprint__in=prints).values_list("pk", "fingerprint")
    words = [ApprovedWord(word=word, unit_id=pk) for pk, each in ids for word in prints[each].words()]
    ApprovedWord.objects.bulk_create(words, ignore_conflicts=True, batch_size=CHUNK)


def _renew(units: Sequence[Unit]) -> None:
    by_time: dict[tuple[datetime, str], list[str]] = defaultdict(list)
    for unit in units:
        by_time[unit.approved_at, unit.approver].append(unit.fingerprint)
    for (when, who), prints in by_time.items():
        ApprovedUnit.objects.filter(fingerprint__in=prints).update(approved_at=when, approver=who)


def near(
    pair: tuple[str, str], hashes: Iterable[str], contexts: Iterable[str], home: str
) -> Mapping[str, list[ApprovedUnit]]:
    """The units of these source hashes that were approved in one of the contexts or in the same article, by hash."""
    found: dict[str, list[ApprovedUnit]] = defaultdict(list)
    around = sorted(set(contexts) - {""})
    for some in _chunks(sorted(set(hashes))):
        units = {}
        for few in _chunks(around) if around else [[]]:
            same = Q(context_hash__in=few) | (Q(home=home) if home else Q())
            if few or home:
                units.update(_of(pair).filter(same, source_hash__in=some).in_bulk())
        for unit in units.values():
            found[unit.source_hash].append(unit)
    return found


def anywhere(pair: tuple[str, str], hashes: Iterable[str]) -> Mapping[str, list[ApprovedUnit]]:
    """Of each source hash the few units that count most, best first: ours before other tools', newest before older."""
    found: dict[str, list[ApprovedUnit]] = defaultdict(list)
    foreign = Case(When(version__isnull=True, home="", then=1), default=0)
    place = Window(
        RowNumber(),
        partition_by=F("source_hash"),
        order_by=[foreign, F("approved_at").desc(), F("pk").desc()],
    )
    for some in _chunks(sorted(set(hashes))):
        ranked = _of(pair).filter(source_hash__in=some).annotate(place=place).order_by("place")
        for unit in ranked.filter(place__lte=WITHOUT_CONTEXT):
            found[unit.source_hash].append(unit)
    return found


def mark_used(ids: Iterable[int], now: datetime) -> None:
    """Write down that units were used, to the day: a text that stands on a thousand pages is not written so often."""
    for some in _chunks(sorted(ids)):
        stale = Q(used_at=None) | Q(used_at__lt=now - timedelta(days=1))
        ApprovedUnit.objects.filter(stale, pk__in=some).update(used_at=now)


def similar(pair: tuple[str, str], words: Sequence[int]) -> list[tuple[int, str]]:
    """Id and source text of the units that share the most words of a sketch, at most ``MOST_CANDIDATES``.

    Every word is asked for by itself and only for its newest units: the time depends on the words of the text that is
    looked up, not on the size of the memory.
    """
    shared: Counter[int] = Counter()
    common: list[list[int]] = []
    for word in words:
        units = ApprovedWord.objects.filter(word=word).order_by("-unit_id").values_list("unit_id", flat=True)
        posting = list(units[: MOST_POSTINGS + 1])
        if len(posting) > MOST_POSTINGS:
            common.append(posting)
        else:
            shared.update(posting)
    for posting in common:
        # They still tell apart what the rarer words have found.
        shared.update(posting if len(shared) < MOST_CANDIDATES else shared.keys() & set(posting))
    best = [pk for pk, _ in shared.most_common(MOST_CANDIDATES)]
    return list(_of(pair).filter(pk__in=best).values_list("pk", "source_text"))


def units(ids: Iterable[int]) -> Iterable[ApprovedUnit]:
    """The units with these ids, with their articles, oldest approval first."""
    return ApprovedUnit.objects.filter(pk__in=list(ids)).select_related("article").order_by("approved_at", "pk")


@dataclass(frozen=True, slots=True)
class Count:
    """What the memory holds for one pair of bases."""

    source: str
    target: str
    units: int
    sources: int  # distinct source texts
    articles: int
    used: int
    newest: datetime


def counts() -> list[Count]:
    """The size of the approved memory, by pair."""
    rows = ApprovedUnit.objects.values("source", "target").annotate(
        units=models.Count("pk"),
        sources=models.Count("source_hash", distinct=True),
        articles=models.Count("article", distinct=True),
        used=models.Count("used_at"),
        newest=models.Max("approved_at"),
    )
    return [Count(**row) for row in rows.order_by("source", "target")]


def all_units(source: str | None, target: str | None) -> models.QuerySet[ApprovedUnit]:
    """The units of a pair, or of all pairs, oldest first; to be read with ``iterator()``."""
    units = ApprovedUnit.objects.select_related("article").order_by("pk")
    if source:
        units = units.filter(source=source)
    return units.filter(target=target) if target else units


def _of(pair: tuple[str, str]) -> models.QuerySet[ApprovedUnit]:
    return ApprovedUnit.objects.filter(source=pair[0], target=pair[1])


def _chunks(items: Sequence[T]) -> Iterator[Sequence[T]]:
    for start in range(0, len(items), CHUNK):
        yield items[start : start + CHUNK]
