"""Which articles an output's readers see, and which pages tell of them: written down when a page is confirmed.

One transaction confirms pages, gives their articles places in lists, and makes the pages that tell of them due: the
front page, the lists of their month, kind, series, authors and tags, the feed, and the sitemap that they stand in.
Nothing here reads more than the articles in hand, however many a section has.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from functools import reduce
from operator import or_
from typing import Any, Final, NamedTuple

from django.db.models import Q
from django.db.models.functions import Now

from pipeline.documents import Teaser
from pipeline.flow import bell, deliveries
from pipeline.ledger.bulk import update_each
from pipeline.ledger.models import Delivery, Listed, Place, Refresh, Status
from pipeline.ledger.models.lists import pack_teaser
from pipeline.network import Network
from pipeline.stages.publish import lists, sitemap

FRONT: Final = "front"
OF_LANGUAGE: Final = (FRONT, "archive", "feed")
"""What every language of a site has, beside its lists."""
OF_SITE: Final = ("root", "404", "robots", "sitemap")
"""What a site has once, and what is written again when a language comes to it."""
_MOST_TOUCHED: Final = 100


class Key(NamedTuple):
    """A page of a site at one output."""

    section: str
    language: str
    page: str


@dataclass(slots=True)
class _Change:
    """What becomes of one delivery's places. ``wanted`` are its lists with their names: none when it is gone."""

    row: Delivery
    teaser: Teaser | None
    wanted: dict[str, str]
    present: dict[str, Place] = field(default_factory=dict)
    packed: dict[str, Any] | None = None  # the teaser as it was written down before

    def key(self, page: str) -> Key:
        return Key(self.row.edition.section, self.row.edition.language, page)

    @property
    def is_told(self) -> bool:
        """Whether readers of lists are told this already."""
        return self.teaser is not None and self.packed == pack_teaser(self.teaser)


def confirmed(rows: Sequence[Delivery], teasers: Mapping[int, Teaser], net: Network) -> None:
    """Write down what readers of one output see now, and make the pages due that tell of it.

    ``rows`` are deliveries that were just confirmed: those with a teaser (by id) show their article, the others show it
    no longer. Call it in the transaction that confirms them, which holds their articles.
    """
    output, lane = rows[0].output, rows[0].lane
    changes = _read([_Change(row, teasers.get(row.pk), _wanted(row, teasers.get(row.pk), net)) for row in rows])
    pages = _Pages(output, lane, _needed(changes))
    _forget(changes)
    _remember(changes)
    for change in changes:
        pages.move(change)
    pages.save(Now() + timedelta(seconds=net.outputs[output].settle_seconds))


def again(output: str, section: str | None = None) -> int:
    """Make every page of an output due that is made of many articles: after a change of templates or names."""
    rows = Refresh.objects.filter(output=output)
    if section is not None:
        rows = rows.filter(section=section)
    changed = deliveries.bump(rows, "dirty_seq", due_at=Now())
    for lane in rows.order_by().values_list("lane", flat=True).distinct():
        bell.announce(lane)
    return changed


def _wanted(row: Delivery, teaser: Teaser | None, net: Network) -> dict[str, str]:
    if teaser is None:
        return {}
    published = teaser.published_at.astimezone(net.section(row.edition.section).zone)
    return {FRONT: "", **{key.page: key.name for key in lists.of(teaser, published)}}


def _read(changes: list[_Change]) -> list[_Change]:
    """With what was written down before."""
    by_id = {change.row.pk: change for change in changes}
    for pk, packed in Listed.objects.filter(pk__in=by_id).values_list("pk", "teaser"):
        by_id[pk].packed = packed
    for place in Place.objects.filter(listed__in=by_id).select_related("refresh"):
        by_id[place.listed_id].present[place.refresh.page] = place
    return changes


def _needed(changes: Iterable[_Change]) -> dict[Key, str]:
    """The pages that articles stand on, or stood on, with the names of lists; and what every site has."""
    stood = {change.key(page): "" for change in changes for page in change.present}
    named = {change.key(page): name for change in changes for page, name in change.wanted.items()}
    sites = {(key.section, key.language) for key in named}
    common = [Key(section, language, page) for section, language in sites for page in OF_LANGUAGE]
    common += [Key(section, "", page) for section, _ in sites for page in OF_SITE]
    return dict.fromkeys(common, "") | stood | named


def _forget(changes: Iterable[_Change]) -> None:
    """The rows of what is gone are deleted once their places are known: see :class:`_Change`."""
    gone = [change.row.pk for change in changes if change.teaser is None and change.packed is not None]
    moved = [
        place.pk
        for change in changes
        if change.teaser is not None
        for page, place in change.present.items()
        if page not in change.wanted
    ]
    if moved:
        Place.objects.filter(pk__in=moved).delete()
    if gone:
        Listed.objects.filter(pk__in=gone).delete()


def _remember(changes: Iterable[_Change]) -> None:
    new = [
        Listed(delivery=change.row, teaser=pack_teaser(change.teaser))
        for change in changes
        if change.teaser is not None and not change.is_told
    ]
    if new:
        Listed.objects.bulk_create(new, update_conflicts=True, unique_fields=["delivery"], update_fields=["teaser"])


