"""Deliveries: what each output holds, what failed, and trying again."""

from __future__ import annotations

from typing import Annotated

from django.db.models import QuerySet
from ninja import Query, Router
from pydantic import Field

from pipeline.api.auth import ApiRequest, Bearer, must
from pipeline.api.kinds import Given, Limit, OneOf, RowId, Text, Uid, answers
from pipeline.api.paging import CURSOR, newest_first
from pipeline.api.problems import conflict, not_found
from pipeline.api.schemas import Deliveries, DeliveryWhole, ReceiptOut, delivery_out, delivery_values
from pipeline.errors import Permanent
from pipeline.flow import retry
from pipeline.flow.people import Rights
from pipeline.flow.tokens import Right
from pipeline.ledger.models import Delivery, Receipt, Status

router = Router(tags=["deliveries"])

RECEIPTS = 20
"""How many of a delivery's receipts are shown: the last ones."""


class DeliveryFilters(Given):
    """What is asked for."""

    section: Text | None = Field(default=None, max_length=40)
    language: Text | None = Field(default=None, max_length=35)
    output: Text | None = Field(default=None, max_length=40)
    status: Annotated[str, OneOf(Status)] | None = Field(default=None, description="`failed`: a person must act.")
    article: Uid | None = None
    cursor: Text = Field(default="", max_length=200, description=CURSOR)
    limit: Limit = 50


@router.get(
    "/deliveries",
    auth=Bearer(Right.READ),
    response=answers({200: Deliveries}, cached=True),
    operation_id="listDeliveries",
)
def list_deliveries(request: ApiRequest, filters: Query[DeliveryFilters]) -> Deliveries:
    """What the outputs of this token's sections hold or shall hold, the newest first."""
    given = {
        "edition__section": filters.section,
        "edition__language": filters.language,
        "output": filters.output,
        "status": filters.status,
        "edition__article__uid": filters.article,
    }
    rows = _visible(request.auth.rights).filter(**{field: value for field, value in given.items() if value})
    found, following = newest_first(rows, filters.cursor, filters.limit)
    return Deliveries(items=[delivery_out(row) for row in found], next=following)


@router.get(
    "/deliveries/{delivery}",
    auth=Bearer(Right.READ),
    response=answers({200: DeliveryWhole}, 404, cached=True),
    operation_id="getDelivery",
)
def get_delivery(request: ApiRequest, delivery: RowId) -> DeliveryWhole:
    """One delivery with its last receipts."""
    return _whole(_delivery_or_404(request, delivery))


@router.post(
    "/deliveries/{delivery}/retry",
    auth=Bearer(Right.OPERATE),
    response=answers({200: DeliveryWhole}, 404, 409),
    operation_id="retryDelivery",
)
def retry_delivery(request: ApiRequest, delivery: RowId) -> DeliveryWhole:
    """Try again what failed, once its cause is mended."""
    row = _delivery_or_404(request, delivery)
    must(request.auth, Right.OPERATE, row.edition.section)
    if not retry.deliveries(Delivery.objects.filter(pk=row.pk)):
        raise conflict(Permanent(f"This delivery has not failed: it is {row.status}.", "Nothing is left to do."))
    return _whole(_delivery_or_404(request, delivery))


def _visible(rights: Rights) -> QuerySet[Delivery]:
    rows = Delivery.objects.select_related("edition__article")
    return rows if rights.operator else rows.filter(edition__section__in=list(rights.roles))


def _delivery_or_404(request: ApiRequest, pk: int) -> Delivery:
    row = _visible(request.auth.rights).filter(pk=pk).first()
    if row is None:
        raise not_found("There is no such delivery.", "List them: GET /api/v1/deliveries")
    return row


def _whole(row: Delivery) -> DeliveryWhole:
    receipts = Receipt.objects.filter(delivery=row).order_by("-pk")[:RECEIPTS]
    told = [
        ReceiptOut(sequence=each.sequence, outcome=each.outcome, detail=each.detail, url=each.url, at=each.at)
        for each in receipts
    ]
    return DeliveryWhole(**delivery_values(row), receipts=told)
