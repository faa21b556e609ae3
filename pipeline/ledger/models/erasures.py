"""What was erased for good: what is left of it is that it was, and that it does not come back."""

from __future__ import annotations

from typing import ClassVar

from django.db import models


class Erasure(models.Model):
    """An article or a person that is erased, or is being erased as long as ``finished_at`` is empty.

    ``subject`` is an article's uid, which stays reserved; of an ``address`` the uid that an article known by that
    address alone would have had; of a person the tombstone that stands in the place of the name. ``name`` is the
    person's name, only until nothing has it any more.
    """

    class Kind(models.TextChoices):
        ARTICLE = "article"
        ADDRESS = "address"
        PERSON = "person"

    kind = models.CharField(max_length=7, choices=Kind.choices)
    subject = models.CharField(max_length=32)
    name = models.CharField(max_length=150, blank=True, default="")
    without_outputs = models.BooleanField(default=False)
    by = models.CharField(max_length=150)
    started_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["kind", "subject"], name="erasure_once"),
        ]

    def __str__(self) -> str:
        return f"erasure of {self.kind} {self.subject}"
