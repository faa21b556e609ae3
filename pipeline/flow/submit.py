"""Intake into the ledger: after :func:`submit` returns, the article cannot be lost any more."""

from __future__ import annotations

import hashlib
import json
from base64 import b32encode
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final, Literal

from django.db import IntegrityError, transaction
from django.db.models import QuerySet

from pipeline.documents import Metadata, Original, Submission
from pipeline.errors import Permanent
from pipeline.flow import article_page, bell, clock, installation, lanes, webhooks
from pipeline.flow.people import Rights
from pipeline.flow.reserved import refuse_erased
from pipeline.ledger.models import Article, Event, Revision, RevisionText
from pipeline.ledger.models.articles import pack_metadata
from pipeline.network import Network
from pipeline.stages import intake

LONGEST_KEY: Final = 200
LONGEST_URL: Final = 2_000


@dataclass(frozen=True, slots=True)
class Submitted:
    """What became of a submission. A duplicate is an expected outcome, no error."""

    outcome: Literal["new", "updated", "duplicate"]
    article: Article
    revision: Revision

    @property
    def sentence(self) -> str:
        """The outcome for a person."""
        name = f"{self.article} “{self.article.title}”"
        match self.outcome:
            case "new":
                return f"{name} is in the queue."
            case "updated":
                return f"{name} was known: revision {self.revision.number} is in the queue."
            case _:
                return f"{name} is unchanged since revision {self.revision.number}: nothing to do."


def submit(
    submission: Submission,
    *,
    origin: str = "submit",
    by: str = "",
    urgent: bool = False,
    net: Network | None = None,
    rights: Rights | None = None,
    also: Callable[[Submitted], None] | None = None,
) -> Submitted:
    """Read a submission and put it into the ledger as a new article, a new revision, or neither.

    An article is recognised by its key (within one origin), else by its canonical URL, else by its very content. The
    same submission twice gives one article and one revision, also when both come at the same moment. ``rights`` are
    those of whoever hands it in; without them (the command line, watched sources) every article may be revised.
    ``also`` is called in the transaction that records it.

    Raises:
        Permanent: the submission can't be read, its language is none of the network's, or it would revise an article
            that is none of the submitter's.
    """
    net = net or installation.network()
    original = intake.read(submission, intake_options(net))
    return enter(original, submission.name, origin=origin, by=by, urgent=urgent, net=net, rights=rights, also=also)


def enter(
    original: Original,
    name: str,
    *,
    net: Network,
    origin: str = "submit",
    by: str = "",
    urgent: bool = False,
    rights: Rights | None = None,
    also: Callable[[Submitted], None] | None = None,
) -> Submitted:
    """Put what intake has read into the ledger: as :func:`submit`, which reads it first.

    Raises:
        Permanent: as :func:`accepted`; or the article was written in another language so far, or is others'.
    """
    original = accepted(original, name, net)
    checksum = checksum_of(original)
    for attempt in (1, 2):
        try:
            with transaction.atomic():
                submitted = _record(original, checksum, name, origin, by, urgent, net, rights)
                if also is not None:
                    also(submitted)
                return submitted
        except IntegrityError:
            # The same article came twice at the same moment; the other transaction has recorded it: look again.
            if attempt == 2:
                raise
    raise AssertionError


def accepted(original: Original, name: str, net: Network) -> Original:
    """An original as the ledger takes it: its language in canonical form. ``name`` stands in the messages.

    Raises:
        Permanent: its language is none of the network's, a field is too long, or it is for a section that isn't there.
    """
    meta = original.metadata
    if len(meta.key) > LONGEST_KEY or len(meta.canonical_url) > LONGEST_URL:
        raise Permanent(
            f"{name} has a key above {LONGEST_KEY} or a canonical URL above {LONGEST_URL} characters.",
            "Give it shorter ones.",
        )
    try:
        for key in meta.only_sections:
            net.section(key)
        language = net.check_source(meta.language or _no_language(name))
    except Permanent as error:
        if name in error.message:
            raise
        raise Permanent(f"{name}: {error.message}", error.remedy) from error
    return replace(original, metadata=replace(meta, language=language))


def intake_options(net: Network) -> intake.Options:
    """The bounds of the network file in the form that intake takes."""
    return installation.intake_options(net)


