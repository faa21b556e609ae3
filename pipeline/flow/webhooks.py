"""Webhooks: who is told of what, and the messages that a transaction leaves for them.

What happens is told in the very transaction in which it happens: a message for a thing that was rolled back is never
sent, and none is lost. ``webhook_sends`` sends them.
"""

from __future__ import annotations

import base64
import json
import secrets
from collections.abc import Callable, Collection, Iterable, Sequence
from datetime import datetime
from typing import Any, Final

from django.db.models import Q, QuerySet
from django.db.models.functions import Now

from pipeline.errors import Permanent
from pipeline.flow import bell, clock, lanes
from pipeline.ledger import claim as claims
from pipeline.ledger.models import (
    ApiToken,
    Article,
    Delivery,
    Edition,
    Finding,
    Revision,
    Status,
    Topic,
    Version,
    Webhook,
    WebhookSend,
)
from pipeline.network import Network

TOPICS: Final = tuple(topic for topic in Topic if topic != Topic.TEST)
"""What one can ask to be told of; a test comes when it is asked for."""

_LONGEST_URL: Final = 2_000


def add(
    url: str,
    topics: Collection[Topic],
    sections: Collection[str] | None,
    net: Network,
    *,
    by: str = "",
    token: ApiToken | None = None,
) -> Webhook:
    """Tell an address what happens in some sections, or with ``None`` in all. Its ``secret`` signs the messages.

    Whether the address can be reached, and may be, is found when something is sent.

    Raises:
        Permanent: it is no web address, a section is not there, or no section is given.
    """
    check_url(url)
    if sections is not None and not sections:
        raise Permanent("A webhook without a section is told of nothing.", "Name one, or none at all for every one.")
    for section in sections or ():
        net.section(section)
    return Webhook.objects.create(
        url=url,
        secret="whsec_" + base64.b64encode(secrets.token_bytes(32)).decode(),
        topics=sorted(topics or TOPICS),
        every_section=sections is None,
        sections=sorted(sections or ()),
        token=token,
        created_by=by,
        created_at=clock.now(),
    )


def check_url(url: str) -> None:
    """That something could be sent there.

    Raises:
        Permanent: it is no web address, or has a password in it.
    """
    import httpx  # here and not above: slow to import, and every command that files an article comes by this module

    try:
        parsed = httpx.URL(url)
    except (httpx.InvalidURL, ValueError):
        parsed = httpx.URL("")
    if parsed.scheme not in {"http", "https"} or not parsed.host or len(url) > _LONGEST_URL:
        raise Permanent(f"“{url[:80]}” is no web address.", "Give one that begins with https://.")
    if parsed.userinfo:
        raise Permanent("The address has a name or a password in it.", "Leave it out: what is sent is signed instead.")


def change(webhook: Webhook, *, url: str | None = None, topics: Collection[Topic] = ()) -> None:
    """Give a webhook another address or other topics.

    Raises:
        Permanent: it is no web address.
    """
    if url is not None:
        check_url(url)
        webhook.url = url
    if topics:
        webhook.topics = sorted(topics)
    webhook.save(update_fields=["url", "topics"])


def find(webhook_id: int) -> Webhook:
    """The webhook of this number.

    Raises:
        Permanent: there is none.
    """
    row = Webhook.objects.select_related("token").filter(pk=webhook_id).first()
    if row is None:
        raise Permanent(f"There is no webhook {webhook_id}.", "See them: sectionwire webhooks list")
    return row


def enable(webhook: Webhook) -> int:
    """Switch a webhook on again and send what failed meanwhile. Returns how many messages that are."""
    Webhook.objects.filter(pk=webhook.pk).update(disabled_at=None, disabled_why="", failing_since=None)
    changed, _ = claims.retry(webhook.sends.all())
    if changed:
        bell.announce(lanes.WEBHOOKS)
    return changed


def disable(webhook: Webhook, why: str) -> None:
    """Tell it nothing any more, until somebody switches it on again; what waits has failed."""
    Webhook.objects.filter(pk=webhook.pk, disabled_at=None).update(disabled_at=Now(), disabled_why=why)
    webhook.sends.filter(status=Status.READY).update(status=Status.FAILED, reason=f"The webhook is switched off: {why}")


def silence(webhook: Webhook) -> str:
    """Why nothing is sent to a webhook now; empty when it is."""
    token = webhook.token
    if webhook.disabled_at is not None:
        return webhook.disabled_why
    if token is not None and (token.revoked_at or (token.expires_at and token.expires_at <= clock.now())):
        return f"the token “{token.name}” with which it was made is over"
    return ""


