"""One article with all that is known of it, as far as it is the business of whoever looks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from django.db.models import Q, QuerySet

from pipeline.flow import board, release
from pipeline.flow.people import Rights
from pipeline.ledger.models import (
    Article,
    Barrier,
    Correction,
    Delivery,
    Edition,
    Event,
    Finding,
    Receipt,
    Revision,
    RevisionText,
    Translation,
    Version,
)
from pipeline.network import Network

EVENTS: Final = 100
"""How many events are shown at once: the last ones."""
RECEIPTS: Final = 200
"""How many receipts are read: the last ones of all deliveries of the article."""
VERSIONS: Final = 200
"""How many versions of all languages are listed: the last ones."""


@dataclass(frozen=True, slots=True)
class View:
    """Whose business an article is: ``sections`` and ``bases`` are those of which somebody sees everything.

    ``inside``: whether the source and its revisions are theirs to see, as a section's that has it, or as their own.
    """

    article: Article
    rights: Rights
    sections: frozenset[str]
    bases: frozenset[str]
    inside: bool


@dataclass(frozen=True, slots=True)
class Made:
    """One engine call on the way to a text, as the provenance names it."""

    engine: str
    model: str
    checksum: str


@dataclass(frozen=True, slots=True)
class Standing:
    """An edition that somebody sees all of: where it stands, what it shows, what comes before its reader."""

    edition: Edition
    cell: board.Standing | None
    deliveries: Sequence[Delivery] = ()
    receipts: Mapping[int, Sequence[Receipt]] = field(default_factory=dict)

    @property
    def made(self) -> list[Made]:
        """The engines and models that made what is approved, else what waits."""
        version = self.edition.approved or self.edition.candidate
        return engines(version.engines) if version else []

    @property
    def glossary(self) -> str:
        """Tells which terms held when that was translated."""
        version = self.edition.approved or self.edition.candidate
        return version.glossary if version else ""


@dataclass(frozen=True, slots=True)
class Whole:
    """All that a page about an article shows, in its order."""

    view: View
    row: board.Row
    revisions: Sequence[Revision] = ()
    translations: Sequence[Translation] = ()
    versions: Mapping[int, Sequence[Version]] = field(default_factory=dict)
    standings: Sequence[Standing] = ()
    findings: Sequence[Finding] = ()
    corrections: Sequence[Correction] = ()
    events: Sequence[Event] = ()
    more_events: bool = False
    barrier: Barrier | None = None


def find(uid: str, rights: Rights) -> View | None:
    """The article of this uid, if somebody may know of it."""
    article = board.visible(Article.objects.select_related("current"), rights).filter(uid=uid).first()
    if article is None:
        return None
    editions = Edition.objects.filter(article=article).values_list("section", "translation__base")
    known = [(section, base) for section, base in editions if rights.is_inside(section)]
    own = Revision.objects.filter(article=article, submitted_by=rights.name).exists() if rights.name else False
    return View(
        article,
        rights,
        frozenset(section for section, _ in known),
        frozenset(base for _, base in known) | ({article.base} if own else frozenset()),
        inside=rights.operator or own or bool(known),
    )


def whole(view: View, net: Network, *, all_events: bool = False) -> Whole:
    """What a page about an article shows somebody; a constant number of queries however much there is."""
    (row,) = board.rows([view.article], view.rights, net)
    if not view.inside:
        return Whole(view, row)
    standings = _standings(view, row)
    events = list(_events(view)[: None if all_events else EVENTS + 1])
    return Whole(
        view,
        row,
        revisions=list(Revision.objects.filter(article=view.article).order_by("-number")),
        translations=list(translations(view)),
        versions=_versions(view),
        standings=standings,
        findings=_findings(standings),
        corrections=list(_corrections(view)),
        events=events if all_events else events[:EVENTS],
        more_events=not all_events and len(events) > EVENTS,
        barrier=release.find_barrier(view.article),
    )


def translations(view: View) -> QuerySet[Translation]:
    """The translations of which somebody sees every version, by base."""
    rows = Translation.objects.filter(article=view.article).select_related("revision").order_by("base")
    return rows if view.rights.operator else rows.filter(base__in=view.bases)


def version(view: View, base: str, number: int) -> Version | None:
    """A version of the article in a base, if it is somebody's to see."""
    found = Version.objects.select_related("revision").filter(translation__in=translations(view))
    return found.filter(translation__base=base, number=number).first()


