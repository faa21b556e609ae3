"""The last word of a page's address: chosen at the first approval, changed by a person, and never lost to readers."""

from __future__ import annotations

from collections.abc import Iterable

from django.db import IntegrityError, transaction

from pipeline.documents import Metadata
from pipeline.errors import Permanent, Transient
from pipeline.flow import clock, deliveries
from pipeline.ledger.models import Edition, Event, Redirect, Version
from pipeline.ledger.models.articles import hold, unpack_metadata
from pipeline.network import Network, Section
from pipeline.stages import overlay
from pipeline.stages.publish import site
from pipeline.stages.publish import slug as slugs


def choose(edition: Edition, section: Section, version: Version, metadata: Metadata, *, ask: bool) -> None:
    """Give an edition slug and path: the slug that somebody gave, else of its title. ``ask``: whether one is taken."""
    own = metadata.slug if edition.translation.base == edition.article.base else ""
    assert edition.published_at is not None
    published = edition.published_at.astimezone(section.zone)

    def taken(candidate: str) -> bool:
        return ask and is_taken(edition, site.article_path(edition.language, published, candidate))

    title = overlay.apply(edition.own_segments, {"title": metadata.title}, {"title": version.title}).targets["title"]
    wanted = edition.slug or own or title
    edition.slug = slugs.make(wanted, edition.language, taken, edition.article.uid, section.slugs)
    edition.path = site.article_path(edition.language, published, edition.slug)


def lead_elsewhere(editions: Iterable[Edition]) -> bool:
    """Whether one of the paths is one from which readers of another page are led on."""
    ours = {(edition.section, edition.language, edition.path): edition.pk for edition in editions}
    if not ours:
        return False
    led = Redirect.objects.filter(path__in={path for _, _, path in ours}).values_list(
        "section", "language", "path", "edition_id"
    )
    return any(ours.get((section, language, path), pk) != pk for section, language, path, pk in led)


def change(edition_id: int, wanted: str, *, by: str, net: Network) -> Edition:
    """Change the slug of an edition; its page moves, and its old address leads to the new one.

    ``wanted`` is put into the form that the section's slugs have. Before the first publication it is only noted. An
    edition can go back to a slug that it had.

    Raises:
        Permanent: nothing is left of it as a slug, or another page has it or had it; the message names a free one.
    """
    with transaction.atomic():
        hold(Edition.objects.values_list("article_id", flat=True).get(pk=edition_id))
        edition = Edition.objects.select_related("article", "translation", "approved").get(pk=edition_id)
        section = net.section(edition.section)
        new = _formed(edition, section, wanted)
        if new == edition.slug:
            return edition
        old, edition.slug = edition.slug, new
        if edition.path:
            _move(edition, section)
        else:
            edition.save(update_fields=["slug"])
        _tell(edition, by, f"the slug is “{new}”" + (f", and was “{old}”" if old else ""))
    return edition


def _formed(edition: Edition, section: Section, wanted: str) -> str:
    if not any(letter.isalnum() for letter in wanted):
        raise Permanent("A slug has letters or digits.", "Give some words, such as river-gauges.")
    new = slugs.make(wanted, edition.language, lambda _: False, edition.article.uid, section.slugs)
    if edition.path and is_taken(edition, _path(edition, new)):
        free = slugs.make(
            wanted,
            edition.language,
            lambda candidate: is_taken(edition, _path(edition, candidate)),
            edition.article.uid,
            section.slugs,
        )
        raise Permanent(f"Another page of {section.name} has or had the slug “{new}”.", f"This one is free: {free}")
    return new


def _path(edition: Edition, slug: str) -> str:
    """The path with another last part: the year, or wherever it stood before Sectionwire came, stays."""
    above = edition.path.rstrip("/").rpartition("/")[0]
    return f"{above}/{slug}/" if above else f"{slug}/"


def metadata_of(version: Version) -> Metadata:
    """What a version's source says of itself."""
    return unpack_metadata(version.revision.metadata)


def is_taken(edition: Edition, path: str) -> bool:
    """Whether another page of an edition's section and language stands, or stood, at a path."""
    same = {"section": edition.section, "language": edition.language, "path": path}
    return (
        Edition.objects.filter(**same).exclude(pk=edition.pk).exists()
        or Redirect.objects.filter(**same).exclude(edition_id=edition.pk).exists()
    )


def _move(edition: Edition, section: Section) -> None:
    old, edition.path = edition.path, _path(edition, edition.slug)
    try:
        with transaction.atomic():
            edition.save(update_fields=["slug", "path"])
    except IntegrityError as error:
        raise Transient(f"Another article took the slug “{edition.slug}” at the same moment.") from error
    edition.redirects.filter(path=edition.path).update(active=False)
    if not edition.deliveries.exists():
        return  # nobody was ever sent there by us
    edition.redirects.update_or_create(
        path=old,
        section=edition.section,
        language=edition.language,
        defaults={"active": True},
        create_defaults={"active": True, "at": clock.now()},
    )
    if edition.state == Edition.State.WITHDRAWN:
        deliveries.take_away([edition], leaving=deliveries.Action(section.withdrawn))
    elif edition.approved_id is not None:
        deliveries.want([(edition, section)])


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