def test(webhook: Webhook) -> WebhookSend:
    """Leave a message that only says that messages arrive."""
    return _leave([webhook], Topic.TEST, {"webhook": webhook.pk})[0]


def article_received(article: Article, revision: Revision, outcome: str) -> None:
    """Tell that an article, or a new revision of it, came in. Call it in the transaction that records it."""
    _tell(Topic.ARTICLE_RECEIVED, lambda: [("", _article(article) | {"revision": revision.number, "outcome": outcome})])


def translation_checked(version: Version) -> None:
    """Tell that a translation has a new version. Call it in the transaction that records it."""
    translation = version.translation

    def news() -> list[tuple[str, dict[str, Any]]]:
        told: dict[str, Any] = {"base": translation.base, "version": version.number, "digest": version.digest}
        told["findings"] = version.findings.filter(state=Finding.State.OPEN).count()
        return [("", _article(translation.article) | told)]

    _tell(Topic.TRANSLATION_CHECKED, news)


def editions(topic: Topic, which: QuerySet[Edition]) -> None:
    """Tell what has become of some editions. Call it in the transaction that changes them, when they are saved.

    They are only read where somebody listens.
    """
    _tell(topic, lambda: [(edition.section, _edition(edition)) for edition in _full(which)])


def deliveries_failed(ids: Collection[int]) -> None:
    """Tell of those of some pages that wait for a person. Call it in the transaction that records it."""

    def news() -> list[tuple[str, dict[str, Any]]]:
        failed = Delivery.objects.filter(pk__in=ids, status=Status.FAILED).select_related("edition__article")
        return [
            (
                row.edition.section,
                _edition(row.edition) | {"delivery": row.pk, "output": row.output, "reason": row.reason},
            )
            for row in failed.order_by("pk")
        ]

    _tell(Topic.DELIVERY_FAILED, news)


def _tell(topic: Topic, news: Callable[[], Iterable[tuple[str, dict[str, Any]]]]) -> None:
    """Leave messages for whoever listens. ``news`` (section, or none, and data) is only asked where somebody does."""
    listeners = [row for row in _listening() if topic in row.topics]
    if not listeners:
        return
    for section, data in news():
        _leave([row for row in listeners if _concerns(row, section)], topic, data)


def _listening() -> QuerySet[Webhook]:
    over = Q(token__revoked_at__isnull=False) | Q(token__expires_at__lte=Now())
    return Webhook.objects.filter(disabled_at=None).exclude(over).order_by("id")


def _concerns(webhook: Webhook, section: str) -> bool:
    """What is no single section's business is everybody's: any section sees every article that was handed in."""
    return not section or webhook.every_section or section in webhook.sections


def _leave(receivers: Sequence[Webhook], topic: Topic, data: dict[str, Any]) -> list[WebhookSend]:
    now = clock.now()
    body = json.dumps({"type": topic, "timestamp": now.isoformat(), "data": data}, ensure_ascii=False)
    sends = WebhookSend.objects.bulk_create(
        WebhookSend(
            webhook=receiver,
            uid=f"msg_{secrets.token_hex(16)}",
            topic=topic,
            body=body,
            lane=lanes.WEBHOOKS,
            created_at=now,
        )
        for receiver in receivers
    )
    if sends:
        bell.announce(lanes.WEBHOOKS)
    return sends


def _article(article: Article) -> dict[str, Any]:
    return {
        "article": {
            "uid": article.uid,
            "key": article.key,
            "title": article.title,
            "language": article.language,
            "canonical_url": article.canonical_url,
        }
    }


def _full(which: QuerySet[Edition]) -> QuerySet[Edition]:
    long = ("candidate__segments", "candidate__engines", "approved__segments", "approved__engines")
    related = which.select_related("article", "candidate", "approved").prefetch_related("deliveries")
    return related.defer(*long).order_by("id")


def _edition(edition: Edition) -> dict[str, Any]:
    version = edition.candidate or edition.approved
    release: datetime | None = edition.release_at
    pages = sorted(edition.deliveries.all(), key=lambda page: page.pk)
    return _article(edition.article) | {
        "edition": edition.pk,
        "section": edition.section,
        "language": edition.language,
        "state": edition.state,
        "version": version.number if version else None,
        "by": edition.decided_by,
        "release_at": release.isoformat() if release else None,
        "urls": {page.output: page.url for page in pages if page.url},
    }