def revision(view: View, number: int) -> Revision | None:
    """A revision of the article with its text, if it is somebody's to see."""
    if not view.inside:
        return None
    return Revision.objects.select_related("text").filter(article=view.article, number=number).first()


def text_of(version: Version) -> RevisionText:
    """The source that a version renders."""
    return RevisionText.objects.get(revision=version.revision_id)


def engines(names: Sequence[str]) -> list[Made]:
    """What names of routes say (``Route.name``): each engine call once, in order.

    >>> engines(["firefox:enpt@0123", "argos:en_es@45+argos:es_pt@67"])[1].model
    'en_es'
    """
    calls = dict.fromkeys(call for name in names for call in name.split("+"))
    found = []
    for call in calls:
        engine, _, rest = call.partition(":")
        model, _, checksum = rest.rpartition("@")
        found.append(Made(engine, model or rest, checksum if model else ""))
    return found


def _standings(view: View, row: board.Row) -> list[Standing]:
    long = [f"{which}__segments" for which in ("approved", "candidate")]
    found = Edition.objects.filter(article=view.article).select_related(
        "translation", "approved__revision", "candidate__revision", "assigned_to", "moved_to"
    )
    if not view.rights.operator:
        found = found.filter(section__in=view.sections)
    editions = list(found.defer(*long, "overlay", "approved_overlay", "urgent_overlay").order_by("section", "language"))
    pages = list(Delivery.objects.filter(edition__in=editions).order_by("id"))
    receipts: dict[int, list[Receipt]] = {}
    for receipt in Receipt.objects.filter(delivery__in=pages).order_by("-id")[:RECEIPTS]:
        receipts.setdefault(receipt.delivery_id, []).append(receipt)
    cells = {standing.edition: standing for standing in row.standings if standing is not None}
    return [
        Standing(edition, cells.get(edition.pk), [page for page in pages if page.edition_id == edition.pk], receipts)
        for edition in editions
    ]


def _versions(view: View) -> dict[int, list[Version]]:
    found = Version.objects.filter(translation__in=translations(view)).select_related("revision", "restored")
    grouped: dict[int, list[Version]] = {}
    for each in found.defer("segments", "restored__segments").order_by("-id")[:VERSIONS]:
        grouped.setdefault(each.translation_id, []).append(each)
    return grouped


def _findings(standings: Sequence[Standing]) -> list[Finding]:
    """Of the versions that are published or wait, with what was put aside; what was mended is gone."""
    shown = {pk for each in standings for pk in (each.edition.approved_id, each.edition.candidate_id) if pk}
    found = Finding.objects.filter(version__in=shown).exclude(state=Finding.State.FIXED)
    related = found.select_related("version__translation").defer("version__segments")
    return list(related.order_by("version__translation__base", "-version__number", "id"))


def _corrections(view: View) -> QuerySet[Correction]:
    found = Correction.objects.filter(article=view.article).select_related("edition", "revision", "version")
    if not view.rights.operator:
        found = found.filter(Q(edition=None) | Q(edition__section__in=view.sections))
    return found.defer("version__segments").order_by("-at", "-id")


def _events(view: View) -> QuerySet[Event]:
    """What happened, the last first: to the article as a whole, and for the sections that somebody sees all of."""
    found = Event.objects.filter(article=view.article).order_by("-id")
    if view.rights.operator:
        return found
    common = Q(section="") & (Q(language="") | Q(language__in=view.bases))
    return found.filter(common | Q(section__in=view.sections))
