"""Sources that are watched, what was found in them, and the hosts that are asked for it."""

from __future__ import annotations

from typing import ClassVar

from django.db import models

from pipeline.ledger.models.articles import Article


class Host(models.Model):
    """A web server that sources ask: its robots.txt, and when it may be asked again. One row for all who ask.

    ``status`` is what it answered when asked for robots.txt; 0 where it has never answered.
    """

    origin = models.CharField(max_length=300, unique=True)  # https://tidewater.example
    robots = models.TextField(blank=True, default="")
    status = models.PositiveSmallIntegerField(default=0)
    robots_at = models.DateTimeField(null=True, blank=True)
    next_at = models.DateTimeField(null=True, blank=True)  # not to be asked for anything before

    def __str__(self) -> str:
        return self.origin


class Source(models.Model):
    """What the ledger knows of a source of network.toml beside its items.

    ``validators`` has, by address, what the server wants to be asked with: ETag, Last-Modified; and a digest of what it
    sent. ``listed_at`` is when all that a feed names was read anew. ``token`` and ``lease_until`` say that somebody
    fetches it now. ``reason`` is why it could not be read the last time, ``failures`` how often in a row, ``next_at``
    when it is tried again.
    """

    key = models.CharField(max_length=40, unique=True)
    validators = models.JSONField(default=dict)
    fetched_at = models.DateTimeField(null=True, blank=True)  # the last time that it could be read
    listed_at = models.DateTimeField(null=True, blank=True)
    failures = models.PositiveSmallIntegerField(default=0)
    reason = models.TextField(blank=True, default="")
    next_at = models.DateTimeField(null=True, blank=True)
    token = models.UUIDField(null=True, blank=True)
    lease_until = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.CheckConstraint(
                condition=models.Q(token__isnull=True, lease_until__isnull=True)
                | models.Q(token__isnull=False, lease_until__isnull=False),
                name="source_lease_has_token",
            ),
        ]

    def __str__(self) -> str:
        return self.key


class SourceItem(models.Model):
    """One entry of a feed, file of a folder or page of a site.

    ``identity`` is the source's own name for it, ``stamp`` tells whether it has changed since we last looked,
    ``content`` is a digest of title and words, by which the same article is known elsewhere. ``entry`` is what a feed
    said of it, until it is taken: the feed may have forgotten it by then. ``missed_at`` is when it was first found to
    be missing, ``gone_at`` since when we believe it.
    """

    class State(models.TextChoices):
        PENDING = "pending"  # seen, and not taken yet
        TAKEN = "taken"
        DUPLICATE = "duplicate"  # of an article that came in elsewhere
        FAILED = "failed"  # ``reason`` says why; tried again at ``next_at``
        GONE = "gone"

    source = models.ForeignKey(Source, on_delete=models.CASCADE, related_name="items")
    identity = models.CharField(max_length=500)
    key = models.CharField(max_length=200)  # the article's, within its source
    url = models.CharField(max_length=2000, blank=True, default="")
    stamp = models.CharField(max_length=64, blank=True, default="")
    etag = models.CharField(max_length=300, blank=True, default="")
    last_modified = models.CharField(max_length=100, blank=True, default="")
    digest = models.CharField(max_length=64, blank=True, default="")  # of the bytes that were taken
    content = models.CharField(max_length=64, blank=True, default="")
    entry = models.JSONField(null=True, blank=True)
    article = models.ForeignKey(Article, null=True, blank=True, on_delete=models.SET_NULL, related_name="found_as")
    status = models.CharField(max_length=10, choices=State.choices, default=State.PENDING)
    reason = models.TextField(blank=True, default="")
    attempts = models.PositiveSmallIntegerField(default=0)  # since the last success
    next_at = models.DateTimeField(null=True, blank=True)
    dated_at = models.DateTimeField()  # what the source says of its age; what is newest is taken first
    seen_at = models.DateTimeField()  # the source has named it
    checked_at = models.DateTimeField()  # the page or file itself was looked at
    missed_at = models.DateTimeField(null=True, blank=True)
    gone_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["source", "identity"], name="source_item_identity"),
            models.CheckConstraint(
                condition=~models.Q(status__in=["failed", "duplicate", "gone"]) | ~models.Q(reason=""),
                name="source_item_says_why",
            ),
        ]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["source", "status", "-dated_at", "id"], name="source_item_todo"),
            models.Index(fields=["source", "checked_at", "id"], name="source_item_check"),
            models.Index(fields=["content"], condition=~models.Q(content=""), name="source_item_content"),
        ]

    def __str__(self) -> str:
        return self.identity
