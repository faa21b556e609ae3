"""The translation memory."""

from __future__ import annotations

from typing import ClassVar

from django.db import models


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
