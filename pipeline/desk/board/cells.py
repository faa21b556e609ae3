"""The cells of the board: for each section, or for each language, a sign, a word, and a link to the thing.

A page has hundreds of them, so that they are made here and not by a template each.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Literal

from babel import Locale
from babel.dates import format_timedelta
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import pgettext_lazy

from pipeline.desk import sentences
from pipeline.desk.templatetags.desk import interface_locale, language, number
from pipeline.desk.words import PLACES
from pipeline.flow.board import Row, Standing
from pipeline.flow.status import Place
from pipeline.network import Network, Section

By = Literal["sections", "languages"]

WORDS: Final[Mapping[Place, Any]] = {
    Place.FAILED: pgettext_lazy("on the board", "failed"),
    Place.HELD: pgettext_lazy("on the board", "held"),
    Place.RETURNED: pgettext_lazy("on the board", "returned"),
    Place.NO_MODEL: pgettext_lazy("on the board", "no model"),
    Place.REVIEW: pgettext_lazy("on the board", "in review"),
    Place.SECOND: pgettext_lazy("on the board", "second person"),
    Place.FOLLOWING: pgettext_lazy("on the board", "follows"),
    Place.BARRIER: pgettext_lazy("on the board", "release"),
    Place.PAUSED: pgettext_lazy("on the board", "paused"),
    Place.EMBARGO: pgettext_lazy("on the board", "embargo"),
    Place.PREPARING: pgettext_lazy("on the board", "preparing"),
    Place.TRANSLATING: pgettext_lazy("on the board", "translating"),
    Place.PUBLISHING: pgettext_lazy("on the board", "publishing"),
    Place.PUBLISHED: pgettext_lazy("on the board", "published"),
    Place.WITHDRAWN: pgettext_lazy("on the board", "withdrawn"),
    Place.REJECTED: pgettext_lazy("on the board", "rejected"),
    Place.NOT_TARGETED: pgettext_lazy("on the board", "not for it"),
}
"""One word for each place, that fits into a cell; in the order in which they want somebody."""

_ORDER: Final = {place: at for at, place in enumerate(WORDS)}
_AGED: Final = frozenset(WORDS) - {Place.PUBLISHED, Place.REJECTED, Place.WITHDRAWN, Place.NOT_TARGETED}
"""Places where it matters for how long."""


@dataclass(frozen=True, slots=True)
class Column:
    """A column of the board: its heading, a second line below it, and its name in full."""

    heading: str
    below: str
    name: str


@dataclass(frozen=True, slots=True)
class Line:
    """One row of the board, ready to be shown."""

    row: Row
    cells: Sequence[SafeString]


def columns(net: Network, by: By) -> list[Column]:
    """The columns of the board."""
    if by == "languages":
        return [Column(language(base), base, language(base)) for base in net.bases]
    return [Column(section.key, tag, section.name) for section, tag in _of_sections(net)]


def lines(rows: Sequence[Row], net: Network, by: By) -> list[Line]:
    """The rows with their cells."""
    maker = _Maker(net, interface_locale(), timezone.now())
    make = maker.by_languages if by == "languages" else maker.by_sections
    return [Line(row, make(row)) for row in rows]


def _of_sections(net: Network) -> list[tuple[Section, str]]:
    return [(section, each.tag) for section in net.sections for each in section.languages]


class _Maker:
    """Makes cells; what is the same for all of them is looked up once."""

    def __init__(self, net: Network, locale: Locale, now: datetime) -> None:
        self._locale, self._now = locale, now
        self._columns = _of_sections(net)
        self._names = [f"{section.name}, {language(tag)}" for section, tag in self._columns]
        self._bases = [section.base_of(tag) for section, tag in self._columns]
        self._of_base = {base: [at for at, of in enumerate(self._bases) if of == base] for base in net.bases}
        self._of = {base: language(base) for base in net.bases}
        self._edition = reverse("edition", args=[0]).replace("0", "%d")
        self._article = reverse("article", args=["0"]).replace("0", "%s")
        self._words = {place: str(word) for place, word in WORDS.items()}
        self._places = {place: str(word) for place, word in PLACES.items()}
        self._ages: dict[int, str] = {}
        self._whys: dict[str, str] = {}

    def by_sections(self, row: Row) -> list[SafeString]:
        """A cell for each section and each of its languages."""
        found = []
        for at, standing in enumerate(row.standings):
            section, tag = self._columns[at]
            name = self._names[at]
            found.append(self._one(row, standing, at, f"{section.key}-{tag}", name) if standing else _nothing(name))
        return found

    def by_languages(self, row: Row) -> list[SafeString]:
        """A cell for each language: of its sections, the one that wants somebody most."""
        found = []
        for at_base, (base, places) in enumerate(self._of_base.items()):
            known = [(self._names[at], standing) for at in places if (standing := row.standings[at]) is not None]
            if len(known) == 1:
                found.append(self._one(row, known[0][1], at_base, f"language-{base}", known[0][0]))
            else:
                found.append(self._several(row, base, at_base, known) if known else _nothing(self._of[base]))
        return found

    def _one(self, row: Row, standing: Standing, at: int, anchor: str, name: str) -> SafeString:
        place = standing.cell.place
        why = self._why(standing)
        below = []
        if place in _AGED and standing.since:
            below.append(self._age(standing.since))
        if standing.waits_for:
            below.append(_("waits for %(name)s") % {"name": standing.waits_for})
        return format_html(
            '<td><a class="place {}" id="c{}-{}" href="{}"{}><span class="hidden">{}: </span>{}{}</a>{}</td>',
            place.name.lower(),
            row.article.pk,
            at,
            self._address(row, standing, anchor),
            format_html(' title="{}"', why) if why else "",
            name,
            self._words[place],
            format_html_join("", ' <span class="facts">{}</span>', ((each,) for each in below)) if below else "",
            self._update(standing),
        )

    def _several(self, row: Row, base: str, at: int, known: Sequence[tuple[str, Standing]]) -> SafeString:
        first = min((standing for _name, standing in known), key=lambda each: _ORDER[each.cell.place])
        place = first.cell.place
        for_us = [standing for _name, standing in known if standing.cell.place is not Place.NOT_TARGETED]
        done = sum(standing.cell.place is Place.PUBLISHED for standing in for_us)
        told = "; ".join(f"{name}: {self._places[standing.cell.place]}" for name, standing in known)
        share = (
            _("%(done)s of %(all)s published") % {"done": number(done), "all": number(len(for_us))} if for_us else ""
        )
        return format_html(
            '<td><a class="place {}" id="c{}-{}" href="{}#language-{}">'
            '<span class="hidden">{}: </span>{}{}<span class="hidden">; {}</span></a></td>',
            place.name.lower(),
            row.article.pk,
            at,
            self._article % row.article.uid,
            base,
            self._of[base],
            self._words[place],
            format_html(' <span class="facts">{}</span>', share) if share else "",
            told,
        )

    def _address(self, row: Row, standing: Standing, anchor: str) -> str:
        """The editor for who may decide there, else the article's page, which says why it stands where it does."""
        if standing.edition is not None and standing.is_theirs:
            return self._edition % standing.edition
        return f"{self._article % row.article.uid}#{anchor}"

    def _why(self, standing: Standing) -> str:
        """Place and reason in full, where the cell does not say all of it."""
        cell = standing.cell
        if not cell.why:
            return "" if self._words[cell.place] == self._places[cell.place] else self._places[cell.place]
        if cell.why not in self._whys:
            self._whys[cell.why] = sentences.translated(cell.why) or cell.why
        return f"{self._places[cell.place]}: {self._whys[cell.why]}"[:400]

    def _update(self, standing: Standing) -> SafeString | str:
        if not standing.cell.update:
            return ""
        told = sentences.translated(standing.cell.update) or standing.cell.update
        return format_html('<span class="facts update" title="{}">{}</span>', told[:400], _("a newer version waits"))

    def _age(self, since: datetime) -> str:
        """How long, in the interface's words: to the minute, and each said once."""
        minutes = int((self._now - since).total_seconds()) // 60
        if minutes not in self._ages:
            self._ages[minutes] = format_timedelta(self._now - since, locale=self._locale)
        return self._ages[minutes]


def _nothing(name: str) -> SafeString:
    """Of another section, and not published: nothing that the person may know."""
    return format_html(
        '<td><span class="place not_targeted"><span class="hidden">{}: </span>{}</span></td>',
        name,
        _("not published"),
    )
