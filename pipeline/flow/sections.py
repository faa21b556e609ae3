"""Sections change: what the ledger holds otherwise than network.toml says by now, and making it so.

``check`` only looks. ``apply`` does what it found, article by article: each step is one transaction, and a run that was
killed is simply run again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Literal

from django.db import transaction
from django.db.models import Count, Q, QuerySet

from pipeline.flow import clock, deliveries, installation, listing, placing, slugs, withdraw
from pipeline.ledger.models import Delivery, Edition, Event, Note
from pipeline.ledger.models.articles import hold
from pipeline.network import Network, Section

State = Edition.State
Action = Delivery.Action
Kind = Literal["rewrite", "move", "split", "retire", "orphan"]

_CHUNK: Final = 500


@dataclass(frozen=True, slots=True)
class Change:
    """What is otherwise in one section: ``editions`` are those concerned, ``sentence`` says what would happen.

    An ``orphan`` is nothing that can be applied: the sentence says what a person must decide.
    """

    section: str
    kind: Kind
    sentence: str
    editions: tuple[int, ...] = field(repr=False)


def check(net: Network, section: str = "") -> list[Change]:
    """Everything that stands otherwise than network.toml says, of one section or of all, in the order of the file."""
    known = {each.key: each for each in net.sections}
    found: list[Change] = []
    for each in net.sections:
        if section in ("", each.key):
            for look in (_split, _retired, _moved, _renamed, _orphans):
                found += look(each, net)
    if not section:
        found += _unknown(known)
    return found


def _split(section: Section, net: Network) -> Iterator[Change]:
    """Editions of another section in languages that are this one's now."""
    if section.split_from is None:
        return
    there = {lang.tag for lang in net.section(section.split_from).languages}
    tags = [lang.tag for lang in section.languages if lang.tag not in there]
    ids = _ids(Edition.objects.filter(section=section.split_from, language__in=tags, moved_to=None))
    if ids:
        yield Change(
            section.key,
            "split",
            f"{_count(ids)} of {section.split_from} in {', '.join(tags)} become those of {section.key}, with what was "
            "approved; their old addresses lead to the new ones.",
            ids,
        )


def _retired(section: Section, net: Network) -> Iterator[Change]:  # noqa: ARG001 - as its neighbours
    if section.retired != "withdraw":
        return
    standing = Edition.objects.filter(section=section.key, approved__isnull=False, moved_to=None)
    if ids := _ids(standing.exclude(state__in=[State.WITHDRAWN, State.DECLINED])):
        yield Change(section.key, "retire", f"{_count(ids)} of {section.key} are withdrawn: it is retired.", ids)


def _moved(section: Section, net: Network) -> Iterator[Change]:
    """Pages at outputs that the section no longer names, and outputs that lack pages."""
    if section.retired:
        return
    here = _published(section)
    for name in section.outputs:
        if ids := _ids(here.exclude(deliveries__output=name)):
            yield Change(section.key, "move", f"{_count(ids)} of {section.key} are published at {name} as well.", ids)
    pages = Delivery.objects.filter(edition__in=here, action=Action.PUT).exclude(output__in=section.outputs)
    for name in sorted(set(pages.order_by().values_list("output", flat=True))):
        ids = tuple(pages.filter(output=name).order_by("edition_id").values_list("edition_id", flat=True))
        if name in net.outputs:
            sentence = f"{_count(ids)} of {section.key} have left {name}: their addresses there lead to the new ones."
            yield Change(section.key, "move", sentence, ids)
        else:
            sentence = (
                f"{_count(ids)} of {section.key} stand at {name}, which is no output any more: "
                f"keep [outputs.{name}], so that their addresses can lead to the new ones."
            )
            yield Change(section.key, "orphan", sentence, ids)


