"""Deliveries: what failed, why, what to do about it, and trying it again: one, or all that fit the filters."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db.models import Count, Max
from django.http import Http404, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST, require_safe

from pipeline.desk.access import DeskRequest, signed_in
from pipeline.desk.board.filters import DeliveryForm
from pipeline.desk.bulk import back
from pipeline.desk.templatetags.desk import number
from pipeline.flow import installation, retry, traffic
from pipeline.ledger.models import Delivery, Receipt

PER_PAGE = 50
REASONS = 10
"""How many different reasons are counted up."""


@signed_in
@require_safe
def show(request: DeskRequest) -> HttpResponse:
    """Deliveries of the person's sections; at first those that failed."""
    form = DeliveryForm(request.GET, installation.network(), request.rights)
    found = traffic.deliveries(request.rights, form.sought())
    before = request.GET.get("before", "")
    rows, following = traffic.shown(found, PER_PAGE, int(before) if _is_number(before) else 0)
    tried = _last_tries(rows)
    retryable = traffic.retryable(request.rights, found)
    lists = list(traffic.failed_lists()[:PER_PAGE]) if request.rights.operator else []
    address = f"{request.path}?{form.query}" if form.query else request.path
    context = {
        "form": form,
        "rows": [(row, tried.get(row.pk), _may_retry(request, row)) for row in rows],
        "following": following,
        "reasons": _reasons(request, form) if rows else [],
        "retryable": retryable.count(),
        "lists": lists,
        "address": address,
        "before": before if _is_number(before) else "",
    }
    response = render(request, "desk/board/deliveries.html", context)
    if request.htmx:
        response.headers["HX-Push-Url"] = address
    return response


@signed_in
@require_POST
def retry_one(request: DeskRequest, pk: int) -> HttpResponse:
    """Try a delivery again that has failed."""
    row = Delivery.objects.select_related("edition").filter(pk=pk).first()
    if row is None or not request.rights.is_inside(row.edition.section):
        raise Http404
    if not _may_retry(request, row):
        raise PermissionDenied(_("Only a chief editor of this section, or whoever runs the installation, may do this."))
    done = retry.deliveries(Delivery.objects.filter(pk=pk))
    if done:
        messages.success(request, _("It is tried again."))
    else:
        messages.warning(request, _("It has not failed, or somebody has had it tried again already."))
    return back(request, "deliveries")


@signed_in
@require_POST
def retry_all(request: DeskRequest) -> HttpResponse:
    """Try all failed deliveries again that fit the filters, as far as the person may; operators also failed lists."""
    given = QueryDict(request.POST.get("query", "")[:2_000])
    form = DeliveryForm(given, installation.network(), request.rights)
    done = retry.deliveries(traffic.retryable(request.rights, traffic.deliveries(request.rights, form.sought())))
    if request.rights.operator and "lists" in request.POST:
        done += retry.front_pages()
    text = ngettext("%(n)s delivery is tried again.", "%(n)s deliveries are tried again.", done)
    messages.success(request, text % {"n": number(done)})
    return redirect(f"{reverse('deliveries')}?{form.query}" if form.query else "deliveries")


def _reasons(request: DeskRequest, form: DeliveryForm) -> list[tuple[str, int]]:
    """The reasons that most of the deliveries have in common: what is mended first."""
    found = traffic.deliveries(request.rights, form.sought()).exclude(reason="").order_by()
    grouped = found.values("reason").annotate(count=Count("pk")).order_by("-count", "reason")[:REASONS]
    return [(row["reason"], row["count"]) for row in grouped]


def _last_tries(rows: Sequence[Delivery]) -> dict[int, datetime]:
    """When each delivery was last tried, by id."""
    tried = Receipt.objects.filter(delivery__in=rows).order_by().values_list("delivery").annotate(at=Max("at"))
    return dict(tried)


def _may_retry(request: DeskRequest, row: Delivery) -> bool:
    return request.rights.operator or request.rights.may_lead(row.edition.section)


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) < 19
