"""Schedules: what is done by itself, when, for whom, and who is told how it went."""

from __future__ import annotations

from datetime import UTC, datetime, tzinfo
from typing import Annotated, Literal, Self
from zoneinfo import ZoneInfo

from cronsim import CronSim, CronSimError
from pydantic import AfterValidator, Field, model_validator

from pipeline.network.outputs import Variable, WebAddress
from pipeline.network.values import Key, Language, Table, TimeZone, fault_of

Action = Literal["fetch", "translate", "retry", "release", "rebuild", "align", "digest", "verify", "repair", "tidy"]
"""What a run can do; docs/schedules.md says what each is."""


def _cron(text: str) -> str:
    remedy = 'Write minute, hour, day, month and weekday, such as "30 2 * * MON-FRI".'
    if len(text.split()) != 5:
        raise fault_of(f"“{text}” is no time table of cron: it needs five fields.", remedy)
    try:
        next(CronSim(text, datetime(2026, 1, 1, tzinfo=UTC)))
    except CronSimError as error:
        raise fault_of(f"“{text}” is no time table of cron: {str(error).lower()}.", remedy) from None
    except StopIteration:
        raise fault_of(f"“{text}” never comes.", remedy) from None
    return " ".join(text.split())


def _email(address: str) -> str:
    name, sign, host = address.rpartition("@")
    if not (name and sign and host) or len(address) > 254 or any(c.isspace() or c in "<>,;\"'" for c in address):
        raise fault_of(f"“{address}” is no e-mail address.", "Write it bare, such as desk@example.org.")
    return address


Cron = Annotated[str, AfterValidator(_cron)]
EmailAddress = Annotated[str, AfterValidator(_email)]


class Selection(Table):
    """What a run is about; an empty list means all.

    ``older_than_days`` is for ``tidy`` alone: how old a draft, and the record of a run, must be to go.
    """

    sections: tuple[Key, ...] = ()
    languages: tuple[Language, ...] = ()
    sources: tuple[Key, ...] = ()
    older_than_days: int = Field(default=90, ge=7, le=3650)


class ReportWebhook(Table):
    """A receiver of reports, signed as Standard Webhooks asks. ``secret`` names the variable that holds the secret."""

    url: WebAddress = Field(min_length=1)
    secret: Variable
    timeout_seconds: float = Field(default=30, gt=0, le=600)
    allow_private: bool = False


class Report(Table):
    """Who is told how a run went; ``only`` tells them of trouble alone. ``language`` is that of the e-mail."""

    email: tuple[EmailAddress, ...] = ()
    webhook: ReportWebhook | None = None
    only: Literal["always", "trouble"] = "always"
    language: Language = "en"


class Schedule(Table):
    """Actions that are done in order whenever ``cron`` says so on the clocks of ``time_zone``.

    ``catch_up`` says what becomes of the times at which nobody was there: ``once`` makes up for all of them with one
    run, ``all`` with a run for each, ``none`` leaves them out. ``patience_hours`` is how long a run waits for work that
    it has set off (translations, pages) before it goes on and says so.
    """

    key: Key
    name: str = ""
    cron: Cron
    time_zone: TimeZone
    actions: tuple[Action, ...] = Field(min_length=1)
    selection: Selection = Selection()
    catch_up: Literal["once", "all", "none"] = "once"
    patience_hours: float = Field(default=6, gt=0, le=72)
    report: Report = Report()

    @model_validator(mode="after")
    def _actions_are_different(self) -> Self:
        twice = next((name for name in self.actions if self.actions.count(name) > 1), None)
        if twice is not None:
            raise fault_of(f"schedule {self.key} does {twice} twice.", "Name each action once.", "actions")
        return self

    @property
    def zone(self) -> tzinfo:
        """The time zone whose clocks the schedule goes by."""
        return ZoneInfo(self.time_zone)

    @property
    def title(self) -> str:
        """What people call it."""
        return self.name or self.key


def check(schedules: tuple[Schedule, ...], sections: set[str], languages: set[str], sources: set[str]) -> None:
    """That every schedule has a key of its own, and selects what the network has.

    Raises:
        PydanticCustomError: one does not.
    """
    keys = [schedule.key for schedule in schedules]
    for index, schedule in enumerate(schedules):
        if schedule.key in keys[:index]:
            raise fault_of(
                f"two schedules have the key {schedule.key}.", "Rename one of them.", "schedules", index, "key"
            )
        for what, known in (("sections", sections), ("languages", languages), ("sources", sources)):
            unknown = [name for name in getattr(schedule.selection, what) if name not in known]
            if unknown:
                raise fault_of(
                    f"schedule {schedule.key} selects “{unknown[0]}”, which is none of the {what}.",
                    f"Use some of: {', '.join(sorted(known)) or 'none is defined'}; or leave it out: then it is all.",
                    *("schedules", index, "selection", what),
                )
