"""The translation memory: what engines made of sentences, and what people approved of whole segments."""

from __future__ import annotations

from typing import ClassVar

from django.db import models

from pipeline.ledger.models.articles import Article
from pipeline.ledger.models.translations import Version


class MemoryUnit(models.Model):
    """One sentence that an engine translated once. The first insert wins."""

    source = models.CharField(max_length=35)
    target = models.CharField(max_length=35)
    source_hash = models.CharField(max_length=32)
    route = models.CharField(max_length=32)  # hash of Route.name: engines, models and checksums
    source_text = models.TextField()
    target_text = models.TextField()
    created_at = models.DateTimeField()

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["source_hash", "target", "source", "route"], name="memory_key"),
        ]

    def __str__(self) -> str:
        return self.source_text[:60]


class ApprovedUnit(models.Model):
    """One segment that a person stands for. The newest in a context is used; older ones are kept.

    Texts are in the normal form of ``stages.translate.approved``. ``context_hash`` is of the segments around it, and
    ``home`` of what its article is recognised by; both are empty for units from other tools. ``fingerprint`` is the
    hash of all that makes a unit the same one, so that feeding it twice does nothing.
    """

    source = models.CharField(max_length=35)  # bases, BCP 47
    target = models.CharField(max_length=35)
    source_hash = models.CharField(max_length=32)
    context_hash = models.CharField(max_length=32, blank=True, default="")
    home = models.CharField(max_length=32, blank=True, default="")
    fingerprint = models.CharField(max_length=32, unique=True)
    kind = models.CharField(max_length=10)
    source_text = models.TextField()
    target_text = models.TextField()
    author = models.CharField(max_length=150, blank=True, default="")
    approver = models.CharField(max_length=150, blank=True, default="")
    article = models.ForeignKey(Article, null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    version = models.ForeignKey(Version, null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    created_at = models.DateTimeField()
    approved_at = models.DateTimeField()  # when it was approved last
    used_at = models.DateTimeField(null=True, blank=True)  # to the day

    class Meta:
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["source_hash", "target", "source", "-approved_at"], name="approved_lookup"),
            models.Index(fields=["target", "source"], name="approved_pair"),
        ]

    def __str__(self) -> str:
        return self.source_text[:60]


class ApprovedWord(models.Model):
    """One of the few words by which an approved segment is found by one like it; ``word`` is its hash."""

    word = models.BigIntegerField()
    # No index of its own, nor a constraint, which would look for one word after the other without it: units are deleted
    # hardly ever, and Django then deletes their words in one scan.
    unit = models.ForeignKey(
        ApprovedUnit, on_delete=models.CASCADE, related_name="words", db_index=False, db_constraint=False
    )

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["word", "unit"], name="approved_word"),
        ]

    def __str__(self) -> str:
        return f"word of unit {self.unit_id}"
