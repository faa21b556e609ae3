"""The glossary: terms, and what they are to be in each language."""

from __future__ import annotations

from typing import ClassVar

from django.db import models

LONGEST_TERM = 200
LONGEST_NOTE = 1000


class GlossaryTerm(models.Model):
    """A term of a source language (a base, BCP 47). ``folded`` is its text without capitals, for uniqueness.

    ``do_not_translate`` holds for every language that has no translation of its own; with ``exact_case`` the term is
    meant only when written just so, and may stand beside one that differs only in capitals.
    """

    language = models.CharField(max_length=35)
    source = models.CharField(max_length=LONGEST_TERM)
    folded = models.CharField(max_length=3 * LONGEST_TERM)
    do_not_translate = models.BooleanField(default=False)
    exact_case = models.BooleanField(default=False)
    note = models.CharField(max_length=LONGEST_NOTE, blank=True, default="")
    created_by = models.CharField(max_length=150)
    created_at = models.DateTimeField()
    changed_by = models.CharField(max_length=150)
    changed_at = models.DateTimeField()

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["language", "source"], name="glossary_term"),
            models.UniqueConstraint(
                fields=["language", "folded"], condition=models.Q(exact_case=False), name="glossary_term_folded"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.source} ({self.language})"


class GlossaryTranslation(models.Model):
    """What a term is to be in one language: a base (``pt``), or a section's own on top of it (``pt-BR``).

    ``target`` is empty where only ``forbidden`` translations are named.
    """

    term = models.ForeignKey(GlossaryTerm, on_delete=models.CASCADE, related_name="translations")
    language = models.CharField(max_length=35)
    target = models.CharField(max_length=LONGEST_TERM, blank=True, default="")
    forbidden = models.JSONField(default=list)
    note = models.CharField(max_length=LONGEST_NOTE, blank=True, default="")

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["term", "language"], name="glossary_translation"),
        ]
        indexes: ClassVar[list[models.Index]] = [models.Index(fields=["language"], name="glossary_language")]

    def __str__(self) -> str:
        return f"{self.term}: {self.target} ({self.language})"
