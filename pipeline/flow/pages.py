"""An edition → its page: the text of its approved version, with what the section and its language have of their own."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Final

from pipeline.documents import Alternate, Corrected, Metadata, Page, Provenance, Segment
from pipeline.flow.decisions import POLICY_AUTO
from pipeline.flow.resources import OwnTerms
from pipeline.ledger.models import Edition, Version
from pipeline.ledger.models.articles import RevisionText
from pipeline.stages import markup, overlay, segment

_FOREIGN: Final = re.compile(rf"<(?!/?(?:{'|'.join(sorted(markup.INLINE))})[\s/>])", re.IGNORECASE)
"""A tag that no segment may hold."""


def content_of(version: Version, text: RevisionText, edition: Edition, terms: OwnTerms) -> tuple[Metadata, str]:
    """The metadata and the body of a version as an edition shows it: with its language's own terms and segments."""
    document = text.as_segmented(version.revision.metadata)
    base = terms.over(edition, document.segments, version.targets)
    sources = overlay.sources_of(document.segments, document.metadata)
    targets = overlay.apply(edition.approved_segments, sources, base).targets
    metadata = replace(
        document.metadata,
        title=targets.get("title", document.metadata.title),
        summary=targets.get("summary", document.metadata.summary),
        image=targets.get(overlay.IMAGE, document.metadata.image),
        image_alt=targets.get(overlay.IMAGE_ALT, document.metadata.image_alt),
    )
    return metadata, segment.restore(document, _inline(targets, document.segments))


def _inline(targets: Mapping[str, str], segments: Iterable[Segment]) -> dict[str, str]:
    """``targets``, with the source's text where one holds what is no inline element.

    Translating and editing refuse such a text. Were one in the ledger all the same, it must not stand on a page: the
    page's policy keeps a script from running, but not a ``<meta>`` from leading readers to another site.
    """
    return dict(targets) | {s.key: s.source for s in segments if s.markup and _FOREIGN.search(targets.get(s.key, ""))}


def page_of(
    edition: Edition,
    version: Version,
    metadata: Metadata,
    body: str,
    url: str,
    alternates: tuple[Alternate, ...],
    corrections: tuple[Corrected, ...] = (),
) -> Page:
    """The page of an edition, as an output of its section is to show it now."""
    assert edition.published_at is not None
    assert edition.updated_at is not None
    return Page(
        metadata=metadata,
        body=body,
        language=edition.language,
        section=edition.section,
        path=edition.path,
        url=url,
        alternates=alternates,
        provenance=Provenance(
            article=edition.article.uid,
            revision=version.revision.number,
            version=version.number,
            digest=version.digest,
            source_language=metadata.language,
            origin=_origin(edition, version),
            engines=tuple(version.engines),
            glossary=version.glossary,
            approved_by="" if edition.decided_by == POLICY_AUTO else edition.decided_by,
        ),
        published_at=edition.published_at,
        updated_at=edition.updated_at,
        corrections=corrections,
    )


def _origin(edition: Edition, version: Version) -> str:
    """Whose text a page shows: a machine's where people corrected a segment and nobody has read the whole."""
    unread = version.origin == Version.By.PERSON and edition.decided_by == POLICY_AUTO
    return Version.By.MACHINE.value if unread else version.origin
