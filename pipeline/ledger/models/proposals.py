"""Articles that somebody is about to hand in at the desk."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import models

from pipeline.documents import Original
from pipeline.ledger.models.articles import Revision, unpack_metadata


class Proposal(models.Model):
    """What somebody has given to the submit form and says of it, until it is handed in; nobody else sees it.

    ``revision`` is set by the one press of the button that handed it in. The text is not needed any more then.
    """

    class Way(models.TextChoices):
        PASTE = "paste"
        FILE = "file"
        ADDRESS = "address"

    uid = models.CharField(max_length=32, unique=True)  # hard to guess
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="proposals")
    way = models.CharField(max_length=7, choices=Way.choices)
    name = models.CharField(max_length=500)  # the file's name, or the address
    html = models.TextField()  # after intake, before cleaning
    format = models.CharField(max_length=10)
    metadata = models.JSONField()
    guessed = models.CharField(max_length=35, blank=True, default="")  # the language, where the text does not say it
    extracted = models.BooleanField(default=False)  # whether the article was taken out of a whole page
    described = models.BooleanField(default=False)  # whether its person has seen and kept what is said of it
    urgent = models.BooleanField(default=False)
    at = models.DateTimeField()
    revision = models.ForeignKey(Revision, null=True, blank=True, on_delete=models.CASCADE, related_name="+")
    outcome = models.CharField(max_length=9, blank=True, default="")  # flow.submit.Submitted.outcome

    class Meta:
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["user", "-at"], name="proposal_of_user"),
            models.Index(fields=["at"], name="proposal_age"),
        ]

    def __str__(self) -> str:
        return f"proposal {self.uid}"

    def as_original(self) -> Original:
        """The document that cleaning takes."""
        return Original(metadata=unpack_metadata(self.metadata), html=self.html, format=self.format)
