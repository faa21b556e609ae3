"""Articles that were translated before Sectionwire came: with their translations, as published history and as memory.

Nothing is sent anywhere, and no engine is asked. An edition of such a translation is live at the address that it has
already; only a new version that is approved goes to the section's outputs.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final, Literal

from django.db import IntegrityError, transaction

from pipeline.documents import CleanDocument, Metadata, Origin, SegmentedDocument, Submission, TranslatedSegment
from pipeline.documents import Original as Taken
from pipeline.errors import Permanent
from pipeline.flow import clock, lanes, links, memory, submit, versions
from pipeline.flow.reserved import refuse_erased
from pipeline.ledger import approved as rows
from pipeline.ledger.models import Article, Edition, Event, Revision, RevisionText, Status, Translation, Version
from pipeline.ledger.models.articles import pack_metadata
from pipeline.ledger.models.translations import pack_segments
from pipeline.network import Network, Section, language_tag
from pipeline.stages import clean, intake, segment
from pipeline.stages.publish import site
from pipeline.stages.translate import as_source, blocks

CONFIDENT: Final = 0.8
"""From which confidence of its alignment on a translation is remembered."""

LONGEST_PATH: Final = 300
LONGEST_SLUG: Final = 120


@dataclass(frozen=True, slots=True)
class Text:
    """One file: an article in one language. ``section`` and ``url`` say who has published it where, if known."""

    name: str
    data: bytes
    language: str
    section: str = ""
    url: str = ""
    published_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Existing:
    """An article and its translations; ``key`` is the submitter's own stable name of it."""

    key: str
    original: Text
    translations: tuple[Text, ...]


@dataclass(frozen=True, slots=True)
class Aligned:
    """What came of one translation: how many of the original's segments are remembered, and why not more."""

    name: str
    language: str
    base: str
    sections: tuple[str, ...]
    how: str
    confidence: float
    segments: int
    remembered: int
    note: str = ""


@dataclass(frozen=True, slots=True)
class Brought:
    """What came of one article. ``more``: translations were added to an article that was there."""

    key: str
    title: str
    outcome: Literal["new", "more", "known"]
    translations: tuple[Aligned, ...]


@dataclass(frozen=True, slots=True)
class _Read:
    """A file after intake, clean and segment."""

    text: Text
    taken: Taken
    cleaned: CleanDocument
    document: SegmentedDocument
    base: str
    sections: tuple[Section, ...]


@dataclass(frozen=True, slots=True)
class _Pair:
    """A translation beside its original."""

    read: _Read
    alignment: blocks.Alignment
    targets: dict[str, str]
    note: str

    @property
    def sure(self) -> dict[str, str]:
        """The targets that are remembered: of segments that were aligned for sure, of an article that is as a whole."""
        if self.note:
            return {}
        keys = self.alignment.sure
        texts = {each.key: each.source for each in self.read.document.segments}
        return {key: texts[other] for key, other in keys.items()}


def bring(existing: Existing, net: Network, *, by: str, origin: str = "submit", dry_run: bool = False) -> Brought:
    """Take an article with its translations into the ledger; the same again does nothing, new translations are added.

    ``dry_run`` only says what would come of it.

    Raises:
        Permanent: a file can't be read, the article is in the ledger with another text, or it was erased.
    """
    original = _read(existing.original, existing.key, net)
    pairs = [_paired(original, _read(text, "", net), net) for text in existing.translations]
    try:
        with transaction.atomic():
            outcome, fresh = _record(original, pairs, origin, by, net, dry_run=dry_run)
    except IntegrityError as error:
        raise Permanent(
            f"{existing.original.name}: an address or an article of this name is taken already.",
            "Look at its url and key; import it again.",
        ) from error
    told = tuple(_told(original, pair) for pair in (pairs if outcome == "new" else fresh))
    return Brought(existing.key, original.document.metadata.title, outcome, told)


def _read(text: Text, key: str, net: Network) -> _Read:
    try:
        tag = language_tag(text.language)
    except ValueError:
        raise Permanent(
            f"{text.name}: “{text.language}” is no language.", "Give a BCP 47 tag, such as pt-PT."
        ) from None
    tag = net.check_source(tag)
    said = Metadata(language=tag, key=key, canonical_url=text.url, published_at=text.published_at)
    taken = intake.read(Submission(text.name, text.data, said), submit.intake_options(net))
    taken = replace(taken, metadata=replace(taken.metadata, language=tag))
    cleaned = clean.clean(taken, clean.Options(embed_hosts=net.embeds.hosts))
    return _Read(text, taken, cleaned, segment.segment(cleaned), net.base_for(tag), _sections(text, tag, net))


