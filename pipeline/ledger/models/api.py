"""Who may call the API, what was answered before, and who is told of what happens."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models.functions import Now

from pipeline.ledger.models.claimable import Claimable, Status


class ApiToken(models.Model):
    """What a program shows to be let in. Of the token itself only its SHA-256 is kept.

    ``busy_until`` is the moment at which everything that was asked with it so far would have been answered at the
    allowed rate; who is too far ahead of the clock is told to wait.
    """

    class Right(models.TextChoices):
        READ = "read"  # see what the sections' editors see
        SUBMIT = "submit"  # put articles in
        REVIEW = "review"  # approve, return and decline for the sections
        OPERATE = "operate"  # retry deliveries, withdraw, keep webhooks

    name = models.CharField(max_length=80)
    digest = models.CharField(max_length=64, unique=True)
    hint = models.CharField(max_length=12)  # how the token begins, by which people know it
    every_section = models.BooleanField(default=False)
    sections = models.JSONField(default=list)  # keys; not looked at with ``every_section``
    rights = models.JSONField(default=list)
    created_by = models.CharField(max_length=150, blank=True, default="")
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)
    used_at = models.DateTimeField(null=True, blank=True)
    busy_until = models.DateTimeField(db_default=Now())

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["name"], condition=models.Q(revoked_at=None), name="api_token_name"),
        ]

    def __str__(self) -> str:
        return f"token {self.name}"


class IdempotencyKey(models.Model):
    """A submission that was answered: the same key and content get the same answer for some days."""

    token = models.ForeignKey(ApiToken, on_delete=models.CASCADE, related_name="+")
    key = models.CharField(max_length=255)
    fingerprint = models.CharField(max_length=64)  # SHA-256 of what was handed in
    status = models.PositiveSmallIntegerField()
    answer = models.JSONField()
    at = models.DateTimeField()

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["token", "key"], name="idempotency_key"),
        ]
        indexes: ClassVar[list[models.Index]] = [models.Index(fields=["at"], name="idempotency_key_age")]

    def __str__(self) -> str:
        return self.key


class Topic(models.TextChoices):
    """What a webhook may be told of."""

    ARTICLE_RECEIVED = "article.received"
    TRANSLATION_CHECKED = "translation.checked"
    EDITION_IN_REVIEW = "edition.in_review"
    EDITION_APPROVED = "edition.approved"
    EDITION_LIVE = "edition.live"
    EDITION_WITHDRAWN = "edition.withdrawn"
    DELIVERY_FAILED = "delivery.failed"
    TEST = "webhook.test"


class Webhook(models.Model):
    """An address that is told what happens. ``failing_since`` is set while nothing gets through.

    The secret signs what is sent, so that it is kept as it is. A webhook that was made with a token is as good as the
    token: once that is revoked or has expired, nothing is sent any more.
    """

    url = models.CharField(max_length=2000)
    secret = models.CharField(max_length=100)
    topics = models.JSONField(default=list)
    every_section = models.BooleanField(default=False)
    sections = models.JSONField(default=list)
    token = models.ForeignKey(ApiToken, null=True, blank=True, on_delete=models.CASCADE, related_name="webhooks")
    created_by = models.CharField(max_length=150, blank=True, default="")
    created_at = models.DateTimeField()
    failing_since = models.DateTimeField(null=True, blank=True)
    disabled_at = models.DateTimeField(null=True, blank=True)
    disabled_why = models.TextField(blank=True, default="")

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.CheckConstraint(
                condition=models.Q(disabled_at=None) | ~models.Q(disabled_why=""), name="webhook_says_why"
            ),
        ]

    def __str__(self) -> str:
        return f"webhook {self.pk}"


class WebhookSend(Claimable):
    """One message to one webhook, as the very text that is signed and sent, however often it takes."""

    webhook = models.ForeignKey(Webhook, on_delete=models.CASCADE, related_name="sends")
    uid = models.CharField(max_length=40, unique=True)  # the receiver tells repetitions by it
    topic = models.CharField(max_length=24, choices=Topic.choices)
    body = models.TextField()
    created_at = models.DateTimeField()
    sent_at = models.DateTimeField(null=True, blank=True)

    class Meta(Claimable.Meta):
        indexes: ClassVar[list[models.Index]] = [
            *Claimable.Meta.indexes,
            models.Index(fields=["webhook", "-id"], name="webhooksend_newest"),
            models.Index(fields=["sent_at"], condition=models.Q(status=Status.DONE), name="webhooksend_age"),
        ]

    def __str__(self) -> str:
        return f"{self.topic} to {self.webhook_id}"
