"""Webhooks: who is told of what, and whether it arrived."""

from __future__ import annotations

from http import HTTPStatus
from typing import Annotated

from django.db.models import QuerySet
from ninja import Query, Router
from ninja import Status as Answered
from pydantic import Field

from pipeline.api.auth import ApiRequest, Bearer, must
from pipeline.api.kinds import Given, Limit, OneOf, RowId, Text, answers
from pipeline.api.paging import CURSOR, newest_first
from pipeline.api.problems import invalid, not_found
from pipeline.api.schemas import SendOut, Sends, WebhookMade, WebhookOut, Webhooks
from pipeline.errors import Permanent
from pipeline.flow import webhooks
from pipeline.flow.tokens import Caller, Right
from pipeline.ledger.models import Status, Topic, Webhook, WebhookSend

router = Router(tags=["webhooks"])

Told = Annotated[str, OneOf(webhooks.TOPICS)]


class WebhookIn(Given):
    """An address, and what it is to be told of."""

    url: Text = Field(min_length=1, max_length=2000, examples=["https://cms.example.org/hooks/sectionwire"])
    topics: list[Told] | None = Field(
        default=None,
        min_length=1,
        max_length=20,
        examples=[["edition.live"]],
        description="All, if none.",
    )
    sections: list[Text] | None = Field(
        default=None, min_length=1, max_length=500, examples=[["portugal"]], description="Those of the token, if none."
    )


class WebhookChange(Given):
    """What is to be different; what is not named stays."""

    url: Text | None = Field(default=None, min_length=1, max_length=2000)
    topics: list[Told] | None = Field(default=None, min_length=1, max_length=20)
    active: bool | None = Field(
        default=None, description="True sends again what failed; false tells it nothing any more."
    )


@router.get(
    "/webhooks", auth=Bearer(Right.OPERATE), response=answers({200: Webhooks}, cached=True), operation_id="listWebhooks"
)
def list_webhooks(request: ApiRequest) -> Webhooks:
    """The webhooks of this token's sections."""
    rows = Webhook.objects.select_related("token").order_by("pk")
    return Webhooks(items=[webhook_out(row) for row in rows if _is_ours(row, request.auth)])


@router.post(
    "/webhooks",
    auth=Bearer(Right.OPERATE),
    response=answers({201: WebhookMade}, 400),
    operation_id="addWebhook",
)
def add_webhook(request: ApiRequest, given: WebhookIn) -> Answered[WebhookMade]:
    """Tell an address what happens. The secret that signs it (Standard Webhooks) is shown this once."""
    caller = request.auth
    for section in given.sections or ():
        must(caller, Right.OPERATE, section)
    sections = given.sections or (None if caller.token.every_section else caller.token.sections)
    try:
        row = webhooks.add(
            given.url,
            [Topic(topic) for topic in given.topics or ()],
            sections,
            request.network,
            by=caller.name,
            token=caller.token,
        )
    except Permanent as error:
        raise invalid(error) from error
    made = WebhookMade(**webhook_out(row).model_dump(), secret=row.secret)
    return Answered(HTTPStatus.CREATED, made)


@router.get(
    "/webhooks/{webhook}",
    auth=Bearer(Right.OPERATE),
    response=answers({200: WebhookOut}, 404, cached=True),
    operation_id="getWebhook",
)
def get_webhook(request: ApiRequest, webhook: RowId) -> WebhookOut:
    """One webhook, and why nothing is sent to it, if so."""
    return webhook_out(_webhook_or_404(request, webhook))


@router.patch(
    "/webhooks/{webhook}",
    auth=Bearer(Right.OPERATE),
    response=answers({200: WebhookOut}, 400, 404),
    operation_id="changeWebhook",
)
def change_webhook(request: ApiRequest, webhook: RowId, change: WebhookChange) -> WebhookOut:
    """Another address, other topics; off, or on again."""
    row = _webhook_or_404(request, webhook)
    try:
        webhooks.change(row, url=change.url, topics=[Topic(topic) for topic in change.topics or ()])
    except Permanent as error:
        raise invalid(error, "body.url") from error
    if change.active:
        webhooks.enable(row)
    elif change.active is False:
        webhooks.disable(row, f"switched off by {request.auth.name}")
    return webhook_out(_webhook_or_404(request, webhook))


@router.delete(
    "/webhooks/{webhook}",
    auth=Bearer(Right.OPERATE),
    response=answers({204: None}, 404),
    operation_id="removeWebhook",
)
def remove_webhook(request: ApiRequest, webhook: RowId) -> Answered[None]:
    """Forget an address, and what it was told."""
    _webhook_or_404(request, webhook).delete()
    return Answered(HTTPStatus.NO_CONTENT, None)


@router.post(
    "/webhooks/{webhook}/test",
    auth=Bearer(Right.OPERATE),
    response=answers({202: SendOut}, 404),
    operation_id="testWebhook",
)
def test_webhook(request: ApiRequest, webhook: RowId) -> Answered[SendOut]:
    """Send a message that only says that messages arrive; whether it did is in the list of sends."""
    send = webhooks.test(_webhook_or_404(request, webhook))
    return Answered(HTTPStatus.ACCEPTED, _send(WebhookSend.objects.get(pk=send.pk)))


class SendFilters(Given):
    """What is asked for."""

    status: Annotated[str, OneOf(Status)] | None = None
    cursor: Text = Field(default="", max_length=200, description=CURSOR)
    limit: Limit = 50


@router.get(
    "/webhooks/{webhook}/sends",
    auth=Bearer(Right.OPERATE),
    response=answers({200: Sends}, 404, cached=True),
    operation_id="listSends",
)
def list_sends(request: ApiRequest, webhook: RowId, filters: Query[SendFilters]) -> Sends:
    """What it was told within the last two weeks, and what is still to be."""
    rows: QuerySet[WebhookSend] = _webhook_or_404(request, webhook).sends.defer("body")
    if filters.status:
        rows = rows.filter(status=filters.status)
    found, following = newest_first(rows, filters.cursor, filters.limit)
    return Sends(items=[_send(row) for row in found], next=following)


def webhook_out(row: Webhook) -> WebhookOut:
    """A webhook whose token is loaded."""
    why = webhooks.silence(row)
    return WebhookOut(
        id=row.pk,
        url=row.url,
        topics=row.topics,
        every_section=row.every_section,
        sections=row.sections,
        active=not why,
        why=why,
        failing_since=row.failing_since,
        created_at=row.created_at,
    )


def _is_ours(row: Webhook, caller: Caller) -> bool:
    """Whether all that it is told is the caller's business."""
    if caller.token.every_section:
        return True
    return not row.every_section and all(caller.covers(section) for section in row.sections)


def _webhook_or_404(request: ApiRequest, pk: int) -> Webhook:
    row = Webhook.objects.select_related("token").filter(pk=pk).first()
    if row is None or not _is_ours(row, request.auth):
        raise not_found("There is no such webhook.", "List them: GET /api/v1/webhooks")
    return row


def _send(row: WebhookSend) -> SendOut:
    return SendOut(
        id=row.uid,
        topic=row.topic,
        status=row.status,
        reason=row.reason,
        attempts=row.attempts,
        created_at=row.created_at,
        due_at=row.due_at,
        sent_at=row.sent_at,
    )
