"""New versions of a translation, and what each section's policy makes of them."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence

from django.db.models import Max

from pipeline.documents import CheckFinding, TranslatedSegment
from pipeline.flow import carry, clock, decisions, webhooks
from pipeline.ledger.models import Revision, Translation, Version
from pipeline.ledger.models.translations import pack_segments
from pipeline.network import Network


def add(
    translation: Translation,
    revision: Revision,
    segments: tuple[TranslatedSegment, ...],
    *,
    author: str,
    net: Network,
    origin: Version.By = Version.By.SOURCE,
    engines: Sequence[str] = (),
    glossary: str = "",
    findings: Sequence[CheckFinding] = (),
) -> Version:
    """Write a new version with its findings and let every section's policy decide on it.

    ``origin`` is that of a text that no engine has made, ``glossary`` the digest of the terms that held. Call it in a
    transaction that holds the article. A version that says the same as the present one is not written again; what the
    checks say of it by now is.
    """
    digest = digest_of(revision, segments)
    present = translation.version
    if present is not None and present.digest == digest:
        version = present
        carry.renew(version, findings)
    else:
        version = Version.objects.create(
            translation=translation,
            number=next_number(translation),
            revision=revision,
            parent=present,
            origin=Version.By.MACHINE if engines else origin,
            author=author,
            digest=digest,
            segments=pack_segments(segments),
            engines=list(engines),
            glossary=glossary,
            created_at=clock.now(),
        )
        carry.record(version, findings)
        Translation.objects.filter(pk=translation.pk).update(version=version)
        translation.version = version
        if translation.base != translation.article.base:
            webhooks.translation_checked(version)
    if translation.base == translation.article.base:
        # Nothing to translate: the row has its result already.
        Translation.objects.filter(pk=translation.pk).update(status="done", reason="", token=None, lease_until=None)
    decisions.settle(version, net)
    return version


def next_number(translation: Translation) -> int:
    """The number of a translation's next version. Call it in a transaction that holds the article."""
    newest: int | None = translation.versions.aggregate(newest=Max("number"))["newest"]
    return (newest or 0) + 1


def digest_of(revision: Revision, segments: Sequence[TranslatedSegment]) -> str:
    """What tells two versions apart: the source they render, and every target text."""
    content = json.dumps([revision.checksum, [[s.key, s.target] for s in segments]], ensure_ascii=False)
    return hashlib.sha256(content.encode("utf-8", "surrogatepass")).hexdigest()
