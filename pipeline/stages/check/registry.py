"""Which checks there are: ours, those of other packages, and how severe each of them is here."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cache
from importlib.metadata import entry_points
from typing import Final

from pipeline.documents import CheckFinding, Severity
from pipeline.stages.check.addresses import Emails, Urls
from pipeline.stages.check.content import Empty, Kept, Untranslated
from pipeline.stages.check.contract import Check, Translation
from pipeline.stages.check.dates import Dates
from pipeline.stages.check.glossary import Glossary
from pipeline.stages.check.language import WrongLanguage
from pipeline.stages.check.length import Length
from pipeline.stages.check.markup import Codes, Links, Placement
from pipeline.stages.check.numbers import Numbers
from pipeline.stages.check.punctuation import Ending, Spacing
from pipeline.stages.check.quotes import Quotes
from pipeline.stages.check.repeats import Repeated, Repetition
from pipeline.stages.check.toolkit import Brackets, Capitals

GROUP: Final = "sectionwire.checks"
"""The group of entry points by which a check of another package is found."""

OFF: Final = "off"

log = logging.getLogger(__name__)


def ours(languages: Iterable[str] = ()) -> tuple[Check, ...]:
    """The checks that come with Sectionwire; ``languages`` are those that the network has to do with (BCP 47)."""
    return (
        *(Empty(), Kept(), Untranslated(), WrongLanguage(languages), Length(), Repetition(), Repeated()),
        *(Codes(), Links(), Placement(), Numbers(), Dates(), Emails(), Urls()),
        *(Glossary(), Ending(), Brackets(), Quotes(), Spacing(), Capitals()),
    )


@cache
def others() -> tuple[Check, ...]:
    """The checks of other packages. One that can't be loaded stands there as one that fails: nobody overlooks it.

    One that takes the id of another check is left out.
    """
    found: dict[str, Check] = {}
    taken = {check.id for check in ours()}
    for point in sorted(entry_points(group=GROUP), key=lambda point: point.name):
        try:
            check: Check = point.load()()
            if check.id != point.name:
                raise TypeError(f"{point.value} calls itself {check.id!r}, not {point.name!r}")
            Severity(check.severity)  # it must have one, by which its own crash is judged
        except Exception as error:  # a third party's module may raise anything as it is imported
            log.warning("The check %s can't be loaded from %s", point.name, point.value, exc_info=True)
            check = Missing(point.name, f"{type(error).__name__}: {error}")
        if point.name in taken:
            log.warning("%s brings a check called %s, which there is already", point.value, point.name)
        else:
            found[point.name] = check
    return tuple(found.values())


def ids() -> tuple[str, ...]:
    """The ids of all checks that there are, by which network.toml names them."""
    return tuple(check.id for check in (*ours(), *others()))


def configured(severities: Mapping[str, str], languages: Iterable[str] = ()) -> tuple[Check, ...]:
    """All checks but those that are ``off``, each as severe as ``severities`` says (by id), or as it says itself."""
    return tuple(
        AsSevere(check, Severity(severities[check.id])) if check.id in severities else check
        for check in (*ours(languages), *others())
        if severities.get(check.id) != OFF
    )


@dataclass(frozen=True, slots=True)
class AsSevere:
    """A check whose findings are all of one severity."""

    check: Check
    severity: Severity

    @property
    def id(self) -> str:
        return self.check.id

    @property
    def name(self) -> str:
        return self.check.name

    def run(self, translation: Translation) -> Iterator[CheckFinding]:
        for finding in self.check.run(translation):
            yield replace(finding, severity=self.severity)


@dataclass(frozen=True, slots=True)
class Missing:
    """A check that is registered and can't be loaded."""

    id: str
    reason: str
    severity: Severity = Severity.WARN

    @property
    def name(self) -> str:
        return self.id

    def run(self, translation: Translation) -> Iterator[CheckFinding]:  # noqa: ARG002 - none is looked at
        message = f"The check “{self.id}” can't be loaded ({self.reason}): its rule was not looked at."
        yield CheckFinding(self.id, self.severity, "", message)
