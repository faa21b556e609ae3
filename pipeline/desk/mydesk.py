"""My desk: what waits for the decisions of somebody, most urgent first."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.contrib.auth.models import User
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from pipeline.desk.access import DeskRequest, signed_in
from pipeline.desk.filters import FilterForm
from pipeline.desk.words import ORIGINS, STATES
from pipeline.flow import installation, undo, waiting
from pipeline.flow.people import Rights
from pipeline.flow.waiting import Waiting
from pipeline.ledger.models import Edition, Membership
from pipeline.ledger.models.editions import seen_digest
from pipeline.network import Network, Section

PER_PAGE = 50
OUTCOMES = "outcomes"
"""Under this key of the session stands what happened to each edition at the last decision; it is shown once."""

URGENT = 50
"""Articles with a priority below this are marked as urgent: it is what an article has that nobody hurries."""


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the list: what waits, in words, and what an approval of it approves."""

    waiting: Waiting
    section: str
    zone: str
    state: str
    origin: str
    digest: str
    is_urgent: bool
    is_update: bool
    is_unreviewed: bool
    is_embargoed: bool


@signed_in
@require_safe
def desk(request: DeskRequest) -> HttpResponse:
    """The list, its filters, what the last decision has done, and what can be taken back."""
    net = installation.network()
    counts = waiting.counts(request.rights)
    form = FilterForm(request.GET, net, request.rights.sections, counts)
    pages = Paginator(waiting.find(request.rights, form.filters()), PER_PAGE)
    page = pages.get_page(request.GET.get("page"))
    context = {
        "form": form,
        "page": page,
        "lines": lines(list(page.object_list), request.rights, net),
        "waiting_count": sum(counts.values()),
        "colleagues": colleagues(request.rights, request.user),
        "outcomes": _outcomes(request) if request.method == "GET" and not request.htmx else None,
        "recent": undo.recent(request.rights),
        "address": f"{request.path}?{form.query}" if form.query else request.path,
    }
    response = render(request, "desk/mydesk.html", context)
    if request.htmx:
        response.headers["HX-Push-Url"] = str(context["address"])  # what is shared has no empty filters in it
    return response


def lines(page: Sequence[Edition], rights: Rights, net: Network) -> list[Line]:
    """The lines of a page of editions; a constant number of queries however many they are."""
    sections = {section.key: section for section in net.sections}
    return [_line(row, sections) for row in waiting.rows(page, rights) if row.edition.candidate is not None]


def _line(row: Waiting, sections: Mapping[str, Section]) -> Line:
    edition = row.edition
    version = edition.candidate
    assert version is not None
    section = sections.get(edition.section)  # None: it has left the network, and its editions wait still
    return Line(
        waiting=row,
        section=section.name if section else edition.section,
        zone=section.time_zone if section else "UTC",
        state=str(STATES[edition.state]),
        origin=str(ORIGINS[version.origin]),
        digest=seen_digest(version, edition.overlay),
        is_urgent=version.revision.priority < URGENT,
        is_update=edition.approved_id is not None and edition.urgent_from_id is None,
        is_unreviewed=edition.urgent_from_id is not None,
        is_embargoed=edition.release_at is not None and edition.release_at > timezone.now(),
    )


def colleagues(rights: Rights, user: User) -> list[User]:
    """Whom a chief may assign something to: the others who decide in the chief's sections."""
    led = [section for section in rights.roles if rights.may_lead(section)]
    if not led:
        return []
    deciding = Membership.objects.filter(section__in=led, role__in=[Membership.Role.EDITOR, Membership.Role.CHIEF])
    people = User.objects.filter(is_active=True, memberships__in=deciding).exclude(pk=user.pk)
    return list(people.distinct().order_by("username"))


def _outcomes(request: HttpRequest) -> dict[str, Any] | None:
    """What the last decision has done, once."""
    kept = request.session.pop(OUTCOMES, None)
    if not kept:
        return None
    done = sum(row["done"] for row in kept)
    return {
        "rows": kept,
        "summary": _("%(done)d of %(all)d done.") % {"done": done, "all": len(kept)},
        "is_whole": done == len(kept),
    }
