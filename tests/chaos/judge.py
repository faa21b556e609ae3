"""What must hold after a run, and what must be the same as after an undisturbed one."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from django.db.models import Count, F

from pipeline.ledger import invariants
from pipeline.ledger.models import Article, Delivery, MemoryUnit, Refresh, Revision, Status, Version
from tests.chaos.processes import orphans
from tests.chaos.run import Options, Result
from workers.embedded import wait_for

Memory = dict[str, str]


def memory() -> Memory:
    """Every sentence that the ledger knows, with its translation."""
    rows = MemoryUnit.objects.values_list("target", "source_text", "target_text")
    return {f"{base} {source}": target for base, source, target in rows}


def judge(ours: Result, theirs: Result, known: Memory, options: Options, home: Path) -> list[str]:
    """Every fault of the disturbed run ``ours`` against the undisturbed ``theirs``; an empty list when it is sound."""
    return [
        *invariants.broken(),
        *_promises(),
        *_twice(options),
        *_sentences(known),
        *_trees(ours.trees, theirs.trees),
        *_held(ours.held, theirs.held),
        *(f"verify: {drift}" for drift in ours.drifts),
        *(f"sooner than Retry-After asked: {ours.hasty} requests" for _ in range(ours.hasty > 0)),
        *_orphans(home),
    ]


def _orphans(home: Path) -> list[str]:
    wait_for(lambda: not orphans(home), 5)  # an engine needs a moment to see that its worker has gone
    return [f"still runs: {line}" for line in orphans(home)]


def _promises() -> Iterator[str]:
    for delivery in Delivery.objects.exclude(status=Status.DONE, confirmed_seq=F("wanted_seq")):
        yield f"not confirmed at its newest sequence: {delivery}"
    for page in Refresh.objects.exclude(status=Status.DONE, done_seq=F("dirty_seq")):
        yield f"not written at its newest sequence: {page}"


def _twice(options: Options) -> Iterator[str]:
    counts = {
        "articles": (Article.objects.count(), options.articles),
        "revisions": (Revision.objects.count(), options.articles + options.updates),
    }
    yield from (f"{name}: {found}, not {wanted}" for name, (found, wanted) in counts.items() if found != wanted)
    for row in Version.objects.values("translation", "revision").annotate(n=Count("id")).filter(n__gt=1):
        yield f"translated twice: {row}"


def _sentences(known: Memory) -> Iterator[str]:
    if MemoryUnit.objects.count() != len(known):
        yield f"{MemoryUnit.objects.count()} sentences in the memory, not {len(known)}"
    found = memory()
    yield from (f"lost: {sentence}" for sentence in sorted(known.keys() - found.keys()))
    yield from (f"never seen before: {sentence}" for sentence in sorted(found.keys() - known.keys()))
    yield from (
        f"translated otherwise: {sentence}"
        for sentence in known.keys() & found.keys()
        if known[sentence] != found[sentence]
    )


def _trees(ours: Mapping[str, bytes], theirs: Mapping[str, bytes]) -> Iterator[str]:
    yield from (f"page is missing: {path}" for path in sorted(theirs.keys() - ours.keys()))
    yield from (f"page should not be there: {path}" for path in sorted(ours.keys() - theirs.keys()))
    for path in sorted(ours.keys() & theirs.keys()):
        if _ordered(path, ours[path]) != _ordered(path, theirs[path]):
            yield f"page differs: {path}"


def _ordered(path: str, content: bytes) -> bytes:
    """A sitemap lists pages as they were confirmed, which two undisturbed runs do in another order; else as it is."""
    if not re.search(r"(?:^|/)sitemap-[^/]+\.xml$", path):
        return content
    head, *entries = content.removesuffix(b"</urlset>\n").split(b"<url>")
    return b"<url>".join([head, *sorted(entries)])


def _held(ours: Mapping[str, dict[str, Any]], theirs: Mapping[str, dict[str, Any]]) -> Iterator[str]:
    yield from (f"the receiver has no {key}" for key in sorted(theirs.keys() - ours.keys()))
    yield from (f"the receiver should not have {key}" for key in sorted(ours.keys() - theirs.keys()))
    for key in sorted(ours.keys() & theirs.keys()):
        if _comparable(key, ours[key]) != _comparable(key, theirs[key]):
            yield f"at the receiver differs: {key}"


def _comparable(key: str, page: Mapping[str, Any]) -> dict[str, Any]:
    """A page without its sequence, which says how often it was wanted; a sitemap without its order."""
    plain = {name: value for name, value in page.items() if name != "sequence"}
    if " sitemap:" in key:
        del plain["digest"]
        plain["files"] = [_ordered(file["name"], file["text"].encode()) for file in page["files"]]
    return plain
