"""What happens to an article around and after its publication: barriers, corrections, addresses that lead on, links."""

from __future__ import annotations

from typing import ClassVar

from django.db import models

from pipeline.ledger.models.articles import Article, Revision
from pipeline.ledger.models.editions import Edition
from pipeline.ledger.models.translations import Version


class Redirect(models.Model):
    """A path of an edition's site that is or was a redirect to the edition's page.

    It is sent with every delivery of the edition. ``active`` is false when the page itself has come back to this path:
    the redirect is then taken away before the page is put there.
    """

    edition = models.ForeignKey(Edition, on_delete=models.CASCADE, related_name="redirects")
    section = models.CharField(max_length=40)  # the edition's, so that a constraint can see it
    language = models.CharField(max_length=35)
    path = models.CharField(max_length=300)
    active = models.BooleanField(default=True)
    at = models.DateTimeField()

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["section", "language", "path"], name="redirect_path"),
        ]

    def __str__(self) -> str:
        return f"{self.path} of {self.section}"


class Barrier(models.Model):
    """Nothing of an article, or of a series, goes out before all that is required is approved, or before ``until``.

    ``required`` names sections (``portugal``) or editions (``canada/fr-CA``); empty means every edition there is.
    ``parts`` is how many articles a series must have, 0 when those that are there are all. Pages that were published
    before it was set are not held.
    """

    article = models.ForeignKey(Article, null=True, blank=True, on_delete=models.CASCADE, related_name="barriers")
    series = models.CharField(max_length=300, blank=True, default="")
    required = models.JSONField(default=list, blank=True)
    parts = models.PositiveSmallIntegerField(default=0)
    until = models.DateTimeField(null=True, blank=True)
    set_by = models.CharField(max_length=150)
    set_at = models.DateTimeField()
    opened_at = models.DateTimeField(null=True, blank=True)
    opened_by = models.TextField(blank=True, default="")  # who or what opened it

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.CheckConstraint(
                condition=models.Q(article__isnull=False, series="")
                | (models.Q(article__isnull=True) & ~models.Q(series="")),
                name="barrier_of_article_or_series",
            ),
            models.UniqueConstraint(
                fields=["article"], condition=models.Q(opened_at=None, series=""), name="barrier_article"
            ),
            models.UniqueConstraint(
                fields=["series"], condition=models.Q(opened_at=None) & ~models.Q(series=""), name="barrier_series"
            ),
        ]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["until"], condition=models.Q(opened_at=None), name="barrier_until"),
        ]

    def __str__(self) -> str:
        return f"barrier of {self.article or self.series}"


class Correction(models.Model):
    """That a text corrects what was published before: pages say so, with date and note.

    It holds from ``revision`` on; one of an ``edition`` from ``version`` on, and in the place of the article's own of
    the same revision. ``language`` is that of the note.
    """

    article = models.ForeignKey(Article, on_delete=models.CASCADE, related_name="corrections")
    edition = models.ForeignKey(Edition, null=True, blank=True, on_delete=models.CASCADE, related_name="corrections")
    revision = models.ForeignKey(Revision, on_delete=models.PROTECT, related_name="+")
    version = models.ForeignKey(Version, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    note = models.TextField()
    language = models.CharField(max_length=35)
    by = models.CharField(max_length=150)
    at = models.DateTimeField()

    class Meta:
        indexes: ClassVar[list[models.Index]] = [models.Index(fields=["article", "at"], name="correction_of_article")]

    def __str__(self) -> str:
        return self.note


class Address(models.Model):
    """An address by which an article is or was known anywhere: its original's, its pages', a name of its file.

    ``digest`` is that of the address in its normal form, see ``flow/links``.
    """

    article = models.ForeignKey(Article, on_delete=models.CASCADE, related_name="addresses")
    digest = models.CharField(max_length=64)

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["digest", "article"], name="address_of_article"),
        ]

    def __str__(self) -> str:
        return f"address of {self.article_id}"


class Link(models.Model):
    """That a revision of an article links to an address, which may be that of another article: by its digest."""

    article = models.ForeignKey(Article, on_delete=models.CASCADE, related_name="links")
    digest = models.CharField(max_length=64)

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["article", "digest"], name="link_of_article"),
        ]
        indexes: ClassVar[list[models.Index]] = [models.Index(fields=["digest"], name="link_to")]

    def __str__(self) -> str:
        return f"link of {self.article_id}"
