"""The numbers: one page with all of them, each as a plot (SVG, as a picture), as a table and as CSV."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from django.core.cache import cache
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from pipeline.desk.access import DeskRequest, signed_in
from pipeline.desk.numbers import plots, shown, words
from pipeline.desk.numbers.forms import NumbersForm
from pipeline.flow import installation
from pipeline.flow.numbers import NUMBERS, Scope, Table, moment

KEPT: Final = moment.REFRESHED
"""Seconds for which a web process keeps what it has counted of one state of the ledger (see ``moment``): afterwards
nobody asks for it any more."""

PLOT_POLICY: Final = "default-src 'none'; style-src 'unsafe-inline'; sandbox"
"""A plot carries its own styles, and runs nothing."""


@dataclass(frozen=True, slots=True)
class Counted:
    """A number, and when it was counted."""

    table: Table
    at: datetime


@dataclass(frozen=True, slots=True)
class Part:
    """A number as the page shows it."""

    name: str
    heading: words.Heading
    counted: Counted
    grid: shown.Grid
    about: str


@signed_in
@require_safe
def show(request: DeskRequest) -> HttpResponse:
    """All the numbers of a time: of one's own sections each, of the others as totals."""
    form, scope = _asked(request)
    stamp = moment.stamp()
    parts = [_part(name, scope, stamp) for name in NUMBERS]
    context = {
        "form": form,
        "query": form.query,
        "parts": parts,
        "since": shown.day(scope.since),
        "until": shown.day(scope.until),
    }
    return render(request, "desk/numbers/numbers.html", context)


@signed_in
@require_safe
def plot(request: DeskRequest, name: str) -> HttpResponse:
    """A number as an SVG picture: ``scheme`` is light or dark, ``shape`` wide or narrow."""
    _form, scope = _asked(request)
    counted = _counted(_known(name), scope, moment.stamp())
    scheme = "dark" if request.GET.get("scheme") == "dark" else "light"
    shape = "narrow" if request.GET.get("shape") == "narrow" else "wide"
    heading = words.HEADINGS[name]
    drawn = plots.draw(counted.table, scheme, shape, str(heading.title), describe(counted.table))
    headers = {"Content-Security-Policy": PLOT_POLICY, "Cache-Control": "private, max-age=60"}
    return HttpResponse(drawn, content_type="image/svg+xml; charset=utf-8", headers=headers)


@signed_in
@require_safe
def sheet(request: DeskRequest, name: str) -> HttpResponse:
    """A number as CSV: keys and plain figures, for a spreadsheet."""
    _form, scope = _asked(request)
    table = _counted(_known(name), scope, moment.stamp()).table
    file = f'attachment; filename="{name}-{scope.since}-{scope.until}.csv"'
    return HttpResponse(table.as_csv(), content_type="text/csv; charset=utf-8", headers={"Content-Disposition": file})


def describe(table: Table) -> str:
    """What a plot shows, for who does not see it: its last row, which sums up; the table has the rest."""
    if table.is_empty:
        return str(words.HEADINGS[table.name].empty)
    about = str(words.HEADINGS[table.name].about)
    if table.name in ("throughput", "coverage"):
        return about
    cells = [shown.cell(column, value) for column, value in zip(table.columns, table.rows[-1], strict=True)]
    told = [
        f"{words.COLUMNS[column.key]}: {each.text}"
        for column, each in zip(table.columns, cells, strict=True)
        if each.is_number
    ]
    return f"{about} {cells[0].text}. {'; '.join(told)}."


def _asked(request: DeskRequest) -> tuple[NumbersForm, Scope]:
    if not (request.rights.operator or request.rights.roles):
        raise PermissionDenied(_("Only people who work in a section see its numbers."))
    form = NumbersForm(request.GET, installation.network(), request.rights)
    return form, form.scope()


def _known(name: str) -> str:
    if name not in NUMBERS:
        raise Http404
    return name


def _part(name: str, scope: Scope, stamp: str) -> Part:
    counted = _counted(name, scope, stamp)
    return Part(name, words.HEADINGS[name], counted, shown.grid(counted.table), describe(counted.table))


def _counted(name: str, scope: Scope, stamp: str) -> Counted:
    """A number of a state of the ledger: every process counts it for itself, once, and comes to the same."""
    sections: Sequence[str] | None = None if scope.sections is None else sorted(scope.sections)
    asked = (stamp, scope.since, scope.until, scope.section, scope.language, sections)
    key = f"numbers:{name}:{hashlib.sha256(repr(asked).encode()).hexdigest()}"
    known: Counted | None = cache.get(key)
    if known is None:
        known = Counted(NUMBERS[name](scope), timezone.now())
        cache.set(key, known, KEPT)
    return known
