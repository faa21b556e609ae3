"""Telling webhooks: signed as Standard Webhooks asks, repeated with growing pauses, given up in the end."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Final

import structlog
from django.conf import settings
from django.db import transaction
from django.db.models.functions import Now
from standardwebhooks import Webhook as Signer

from pipeline import outbound
from pipeline.errors import Permanent, PipelineError, Transient
from pipeline.flow import lanes, webhooks, work
from pipeline.ledger import claim as claims
from pipeline.ledger.models import Status, Webhook, WebhookSend

log = structlog.get_logger()

BUDGET: Final = 20
TIMEOUT: Final = 10.0
"""Seconds a receiver has: it should note the message and work on it later."""

PATIENCE: Final = timedelta(days=3)
"""So long nothing may get through before a webhook is switched off."""

KEPT: Final = timedelta(days=14)
"""How long messages that arrived are kept, for whoever asks whether they did."""

_ANSWER: Final = 10_000  # bytes of an answer; nothing is done with it
_GONE: Final = 410


def run() -> tuple[int, bool]:
    """Work the lane ``webhooks``; see :func:`work.drain`."""
    done, more = work.drain(WebhookSend, lanes.WEBHOOKS, BUDGET, _process)
    if done:
        WebhookSend.objects.filter(status=Status.DONE, sent_at__lt=Now() - KEPT).delete()
    return done, more


def _process(claim: claims.Claim[WebhookSend], rows: Sequence[WebhookSend]) -> None:
    # One that does not answer is not waited for again and again: the others' messages are in the same claim.
    silent: dict[int, PipelineError] = {}
    claimed = WebhookSend.objects.select_related("webhook__token").filter(pk__in=[row.pk for row in rows])
    for row in claimed.order_by("priority", "due_at", "id"):
        work.guarded(row, claim, lambda row=row: _send(row, claim, silent))  # type: ignore[misc]


def _send(row: WebhookSend, claim: claims.Claim[WebhookSend], silent: dict[int, PipelineError]) -> None:
    webhook = row.webhook
    if why := webhooks.silence(webhook):
        raise Permanent(f"The webhook is switched off: {why}.", "Switch it on again, or remove it.")
    if webhook.pk in silent:
        raise silent[webhook.pk]
    try:
        _post(row)
    except PipelineError as error:
        silent[webhook.pk] = failure = _judge(error)
        _note_failure(webhook, failure, gone=isinstance(error, outbound.Refused) and error.status == _GONE)
        raise failure from error
    with transaction.atomic():
        claims.finish(row, claim.token, sent_at=Now())
        Webhook.objects.filter(pk=webhook.pk, failing_since__isnull=False).update(failing_since=None)


def _post(row: WebhookSend) -> None:
    now = datetime.now(UTC)
    outbound.request(
        "POST",
        row.webhook.url,
        headers={
            "Content-Type": "application/json",
            "webhook-id": row.uid,
            "webhook-timestamp": str(int(now.timestamp())),
            "webhook-signature": Signer(row.webhook.secret).sign(row.uid, now, row.body),
        },
        content=row.body.encode(),
        limit=_ANSWER,
        timeout=TIMEOUT,
        allow_private=settings.ALLOW_PRIVATE,
    )


def _judge(error: PipelineError) -> PipelineError:
    """What a failure means for a webhook: a receiver that answers 404 today may be mended tomorrow."""
    if isinstance(error, outbound.Refused):
        return Transient(error.message, error.remedy)
    if isinstance(error, Transient):
        return error
    return Permanent(
        error.message, "Mend the address; for one inside the own network set SECTIONWIRE_ALLOW_PRIVATE=1 for workers."
    )


def _note_failure(webhook: Webhook, error: PipelineError, *, gone: bool) -> None:
    Webhook.objects.filter(pk=webhook.pk, failing_since=None).update(failing_since=Now())
    failing = Webhook.objects.filter(pk=webhook.pk, failing_since__lt=Now() - PATIENCE)
    if gone:
        why = f"{error.message} It asks not to be told any more."
    elif failing.exists():
        why = f"nothing got through for {PATIENCE.days} days; at last: {error.message}"
    else:
        return
    webhooks.disable(webhook, why)
    log.warning("webhook switched off", webhook=webhook.pk, why=why)
