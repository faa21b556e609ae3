"""Words of the ledger, of the flow and of Django as people read them: in the interface's language.

The ledger keeps keys and English sentences; what a page shows of its fixed words is looked up here, so that
script/messages finds them.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext_lazy, pgettext_lazy

from pipeline.flow.status import Place
from pipeline.ledger.models import Edition, Membership, Version

STATES: Final[Mapping[str, Any]] = {
    Edition.State.TARGETED: _("waits for its translation"),
    Edition.State.IN_REVIEW: _("waits for review"),
    Edition.State.HELD: _("held by a check"),
    Edition.State.FOLLOWING: _("waits for another section"),
    Edition.State.SECOND: _("waits for a second person"),
    Edition.State.RETURNED: _("returned"),
    Edition.State.APPROVED: _("approved"),
    Edition.State.LIVE: _("published"),
    Edition.State.DECLINED: _("not for us"),
    Edition.State.WITHDRAWN: _("withdrawn"),
}

ORIGINS: Final[Mapping[str, Any]] = {
    Version.By.MACHINE: _("machine translation"),
    Version.By.PERSON: _("edited by a person"),
    Version.By.SOURCE: _("written in this language"),
}

ROLES: Final[Mapping[str, Any]] = {
    Membership.Role.SUBMITTER: _("hands articles in"),
    Membership.Role.EDITOR: _("editor"),
    Membership.Role.CHIEF: _("chief editor"),
}

PLACES: Final[Mapping[str, Any]] = {
    Place.PUBLISHED: _("published"),
    Place.PUBLISHING: _("publishing"),
    Place.EMBARGO: _("embargo"),
    Place.REVIEW: _("waiting for review"),
    Place.FOLLOWING: _("waiting for another section"),
    Place.SECOND: _("waiting for a second person"),
    Place.NO_MODEL: _("waiting for a model"),
    Place.HELD: _("held by a check"),
    Place.RETURNED: _("returned"),
    Place.REJECTED: _("rejected"),
    Place.BARRIER: _("waiting for the release"),
    Place.PAUSED: _("paused"),
    Place.WITHDRAWN: _("withdrawn"),
    Place.NOT_TARGETED: _("not for this section"),
    Place.PREPARING: _("in preparation"),
    Place.TRANSLATING: _("translating"),
    Place.FAILED: _("failed"),
}

CHECKS: Final[Mapping[str, Any]] = {
    "empty": pgettext_lazy("a check", "empty"),
    "kept": pgettext_lazy("a check", "could not be translated"),
    "untranslated": pgettext_lazy("a check", "untranslated"),
    "language": pgettext_lazy("a check", "wrong language"),
    "length": pgettext_lazy("a check", "length"),
    "repetition": pgettext_lazy("a check", "the same again and again"),
    "repeated": pgettext_lazy("a check", "repeated words"),
    "codes": pgettext_lazy("a check", "links and marks"),
    "links": pgettext_lazy("a check", "addresses of links"),
    "placement": pgettext_lazy("a check", "places of links and marks"),
    "numbers": pgettext_lazy("a check", "numbers"),
    "dates": pgettext_lazy("a check", "dates"),
    "emails": pgettext_lazy("a check", "e-mail addresses"),
    "urls": pgettext_lazy("a check", "web addresses"),
    "glossary": pgettext_lazy("a check", "glossary"),
    "punctuation": pgettext_lazy("a check", "last mark"),
    "brackets": pgettext_lazy("a check", "brackets"),
    "quotes": pgettext_lazy("a check", "quotation marks"),
    "spacing": pgettext_lazy("a check", "spaces"),
    "capitals": pgettext_lazy("a check", "capital letters"),
}
"""What a finding is about, by the id of its check; one that another package brings has no word of ours."""

DJANGO: Final = (
    _("This field is required."),
    _("Enter a valid email address."),
    _("Select a valid choice. %(value)s is not one of the available choices."),
    _("Email"),
    _("Old password"),
    _("New password"),
    _("New password confirmation"),
    _("Enter the same password as before, for verification."),
    _("Your old password was entered incorrectly. Please enter it again."),
    _("The two password fields didn’t match."),
    _("The password is too similar to the %(verbose_name)s."),
    _("Your password can’t be too similar to your other personal information."),
    _("This password is too common."),
    _("Your password can’t be a commonly used password."),
    ngettext_lazy(
        "This password is too short. It must contain at least %d character.",
        "This password is too short. It must contain at least %d characters.",
    ),
    ngettext_lazy(
        "Your password must contain at least %(min_length)d character.",
        "Your password must contain at least %(min_length)d characters.",
        "min_length",
    ),
    _("username"),
    _("first name"),
    _("last name"),
    _("email address"),
)
"""What Django's forms for accounts say here: not every language that Django knows has all of it."""