def _sections(text: Text, tag: str, net: Network) -> tuple[Section, ...]:
    """Who has published it: the section that was named, else the only one that publishes in this very language."""
    if text.section:
        section = net.section(text.section)
        if tag not in {language.tag for language in section.languages}:
            raise Permanent(
                f"{text.name} is in {tag}, in which {section.name} does not publish.",
                f"Its languages: {', '.join(language.tag for language in section.languages)}.",
            )
        return (section,)
    fitting = tuple(section for section in net.sections if tag in {language.tag for language in section.languages})
    return fitting if len(fitting) == 1 else ()


def _paired(original: _Read, translation: _Read, net: Network) -> _Pair:
    name = translation.text.name
    if translation.base == original.base:
        raise Permanent(
            f"{name} is in the language of its original ({original.base}).", "Name the language it was translated into."
        )
    if translation.base not in net.bases:
        raise Permanent(f"Nobody publishes on the base of {name} ({translation.base}).", "Add it to network.toml.")
    alignment = blocks.align(original.document, translation.document)
    note = ""
    if alignment.confidence < CONFIDENT:
        note = f"only {alignment.confidence:.0%} of the text could be aligned: not remembered"
    return _Pair(translation, alignment, blocks.targets(original.document, translation.document, alignment), note)


def _told(original: _Read, pair: _Pair) -> Aligned:
    read = pair.read
    notes = [pair.note] if pair.note else []
    if not read.sections:
        notes.append("no single section publishes in this language: no edition")
    return Aligned(
        name=read.text.name,
        language=read.taken.metadata.language,
        base=read.base,
        sections=tuple(section.key for section in read.sections),
        how=pair.alignment.how,
        confidence=pair.alignment.confidence,
        segments=len(original.document.segments),
        remembered=len(pair.sure),
        note="; ".join(notes),
    )


def _record(
    original: _Read, pairs: Sequence[_Pair], origin: str, by: str, net: Network, *, dry_run: bool
) -> tuple[Literal["new", "more", "known"], Sequence[_Pair]]:
    """Write what is new. Returns what became of the article, and the translations that were written."""
    checksum = submit.checksum_of(original.taken)
    uid, find = submit.identity(original.taken, origin, checksum)
    refuse_erased(uid, original.text.name)
    if address := original.taken.metadata.canonical_url:
        refuse_erased(submit.uid_of(canonical_url=address), original.text.name)
    article = Article.objects.select_for_update().filter(**find).order_by("id").first()
    outcome: Literal["new", "more", "known"] = "new"
    if article is not None:
        pairs = _missing(article, pairs, original, checksum)
        outcome = "more" if pairs else "known"
    if dry_run or not (pairs or article is None):
        return outcome, pairs
    if article is None:
        article = _article(original, uid, origin, checksum, by)
        if original.sections:
            _publish(article, _source_version(article, original, by), original, by, net)
    for pair in pairs:
        version = _version(article, pair, by)
        _remember(original.document, pair, article, version, by)
        _publish(article, version, pair.read, by, net)
    names = ", ".join(pair.read.taken.metadata.language for pair in pairs)
    message = f"came in with existing translations: {names}" if pairs else "came in as published history"
    Event.objects.create(article=article, at=clock.now(), stage="intake", actor=by, message=message)
    return outcome, pairs


def _missing(article: Article, pairs: Sequence[_Pair], original: _Read, checksum: str) -> list[_Pair]:
    current = article.current
    if current is None or current.checksum != checksum:
        raise Permanent(
            f"{original.text.name}: {article} is in the ledger already, with another text.",
            "History is brought in before an article is submitted; give it another key if it is another article.",
        )
    known = set(Translation.objects.filter(article=article, version__isnull=False).values_list("base", flat=True))
    return [pair for pair in pairs if pair.read.base not in known]


