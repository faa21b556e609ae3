"""What a feed names."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from pipeline.flow.sources.listing import Listed
from pipeline.flow.sources.polite import Page, Visitor
from pipeline.ledger.models import Source as Row
from pipeline.network import Source
from pipeline.stages.intake import feed
from pipeline.stages.intake.web import digest


def validators(page: Page, **more: str) -> dict[str, str]:
    """What to ask with the next time."""
    return {"etag": page.etag, "last_modified": page.last_modified, "digest": digest(page.data), **more}


def ask(visitor: Visitor, row: Row, url: str, limit: int, *, named: bool) -> Page | None:
    """What stands at an address, or ``None`` when it is what stood there the last time. Raises as ``Visitor.get``."""
    known = row.validators.get(url, {})
    page = visitor.get(
        url, limit, etag=known.get("etag", ""), last_modified=known.get("last_modified", ""), named=named
    )
    return None if page.is_unchanged or (page.data and known.get("digest") == digest(page.data)) else page


def listed(source: Source, page: Page, now: datetime) -> Sequence[Listed]:
    """The entries of a feed.

    Raises:
        Permanent: it is none; see :func:`pipeline.stages.intake.feed.read`.
    """
    entries = feed.read(f"The feed {source.key}", page.data, page.url, page.content_type)
    return [
        Listed(entry.identity, entry.stamp, entry.updated_at or entry.published_at or now, entry.url, entry.packed())
        for entry in entries
    ]