def _renamed(section: Section, net: Network) -> Iterator[Change]:
    """Pages that say the section's former name, or that stand at another address than network.toml gives."""
    if section.retired:
        return
    ids: list[int] = []
    led: dict[str, str] = {}
    outputs = {name: installation.output_of(name, section, net) for name in section.outputs}
    pages = Delivery.objects.filter(
        edition__in=_published(section), output__in=section.outputs, action=Action.PUT, confirmed_seq__gt=0
    ).select_related("edition__approved")
    slim = pages.defer("edition__approved__segments", "edition__approved__engines").order_by("edition_id")
    for page in slim.iterator(chunk_size=_CHUNK):
        address = placing.address_of(page, outputs[page.output], ())
        moved = page.confirmed_seq == page.wanted_seq and page.url != address
        if moved:
            led.setdefault(page.url, address)
        if moved or page.wanted_digest != deliveries.wanted_digest(page.edition, section):
            ids.append(page.edition_id)
    if ids:
        sentence = f"{_count(ids)} of {section.key} are written again with its name and address."
        if led:
            old, new = next(iter(led.items()))
            sentence += f" The web server of the old address must lead {old} to {new}, and so with all of them."
        yield Change(section.key, "rewrite", sentence, tuple(dict.fromkeys(ids)))


def _orphans(section: Section, net: Network) -> Iterator[Change]:
    """Published editions in languages that the section no longer has, and that no section has taken over."""
    tags = [lang.tag for lang in section.languages]
    taken = {lang.tag for other in net.sections if other.split_from == section.key for lang in other.languages}
    gone = _published(section).exclude(language__in=[*tags, *taken])
    for language in sorted(set(gone.order_by().values_list("language", flat=True))):
        ids = _ids(gone.filter(language=language))
        sentence = (
            f"{_count(ids)} of {section.key} stand in {language}, which it no longer has: put the language back, name "
            f'the section that took it over with split_from = "{section.key}", or withdraw them.'
        )
        yield Change(section.key, "orphan", sentence, ids)


def _unknown(known: Iterable[str]) -> Iterator[Change]:
    strangers = Edition.objects.exclude(section__in=known).exclude(state=State.WITHDRAWN)
    for row in strangers.values("section").annotate(number=Count("id")).order_by("section"):
        ids = _ids(strangers.filter(section=row["section"]))
        sentence = (
            f"{_count(ids)} belong to {row['section']}, which network.toml does not have: a section's key never "
            'changes; put it back, with retired = "keep" or "withdraw" if it is given up.'
        )
        yield Change(row["section"], "orphan", sentence, ids)


def apply(net: Network, *, by: str, section: str = "", progress: Callable[[], Any] = lambda: None) -> list[Change]:
    """Make the ledger as network.toml says, of one section or of all. Returns what was done, and what can't be.

    ``progress`` is called after each edition. Splits come before everything else, so that what moved is not withdrawn.
    """
    steps: dict[Kind, Callable[[int, Section, Network, str], None]] = {
        "split": _take_over,
        "retire": _retire,
        "move": _move,
        "rewrite": _rewrite,
    }
    found = check(net, section)
    for key in {change.section for change in found if change.kind in steps}:
        # Front pages, lists and feeds say the section's name and addresses, too. First: whoever runs it again after a
        # kill finds no change any more in the sections that were done.
        for output in net.section(key).outputs:
            listing.again(output, key)
    for kind, step in steps.items():
        for change in found:
            if change.kind == kind:
                for pk in change.editions:
                    with transaction.atomic():
                        hold(Edition.objects.values_list("article_id", flat=True).get(pk=pk))
                        step(pk, net.section(change.section), net, by)
                    progress()
    return found


def _take_over(pk: int, section: Section, net: Network, by: str) -> None:  # noqa: ARG001 - as its neighbours
    """Let an edition of another section become this one's, as it stands."""
    old = _edition(pk)
    if old.moved_to_id is not None:
        return  # another run has done it
    same = Edition.objects.filter(article_id=old.article_id, section=section.key, language=old.language)
    new = same.select_related("article", "translation").first()
    if new is None or (new.approved_id is None and new.state != State.WITHDRAWN):
        new = _copy(old, section, new)
    old.moved_to, old.candidate, old.assigned_to = new, None, None
    old.save(update_fields=["moved_to", "candidate", "assigned_to"])
    Note.objects.filter(edition=old).update(edition=new)
    if new.state not in (State.WITHDRAWN, State.DECLINED) and new.approved_id and old.deliveries.exists():
        deliveries.want([(new, section)])
        deliveries.lead_on(old.deliveries.filter(action=Action.PUT))
    _tell(new, by, f"taken over from {old.section}")


