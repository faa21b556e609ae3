"""The last step of a run: the report is composed, kept in the row, and sent to whom the schedule names.

The webhook may get it twice and knows it by its id. The e-mail is sent at most once: that it is being sent is written
down before, and where it is not known whether the mail server took it, it is not sent again.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from smtplib import SMTPException
from typing import Any, Final

from django.conf import settings
from django.core.mail import EmailMultiAlternatives, get_connection
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import translation
from django.utils.dateparse import parse_datetime
from standardwebhooks import Webhook

from pipeline import outbound
from pipeline.errors import Permanent, Transient
from pipeline.flow import digest, installation
from pipeline.flow.batches import report
from pipeline.flow.batches.steps import Action, Did, Job, Later, Problem, Told, was_stopped
from pipeline.ledger import claim as claims
from pipeline.ledger.models import BatchRun
from pipeline.network import Network
from pipeline.network.schedules import Report, ReportWebhook
from pipeline.stages.publish.outputs import secrets

MOST_TRIES: Final = 8
"""How often sending is tried: some five minutes. The report stands in the ledger anyway."""

_ANSWER: Final = 10_000  # bytes; nothing is done with it


def action(row: BatchRun) -> Action:
    """The step ``report`` of a run."""

    def pieces(job: Job) -> Sequence[str]:
        told = _told(row, job.net)
        wanted = told.only == "always" or _is_trouble(row)
        channels = [name for name, there in (("email", told.email), ("webhook", told.webhook)) if there and wanted]
        return ["facts", *channels]

    def work(job: Job, piece: str, memo: Mapping[str, Any], _told_how_far: Told) -> Did | Later:
        if piece == "facts":
            _save(row, report.compose(row, job.net, job.now))
            return Did()
        facts = report.kept(row)
        told = _told(row, job.net)
        try:
            if piece == "email" and told.email:
                return _mail(row, facts, told, job.net)
            if piece == "webhook" and told.webhook:
                return _post(row, facts, told.webhook)
        except Transient as error:
            return _again(piece, error, int(memo.get("tries", 0)) + 1)
        return Did()  # taken out of network.toml meanwhile

    return Action(pieces, work)


def _again(piece: str, error: Transient, tries: int) -> Did | Later:
    if tries < MOST_TRIES:
        return Later(claims.backoff(tries, error.retry_after), str(error), memo={"tries": tries})
    why = f"It was not sent, after {tries} tries: {error.message}"
    return Did(problems=[Problem(piece, why, error.remedy or "The report stands on the desk, under Runs.")])


def _told(row: BatchRun, net: Network) -> Report:
    return next((each.report for each in net.schedules if each.key == row.schedule), Report())


def _is_trouble(row: BatchRun) -> bool:
    """Whether a person must act, or has left something out."""
    return was_stopped(row.steps) or any(step["problems"] or step["more_problems"] for step in row.steps)


def _save(row: BatchRun, facts: dict[str, Any]) -> None:
    BatchRun.objects.filter(pk=row.pk).update(report=facts)


def _mail(row: BatchRun, facts: dict[str, Any], told: Report, net: Network) -> Did:
    """Hand the report to the mail server.

    Raises:
        Transient: it can't be reached, or said that it took nothing.
    """
    if facts.get("mailing"):
        why = "The worker died while it was being sent: it is not known whether it arrived, and it is not sent again."
        return Did(problems=[Problem("email", why, "The report stands on the desk, under Runs.")])
    connection = get_connection()
    try:
        connection.open()
    except (SMTPException, OSError) as error:
        raise Transient(
            f"The mail server can't be reached: {_plain(error)}.", "Look at SECTIONWIRE_EMAIL_URL."
        ) from error
    message = written(row, facts, told, net)
    message.connection = connection
    _save(row, facts | {"mailing": True})
    did = Did({"emails": len(told.email)})
    try:
        message.send()
    except (SMTPException, OSError, ValueError) as error:  # ValueError: an address that no e-mail can have
        if digest.is_refused_for_now(error):
            _save(row, facts)
            raise Transient(f"The mail server did not take it: {_plain(error)}.") from error
        did = Did(problems=[Problem("email", f"It was not sent: {_plain(error)}.", "Look at SECTIONWIRE_EMAIL_URL.")])
    finally:
        connection.close()
    _save(row, facts)  # not in “finally”: whoever is stopped in the middle of it does not know
    return did


def written(row: BatchRun, facts: dict[str, Any], told: Report, net: Network) -> EmailMultiAlternatives:
    """The e-mail, in the report's language: plain text, with simple HTML beside it."""
    known = told.language if told.language in dict(settings.LANGUAGES) else settings.LANGUAGE_CODE
    with translation.override(known):
        context: dict[str, Any] = {
            "report": facts,
            "zone": next((each.time_zone for each in net.schedules if each.key == row.schedule), "UTC"),
            "started_at": parse_datetime(facts["started_at"]),
            "ended_at": parse_datetime(facts["ended_at"]),
            "address": installation.address(reverse("run", args=[row.pk])),
        }
        subject = " ".join(render_to_string("desk/mail/run_subject.txt", context).split())
        text = render_to_string("desk/mail/run.txt", context)
        html = render_to_string("desk/mail/run.html", context | {"subject": subject})
    message = EmailMultiAlternatives(
        subject, text.strip() + "\n", to=list(told.email), headers={"Auto-Submitted": "auto-generated"}
    )
    message.attach_alternative(html, "text/html")
    return message


def _post(row: BatchRun, facts: dict[str, Any], told: ReportWebhook) -> Did:
    """Send the report, signed as Standard Webhooks asks.

    Raises:
        Transient: it may be taken later.
        Permanent: it will not.
    """
    now, identifier = datetime.now(UTC), f"run_{row.pk}_{row.planned_at:%Y%m%dT%H%M%S%f}"
    body = json.dumps({"type": "batch.run", "timestamp": facts["ended_at"], "data": facts}, ensure_ascii=False)
    outbound.request(
        "POST",
        told.url,
        headers={
            "Content-Type": "application/json",
            "webhook-id": identifier,
            "webhook-timestamp": str(int(now.timestamp())),
            "webhook-signature": _signer(told.secret).sign(identifier, now, body),
        },
        content=body.encode("utf-8", "replace"),
        limit=_ANSWER,
        timeout=told.timeout_seconds,
        allow_private=told.allow_private,
    )
    return Did({"webhooks": 1})


def _signer(variable: str) -> Webhook:
    secret = secrets.read(variable)
    try:
        return Webhook(secret)
    except (ValueError, RuntimeError) as error:
        raise Permanent(
            f"The secret in {variable} is no signing secret.",
            "Give whsec_ and the base64 of 24 to 64 random bytes, the same as the receiver's.",
        ) from error


def _plain(error: Exception) -> str:
    return (" ".join(str(error).split())[:500] or type(error).__name__).rstrip(".")
