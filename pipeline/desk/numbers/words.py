"""How the numbers, their columns and their empty states are called."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy


@dataclass(frozen=True, slots=True)
class Heading:
    """The heading of a number, what it says, and what stands there as long as there is nothing to count."""

    title: Any
    about: Any
    empty: Any


HEADINGS: Final[Mapping[str, Heading]] = {
    "coverage": Heading(
        _("Coverage"),
        _("Of the articles that came in, for each section that takes them: the share that its readers have."),
        _("No article came in that is meant for a section."),
    ),
    "backlog": Heading(
        _("Backlog"),
        _("What waits for an editor now, by how long the text has waited. The period does not matter here."),
        _("Nothing waits for an editor."),
    ),
    "publishing": Heading(
        _("From submit to published"),
        _("From the moment an article or a new revision was handed in until its page was first confirmed."),
        _("Nothing was published for the first time."),
    ),
    "acceptance": Heading(
        _("Acceptance"),
        _("Translations by machine that people approved: as they were proposed, or after editing."),
        _("No machine translation was approved by a person."),
    ),
    "distance": Heading(
        _("Edit distance"),
        _("Of a hundred characters that an engine proposed, how many editors changed before they approved."),
        _("No approved translation has been compared with what was proposed."),
    ),
    "review": Heading(
        _("Time in review"),
        _("From the engine’s proposal to the approval by a person."),
        _("No machine translation was approved by a person."),
    ),
    "throughput": Heading(
        _("Throughput"),
        _("Revisions that came in, translations by engines, pages published for the first time. Days are in UTC."),
        _("Nothing was done."),
    ),
}

COLUMNS: Final[Mapping[str, Any]] = {
    "from": pgettext_lazy("numbers", "From"),
    "section": _("Section"),
    "language": _("Language"),
    "engine": _("Engine"),
    "source": pgettext_lazy("numbers", "From language"),
    "target": pgettext_lazy("numbers", "Into language"),
    "articles": _("Articles"),
    "live": _("Published"),
    "share": _("Share"),
    "waiting": _("Waiting"),
    "up_to_day": _("Less than a day"),
    "up_to_three_days": _("1 to 3 days"),
    "up_to_week": _("3 to 7 days"),
    "up_to_month": _("7 to 30 days"),
    "older": _("More than 30 days"),
    "published": _("Published"),
    "median": _("Median"),
    "p90": _("9 of 10 within"),
    "within_1_hour": _("Less than 1 hour"),
    "within_4_hours": _("1 to 4 hours"),
    "within_12_hours": _("4 to 12 hours"),
    "within_1_day": _("12 to 24 hours"),
    "within_3_days": _("1 to 3 days"),
    "within_1_week": _("3 to 7 days"),
    "later": _("More than 7 days"),
    "approved": _("Approved"),
    "as_proposed": _("As proposed"),
    "edited": _("Edited"),
    "characters": _("Characters"),
    "changed": _("Changed"),
    "submitted": _("Submitted"),
    "translated": _("Translated"),
}

ALL_SECTIONS: Final = _("All sections")
ALL_ENGINES: Final = _("All engines")

PERIODS: Final[Mapping[str, Any]] = {
    "7": _("the last 7 days"),
    "90": _("the last 90 days"),
    "365": _("the last 12 months"),
}
MONTH: Final = _("the last 30 days")