_SAME: Final = (
    *("translation", "state", "reason", "candidate", "approved", "decided_by", "decided_at", "published_at"),
    *("updated_at", "release_at", "withdrawn_at", "existing_url", "overlay", "approved_overlay", "own_title"),
    *("first_approved_by", "first_approved_at", "first_approved_digest", "first_release_at", "assigned_to"),
    *("urgent_from", "urgent_overlay"),
)
"""What an edition takes with it to another section."""


def _copy(old: Edition, section: Section, new: Edition | None) -> Edition:
    new = new or Edition(article=old.article, section=section.key, language=old.language)
    waits = (new.candidate, new.state, new.reason) if old.candidate_id is None and new.candidate_id else None
    for name in _SAME:
        setattr(new, name, getattr(old, name))
    if new.state == State.LIVE and old.deliveries.exists():
        new.state = State.APPROVED
    if waits and new.state != State.WITHDRAWN:
        new.candidate, new.state, new.reason = waits  # a revision that came after the file was changed
    new.slug, new.path = (old.slug, old.path) if not slugs.is_taken(new, old.path) else ("", "")
    if old.path and not new.path and old.approved is not None:
        slugs.choose(new, section, old.approved, slugs.metadata_of(old.approved), ask=True)
    new.save()
    for correction in old.corrections.order_by("id"):
        correction.pk, correction.edition = None, new
        correction._state.adding = True  # noqa: SLF001 - Django's documented way to copy a row
        correction.save()
    return new


def _retire(pk: int, section: Section, net: Network, by: str) -> None:
    if edition := _here(pk):
        where = {"section": edition.section, "language": edition.language}
        withdraw.withdraw(edition.article, by=by, reason=f"{section.name} is retired", net=net, **where)


def _move(pk: int, section: Section, net: Network, by: str) -> None:  # noqa: ARG001 - as its neighbours
    edition = _here(pk)
    if edition is None:
        return
    known = set(edition.deliveries.values_list("output", flat=True))
    if not set(section.outputs) <= known:
        deliveries.want([(edition, section)])
    deliveries.lead_on(edition.deliveries.filter(action=Action.PUT).exclude(output__in=section.outputs))


def _rewrite(pk: int, section: Section, net: Network, by: str) -> None:  # noqa: ARG001 - as its neighbours
    if edition := _here(pk):
        deliveries.want([(edition, section)])


def _edition(pk: int) -> Edition:
    return Edition.objects.select_related("article", "translation", "approved__revision").get(pk=pk)


def _here(pk: int) -> Edition | None:
    """An edition that is still published by this section: a split, or somebody else, may have been quicker."""
    edition = _edition(pk)
    gone = edition.moved_to_id is not None or edition.approved_id is None or edition.state == State.WITHDRAWN
    return None if gone else edition


def _published(section: Section) -> QuerySet[Edition]:
    """The editions that a section has at outputs: not those that stand only where they stood before Sectionwire."""
    gone = Q(state__in=[State.WITHDRAWN, State.DECLINED])
    mine = Edition.objects.filter(section=section.key, approved__isnull=False, moved_to=None).exclude(gone)
    return mine.filter(pk__in=Delivery.objects.values("edition"))


def _ids(editions: QuerySet[Edition]) -> tuple[int, ...]:
    return tuple(editions.order_by("id").values_list("pk", flat=True))


def _count(ids: Sequence[int]) -> str:
    return f"{len(ids):,} edition{'s' if len(ids) != 1 else ''}"


def _tell(edition: Edition, by: str, message: str) -> None:
    Event.objects.create(
        article_id=edition.article_id,
        at=clock.now(),
        stage="publish",
        section=edition.section,
        language=edition.language,
        actor=by,
        message=message,
    )