class _Pages:
    """The pages in question, locked; their counters, and which of them are to be written again."""

    def __init__(self, output: str, lane: str, needed: Mapping[Key, str]) -> None:
        self._output, self._lane = output, lane
        self._rows: dict[Key, Refresh] = {}
        self._new: set[Key] = set()
        self._dirty: set[Key] = set()
        self._places: list[Place] = []
        self._counted: dict[int, Refresh] = {}
        self._lock(needed)

    def _lock(self, needed: Mapping[Key, str]) -> None:
        """Make the rows that are missing, in one order for all workers, and then lock all of them, in another."""
        wanted = _any_of(self._output, needed)
        known = {Key(*values) for values in Refresh.objects.filter(wanted).values_list(*Key._fields)}
        self._make({key: name for key, name in needed.items() if key not in known})
        for row in Refresh.objects.filter(wanted).select_for_update().order_by("id"):
            self._rows[Key(row.section, row.language, row.page)] = row

    def _make(self, missing: Mapping[Key, str]) -> None:
        """Make rows; some other worker may be making the same ones."""
        Refresh.objects.bulk_create(
            [
                Refresh(**key._asdict(), output=self._output, lane=self._lane, name=name, status=Status.DONE)
                for key, name in sorted(missing.items())
            ],
            ignore_conflicts=True,
        )
        self._new |= missing.keys()

    def move(self, change: _Change) -> None:
        """Give places and take them back; what is told in another way is told again."""
        if change.teaser is None and not change.present:
            return  # it was never seen
        if change.is_told:
            self._touch_sitemap(change)  # its alternates may have changed
            return
        for page, place in change.present.items():
            if page not in change.wanted:
                self._leave(change, page, place)
        for page in change.wanted:
            self._stand(change, page)
        for page in OF_LANGUAGE:
            self._dirty.add(change.key(page))

    def _stand(self, change: _Change, page: str) -> None:
        assert change.teaser is not None
        row = self._rows[change.key(page)]
        published, part = change.teaser.published_at, change.teaser.part if page.startswith("series:") else None
        place = change.present.get(page)
        if place is None:
            row.numbered, row.listed = row.numbered + 1, row.listed + 1
            self._counted[row.pk] = row
            place = Place(refresh=row, listed_id=change.row.pk, number=row.numbered, published_at=published, part=part)
            self._places.append(place)
            self._grow(change, row)
        elif (place.published_at, place.part) != (published, part):
            self._tell_neighbours(row, place.part)
            place.published_at, place.part = published, part
            place.save(update_fields=["published_at", "part"])
        self._touch(change, row, place)

    def _leave(self, change: _Change, page: str, place: Place) -> None:
        row = self._rows[change.key(page)]
        row.listed -= 1
        self._counted[row.pk] = row
        self._touch(change, row, place)

    def _touch(self, change: _Change, row: Refresh, place: Place) -> None:
        """Have the page written again on which a place is."""
        if row.page == FRONT:
            self._dirty.add(change.key(f"sitemap:{sitemap.number_of(place.number)}"))
            return
        number = lists.page_of(row.numbered, place.number)
        self._dirty.add(change.key(f"{row.page}/{number}" if number else row.page))
        self._tell_neighbours(row, place.part)

    def _grow(self, change: _Change, row: Refresh) -> None:
        """A list that got one more full page: that page, and the one before it, which led elsewhere."""
        if row.page == FRONT:
            return
        full = lists.full_pages(row.numbered)
        if full > lists.full_pages(row.numbered - 1):
            self._dirty |= {change.key(f"{row.page}/{number}") for number in (full, full - 1) if number}

    def _tell_neighbours(self, row: Refresh, part: int | None) -> None:
        if part is not None and part not in row.touched and len(row.touched) < _MOST_TOUCHED:
            row.touched = [*row.touched, part]
            self._counted[row.pk] = row

    def _touch_sitemap(self, change: _Change) -> None:
        if place := change.present.get(FRONT):
            self._dirty.add(change.key(f"sitemap:{sitemap.number_of(place.number)}"))

    def save(self, due: Any) -> None:
        """Write down what has changed, and make the pages due."""
        if self._places:
            Place.objects.bulk_create(self._places)
        if self._counted:
            counted = {pk: (row.numbered, row.listed, row.touched) for pk, row in self._counted.items()}
            update_each(Refresh, ("numbered", "listed", "touched"), counted)
        self._make_dirty()
        wanted = _any_of(self._output, self._dirty)
        if arrived := sorted({key.section for key in self._new if key.page == FRONT}):
            # A language has come to the site: its other languages' pages lead to it.
            whole = Q(page__in=(FRONT, "archive")) | Q(language="")
            wanted |= Q(output=self._output, section__in=arrived) & whole
        if self._dirty:
            deliveries.bump(Refresh.objects.filter(wanted), "dirty_seq", due_at=due)

    def _make_dirty(self) -> None:
        """Make the rows of pages that are dirty for the first time."""
        unseen = self._dirty - self._rows.keys()
        if not unseen:
            return
        known = Refresh.objects.filter(_any_of(self._output, unseen))
        missing = unseen - {Key(*values) for values in known.values_list(*Key._fields)}
        self._make(dict.fromkeys(missing, ""))
        self._dirty |= {Key(key.section, "", "sitemap") for key in missing if key.page.startswith("sitemap:")}


def _any_of(output: str, keys: Iterable[Key]) -> Q:
    """The rows of some pages."""
    sites: dict[tuple[str, str], list[str]] = defaultdict(list)
    for key in keys:
        sites[key.section, key.language].append(key.page)
    return reduce(
        or_,
        (Q(section=site[0], language=site[1], page__in=sorted(pages)) for site, pages in sorted(sites.items())),
        Q(pk__in=[]),
    ) & Q(output=output)
