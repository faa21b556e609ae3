"""What workers say of themselves."""

from __future__ import annotations

from django.db import models


class WorkerBeat(models.Model):
    """A live worker: the lanes it serves and the hops its engines can make. Stale after a minute."""

    name = models.CharField(max_length=200, unique=True)
    lanes = models.JSONField(default=list)
    hops = models.JSONField(default=list)
    version = models.CharField(max_length=40, blank=True, default="", db_default="")  # of the program that it runs
    started_at = models.DateTimeField()
    seen_at = models.DateTimeField()

    def __str__(self) -> str:
        return self.name
