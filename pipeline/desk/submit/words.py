"""What a trial has found, in words: what to look at, and what happens next."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from django.utils.html import escape
from django.utils.safestring import mark_safe
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from pipeline.desk import sentences
from pipeline.desk.templatetags.desk import language, listed, moment, number
from pipeline.desk.words import PLACES
from pipeline.flow.board import Row
from pipeline.flow.status import Place
from pipeline.flow.trial import Doubt, Target, Trial, Warned
from pipeline.ledger.models import Revision, Status
from pipeline.network import Network, Section


@dataclass(frozen=True, slots=True)
class Line:
    """One section in the table of who gets the article."""

    target: Target
    languages: str
    steps: Sequence[Any]


def lines(trial: Trial, net: Network) -> list[Line]:
    """All sections that publish anything new, in the order of the network file."""
    return [
        Line(
            target,
            listed([language(each.tag) for each in target.section.languages]),
            [] if target.refusal else steps(target, trial.base, net),
        )
        for target in trial.targets
    ]


def steps(target: Target, base: str, net: Network) -> list[Any]:
    """What happens to the article for a section, in order."""
    others = list(dict.fromkeys(each.base for each in target.section.languages if each.base != base))
    found: list[Any] = []
    if others:
        found.append(_("It is translated into %(languages)s.") % {"languages": listed([*map(language, others)])})
    if target.lacking:
        names = listed([*map(language, target.lacking)])
        found.append(
            _("No worker can translate into %(languages)s now: it waits until one can.") % {"languages": names}
        )
    found.append(_decision(target.section, net, translated=bool(others)))
    found.append(_time(target))
    return [each for each in found if each]


def _decision(section: Section, net: Network, *, translated: bool) -> str:
    names = {"section": section.name}
    if section.policy == "lead" and section.follows:
        names["leader"] = net.section(section.follows).name
        if section.second_eyes:
            return _("It goes out when %(leader)s and then a person of %(section)s have approved it.") % names
        return _("It goes out when %(leader)s has approved it.") % names
    if section.policy == "auto":
        if translated:
            return _("It goes out without being read, labelled as machine translation, unless a check stops it.")
        return _("It goes out by itself, unless a check stops it.")
    if section.second_eyes:
        return _("Two editors of %(section)s read and approve it.") % names
    return _("An editor of %(section)s reads and approves it.") % names


def _time(target: Target) -> Any:
    section = target.section
    if section.paused:
        return _("The section is paused: nothing goes out until it is taken up again.")
    if target.release_at is None:
        return _("Then it is published at once.")
    told = {"moment": moment(target.release_at, section.time_zone), "zone": section.time_zone}
    text = escape(_("Then it is published, not before %(moment)s (%(zone)s)."))
    return mark_safe(text % told)  # noqa: S308 - a time's element, and a zone of the tz database


def _no_alt(warned: Warned) -> str:
    text = ngettext(
        "%(n)s image has no alternative text: those who do not see it miss it.",
        "%(n)s images have no alternative text: those who do not see them miss them.",
        warned.count,
    )
    return text % {"n": number(warned.count)}


def _dead_links(warned: Warned) -> str:
    text = ngettext(
        "%(n)s link leads to a page of ours that is not there: %(links)s",
        "%(n)s links lead to pages of ours that are not there: %(links)s",
        warned.count,
    )
    return text % {"n": number(warned.count), "links": ", ".join(each[:100] for each in warned.words)}


def _language(warned: Warned) -> str:
    return _("The text seems to be written in %(language)s.") % {"language": language(warned.words[0])}


def _leader(warned: Warned) -> str:
    names = {"section": warned.words[0], "leader": warned.words[1]}
    return (
        _("%(section)s follows %(leader)s, which does not get it: an editor of %(section)s has to approve it.") % names
    )


_SAID: Final[Mapping[Doubt, Callable[[Warned], str]]] = {
    Doubt.NO_ALT: _no_alt,
    Doubt.NO_TEASER_ALT: lambda _warned: _("The teaser image has no alternative text."),
    Doubt.DEAD_LINKS: _dead_links,
    Doubt.OTHER_LANGUAGE: _language,
    Doubt.EMBARGO_OVER: lambda _warned: _("The embargo is over already: it holds nothing back."),
    Doubt.NOBODY: lambda _warned: _("No section takes it: it would be kept, and published nowhere."),
    Doubt.WITHDRAWN: lambda _warned: _("The article is withdrawn: nothing of it goes out until that is taken back."),
    Doubt.WITHOUT_LEADER: _leader,
    Doubt.SAME_TITLE: lambda _warned: _("An article with the same title is here already:"),
    Doubt.SAME_ADDRESS: lambda _warned: _("An article stands at this address already:"),
    Doubt.SAME_PART: lambda _warned: _("Another article is this part of the series already:"),
}


def said(warned: Warned) -> str:
    """A doubt as a sentence; where it is about an article, that one follows."""
    return _SAID[warned.doubt](warned)


def barrier(trial: Trial) -> str:
    """What the network's rules hold it back for; empty when they don't."""
    if trial.barrier is None:
        return ""
    if not trial.barrier.required:
        return _("By a rule of the network it goes out when all sections have approved it.")
    names = listed(list(trial.barrier.required))
    return _("By a rule of the network it goes out when these have approved it: %(names)s.") % {"names": names}


def outcome(trial: Trial) -> str:
    """What it would go in as."""
    match trial.outcome:
        case "new":
            return _("It is a new article.")
        case "updated":
            assert trial.newest is not None
            return _("It becomes revision %(number)s of an article that is here already:") % {
                "number": number(trial.newest.number + 1)
            }
        case _:
            return _("This is already here, without any difference: nothing would happen.")


def standing(revision: Revision, row: Row) -> str:
    """Where what somebody has handed in stands, in a few words."""
    if revision.state == Revision.State.REJECTED or revision.status == Status.FAILED:
        return sentences.translated(revision.reason) or revision.reason
    if revision.state == Revision.State.SUPERSEDED:
        return _("A newer revision has taken its place.")
    places = Counter(each.cell.place for each in row.standings if each and each.cell.place is not Place.NOT_TARGETED)
    if not places:
        return _("For none of the sections that you see.")
    return "; ".join(f"{PLACES[place]}: {number(count)}" for place, count in places.items())