def checksum_of(original: Original) -> str:
    """SHA-256 of an article's content and metadata, whatever the file was called."""
    content = json.dumps([pack_metadata(original.metadata), original.html], sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(content.encode()).hexdigest()


def _no_language(name: str) -> str:
    raise Permanent(
        f"{name} does not say in which language it is written.",
        "Add “language: en” to its front matter, or give --source-language en.",
    )


def identity(original: Original, origin: str, checksum: str) -> tuple[str, dict[str, str]]:
    """The uid of an article seen for the first time, and how to find it again."""
    meta = original.metadata
    if meta.key:
        find = {"source": origin, "key": meta.key}
    elif meta.canonical_url:
        find = {"canonical_url": meta.canonical_url}
    else:
        find = {"revisions__checksum": checksum}
    return uid_of(**find), find


def uid_of(**find: str) -> str:
    """The uid of an article that is recognised by these values."""
    seed = "\n".join(f"{name}={value}" for name, value in find.items())
    return b32encode(hashlib.sha256(seed.encode()).digest())[:12].decode().lower()


def recognised(original: Original, origin: str, checksum: str, articles: QuerySet[Article]) -> Article | None:
    """The one of some articles that is handed in again; ``None`` when it is seen for the first time."""
    _, find = identity(original, origin, checksum)
    found = articles.filter(**find).order_by("id").first()
    if found is None and original.metadata.canonical_url:
        found = articles.filter(canonical_url=original.metadata.canonical_url).first()
    return found


def refuse_other_language(article: Article, language: str, name: str, net: Network) -> None:
    """Refuse a revision in another language than the article's.

    Raises:
        Permanent: it is.
    """
    if language and net.base_for(language) != article.base:
        raise Permanent(
            f"{name} is written in {language}, but {article} was written in {article.language} so far.",
            "Hand it in under another key; Sectionwire makes the translations itself.",
        )


def refuse_strangers(article: Article, metadata: Metadata, rights: Rights) -> None:
    """Refuse a revision of an article that is not the business of whoever hands it in.

    Raises:
        Permanent: neither have they handed it in, nor has a section of theirs got it.
    """
    view = article_page.find(article.uid, rights)
    if view is not None and view.inside:
        return
    if metadata.key and article.key == metadata.key:
        raise Permanent(f"The key “{metadata.key}” is taken by an article of others.", "Choose another key.")
    raise Permanent(
        "The article at this canonical URL was handed in by others, and your sections do not have it.",
        "Ask whoever handed it in; or give another canonical URL, if it is another article.",
    )


def _record(
    original: Original,
    checksum: str,
    name: str,
    origin: str,
    by: str,
    urgent: bool,
    net: Network,
    rights: Rights | None,
) -> Submitted:
    meta = original.metadata
    uid, _ = identity(original, origin, checksum)
    article = recognised(original, origin, checksum, Article.objects.select_for_update())
    refuse_erased(article.uid if article is not None else uid, name)
    if meta.canonical_url:  # what stands at the address of an erased article is that article, under whatever key
        refuse_erased(uid_of(canonical_url=meta.canonical_url), name)
    if article is not None:
        newest = article.revisions.order_by("-number").first()
        if newest is not None and newest.checksum == checksum:
            return Submitted("duplicate", article, newest)
        if rights is not None:
            refuse_strangers(article, meta, rights)
    outcome: Literal["new", "updated"] = "updated"
    now = clock.now()
    if article is None:
        outcome = "new"
        article = Article.objects.create(
            uid=uid,
            source=origin,
            key=meta.key,
            canonical_url=meta.canonical_url,
            title=meta.title,
            language=meta.language,
            base=net.base_for(meta.language),
            created_at=now,
        )
    else:
        refuse_other_language(article, meta.language, name, net)
    revision = Revision(article=article, checksum=checksum, submitted_as=name[-500:], submitted_by=by, submitted_at=now)
    revision.priority = lanes.URGENT if urgent else lanes.NORMAL
    _add(revision, original, name)
    webhooks.article_received(article, revision, outcome)
    bell.announce(lanes.PREPARE)
    return Submitted(outcome, article, revision)


def _add(revision: Revision, original: Original, name: str) -> None:
    """The article's next revision."""
    article = revision.article
    last = article.revisions.order_by("-number").values_list("number", flat=True).first()
    revision.number, revision.lane = (last or 0) + 1, lanes.PREPARE
    revision.metadata = pack_metadata(original.metadata)
    revision.save(force_insert=True)
    RevisionText.objects.create(revision=revision, original=original.html, format=original.format)
    Event.objects.create(
        article=article,
        at=revision.submitted_at,
        stage="intake",
        actor=revision.submitted_by,
        message=f"revision {revision.number} came in as {name}",
    )
