"""Who may do what: the sections in which a person works, and what they prefer."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import models


class Membership(models.Model):
    """A person's role in one section. Operators are Django's staff: their rights hang on no section."""

    class Role(models.TextChoices):
        SUBMITTER = "submitter"  # puts articles in the queue, sees where they are
        EDITOR = "editor"  # corrects and decides
        CHIEF = "chief"  # an editor who may also overrule, assign to others and approve ahead of review

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="memberships")
    section = models.CharField(max_length=40)
    role = models.CharField(max_length=9, choices=Role.choices, default=Role.EDITOR)

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["user", "section"], name="membership_key"),
        ]

    def __str__(self) -> str:
        return f"{self.user} is {self.role} in {self.section}"


class Preference(models.Model):
    """What a person has chosen for themselves: the language of the desk (BCP 47), whether a digest is sent."""

    user = models.OneToOneField(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="preference")
    language = models.CharField(max_length=35, blank=True, default="")  # empty: as the browser asks
    digest = models.BooleanField(default=True)

    def __str__(self) -> str:
        return f"preferences of {self.user}"


class DigestSent(models.Model):
    """That a person is sent their digest of a day: whoever writes the row sends it, so that nobody gets it twice."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="digests")
    day = models.DateField()  # in the time zone of the first of the person's sections
    at = models.DateTimeField()
    fault = models.TextField(blank=True, default="")  # why it did not arrive, and is not sent again that day

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["user", "day"], name="digest_of_day"),
        ]

    def __str__(self) -> str:
        return f"digest of {self.day} for {self.user}"
