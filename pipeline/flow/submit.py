"""Intake into the ledger: after :func:`submit` returns, the article cannot be lost any more."""

from __future__ import annotations

import hashlib
import json
from base64 import b32encode
from dataclasses import dataclass, replace
from typing import Final, Literal

from django.db import IntegrityError, transaction

from pipeline.documents import Original, Submission
from pipeline.errors import Permanent
from pipeline.flow import bell, clock, installation, lanes
from pipeline.ledger.models import Article, Event, Revision, RevisionText
from pipeline.ledger.models.articles import pack_metadata
from pipeline.network import Network
from pipeline.stages import intake

URGENT: Final = 10
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
    submission: Submission, *, origin: str = "submit", by: str = "", urgent: bool = False, net: Network | None = None
) -> Submitted:
    """Read a submission and put it into the ledger as a new article, a new revision, or neither.

    An article is recognised by its key (within one origin), else by its canonical URL, else by its very content. The
    same submission twice gives one article and one revision, also when both come at the same moment.

    Raises:
        Permanent: the submission can't be read, or its language is none of the network's.
    """
    net = net or installation.network()
    original = intake.read(submission, intake_options(net))
    if len(original.metadata.key) > LONGEST_KEY or len(original.metadata.canonical_url) > LONGEST_URL:
        raise Permanent(
            f"{submission.name} has a key above {LONGEST_KEY} or a canonical URL above {LONGEST_URL} characters.",
            "Give it shorter ones.",
        )
    try:
        language = net.check_source(original.metadata.language or _no_language(submission))
    except Permanent as error:
        if submission.name in error.message:
            raise
        raise Permanent(f"{submission.name}: {error.message}", error.remedy) from error
    original = replace(original, metadata=replace(original.metadata, language=language))
    checksum = checksum_of(original)
    for attempt in (1, 2):
        try:
            with transaction.atomic():
                return _record(original, checksum, submission.name, origin, by, urgent, net)
        except IntegrityError:
            # The same article came twice at the same moment; the other transaction has recorded it: look again.
            if attempt == 2:
                raise
    raise AssertionError


def intake_options(net: Network) -> intake.Options:
    """The bounds of the network file in the form that intake takes."""
    limits = net.limits
    return intake.Options(
        max_bytes=int(limits.megabytes * 1_000_000), max_elements=limits.elements, max_depth=limits.depth
    )


def checksum_of(original: Original) -> str:
    """SHA-256 of an article's content and metadata, whatever the file was called."""
    content = json.dumps([pack_metadata(original.metadata), original.html], sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(content.encode()).hexdigest()


def _no_language(submission: Submission) -> str:
    raise Permanent(
        f"{submission.name} does not say in which language it is written.",
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
    seed = "\n".join(f"{name}={value}" for name, value in find.items())
    return b32encode(hashlib.sha256(seed.encode()).digest())[:12].decode().lower(), find


def _record(
    original: Original, checksum: str, name: str, origin: str, by: str, urgent: bool, net: Network
) -> Submitted:
    meta = original.metadata
    uid, find = identity(original, origin, checksum)
    article = Article.objects.select_for_update().filter(**find).order_by("id").first()
    if article is None and meta.canonical_url:
        article = Article.objects.select_for_update().filter(canonical_url=meta.canonical_url).first()
    if article is not None:
        newest = article.revisions.order_by("-number").first()
        if newest is not None and newest.checksum == checksum:
            return Submitted("duplicate", article, newest)
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
    elif meta.language and net.base_for(meta.language) != article.base:
        raise Permanent(
            f"{name} is written in {meta.language}, but {article} was written in {article.language} so far.",
            "Hand it in under another key; Sectionwire makes the translations itself.",
        )
    number = (article.revisions.order_by("-number").values_list("number", flat=True).first() or 0) + 1
    revision = Revision.objects.create(
        article=article,
        number=number,
        checksum=checksum,
        metadata=pack_metadata(meta),
        submitted_as=name[-500:],
        submitted_by=by,
        submitted_at=now,
        lane=lanes.PREPARE,
        priority=URGENT if urgent else 50,
    )
    RevisionText.objects.create(revision=revision, original=original.html, format=original.format)
    Event.objects.create(
        article=article, at=now, stage="intake", actor=by, message=f"revision {number} came in as {name}"
    )
    bell.announce(lanes.PREPARE)
    return Submitted(outcome, article, revision)