def _article(original: _Read, uid: str, origin: str, checksum: str, by: str) -> Article:
    meta, now = original.document.metadata, clock.now()
    article = Article.objects.create(
        uid=uid,
        source=origin,
        key=meta.key,
        canonical_url=meta.canonical_url,
        title=meta.title,
        language=meta.language,
        base=original.base,
        created_at=now,
    )
    revision = Revision.objects.create(
        article=article,
        number=1,
        checksum=checksum,
        state=Revision.State.CURRENT,
        status=Status.DONE,
        metadata=pack_metadata(meta),
        notes=list(original.cleaned.notes),
        characters=sum(len(segment.source) for segment in original.document.segments),
        submitted_as=original.text.name[-500:],
        submitted_by=by,
        submitted_at=now,
        lane=lanes.PREPARE,
    )
    RevisionText.objects.create(
        revision=revision,
        original=original.taken.html,
        format=original.taken.format,
        body=original.cleaned.body,
        skeleton=original.document.skeleton,
        segments=[[s.key, s.kind.value, s.source, s.markup] for s in original.document.segments],
    )
    article.current, article.series = revision, meta.series[:300]
    article.save(update_fields=["current", "series"])
    links.note(article, original.cleaned.body, original.text.name)
    return article


def _source_version(article: Article, original: _Read, by: str) -> Version:
    return _write(article, original.base, as_source(original.document), Version.By.SOURCE, by)


def _version(article: Article, pair: _Pair, by: str) -> Version:
    segments = tuple(
        TranslatedSegment(key, target, Origin.PERSON, evidence=(pair.alignment.how,))
        for key, target in pair.targets.items()
    )
    return _write(article, pair.read.base, segments, Version.By.PERSON, by)


def _write(
    article: Article, base: str, segments: tuple[TranslatedSegment, ...], origin: Version.By, by: str
) -> Version:
    """A version of a translation that is done; two texts of one base (of Portugal, of Brazil) are two versions."""
    assert article.current is not None
    translation, _ = Translation.objects.get_or_create(
        article=article,
        base=base,
        defaults={"revision": article.current, "lane": lanes.translate(base), "status": Status.DONE},
    )
    version = Version.objects.create(
        translation=translation,
        number=versions.next_number(translation),
        revision=article.current,
        origin=origin,
        author=by,
        digest=versions.digest_of(article.current, segments),
        segments=pack_segments(segments),
        created_at=clock.now(),
    )
    Translation.objects.filter(pk=translation.pk).update(
        version=version, status=Status.DONE, reason="", token=None, lease_until=None
    )
    return version


def _remember(document: SegmentedDocument, pair: _Pair, article: Article, version: Version, by: str) -> None:
    bases = (article.base, pair.read.base)
    units = memory.units_of(document, pair.sure, bases, by=by, author=by, version=version)
    # It counts from the day it was published: what is approved here is newer.
    when = min(pair.read.document.metadata.published_at or clock.now(), clock.now())
    rows.feed((replace(unit, approved_at=when) for unit in units), clock.now())


def _publish(article: Article, version: Version, read: _Read, by: str, net: Network) -> None:
    """The editions of a text, live where they stand, without any delivery."""
    now = clock.now()
    published = read.document.metadata.published_at or now
    for section in read.sections:
        path = next(_paths(read.text.url, section, net), "")
        Edition.objects.create(
            article=article,
            section=section.key,
            language=read.taken.metadata.language,
            translation=version.translation,
            state=Edition.State.LIVE,
            approved=version,
            decided_by=by,
            decided_at=now,
            slug=path.rstrip("/").rpartition("/")[2][:LONGEST_SLUG],
            path=path,
            published_at=published,
            updated_at=published,
            existing_url=read.text.url,
        )
    links.know_address(article.pk, read.text.url)


def _paths(url: str, section: Section, net: Network) -> Iterator[str]:
    """The path of an existing address at one of the section's outputs: a later version is then published there."""
    fronts = {site.front_path(language.tag) for language in section.languages}
    for name in section.outputs:
        root = site.address(net.outputs[name].base_url.replace("{section}", section.key), "")
        path = url.removeprefix(root).removesuffix(site.INDEX)
        plain = re.fullmatch(r"(?:[\w.~-]+/)+", path, re.ASCII) and not re.search(r"(?:^|/)\.", path)
        ours = path in fronts or path.startswith(site.ASSETS)
        if url.startswith(root) and plain and not ours and len(path) <= LONGEST_PATH:
            yield path
