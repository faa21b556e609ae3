"""Rebuild, verify, repair: what stands at the outputs against what shall stand there."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, Final

from django.conf import settings
from django.db import transaction
from django.db.models.functions import Now

from pipeline.flow import bell, deliveries, lanes, verify
from pipeline.flow.batches.steps import Action, Did, Job, Later, Problem, Told
from pipeline.ledger.models import Delivery, Edition, Refresh, Rendering, Status
from pipeline.ledger.models.articles import hold_all
from pipeline.ledger.models.deliveries import SHOWN
from pipeline.network import Section
from pipeline.stages import publish
from pipeline.stages.publish.outputs.contract import Unverifiable

CHUNK: Final = 400
"""So many pages are looked at at once, and wanted again in one transaction."""

NAMED: Final = 20

_DRIFTS: Final[Mapping[verify.Kind, str]] = {
    verify.Kind.MISSING: "The output has lost it.",
    verify.Kind.CHANGED: "Somebody else has written there.",
    verify.Kind.OLDER: "An earlier state of it stands there.",
    verify.Kind.UNWANTED: "It stands there, and nobody wants it.",
}
_REMEDY: Final = "The action “repair” puts it right; or: sectionwire publish verify --repair"


def rendering(section: Section) -> str:
    """A digest of what pages are made with: our templates, styles and labels, the installation's theme, the version."""
    whole = hashlib.sha256(f"{_version()}\n{section.name}\n{section.time_zone}\n".encode())
    ours = Path(publish.__file__).parent
    theme = Path(settings.SECTIONWIRE_HOME) / "theme"
    for root in (ours / "templates", ours / "assets", ours / "labels", theme):
        for file in sorted(path for path in root.rglob("*") if path.is_file()):
            whole.update(f"{root.name}/{file.relative_to(root)}\0".encode() + file.read_bytes() + b"\0")
    return whole.hexdigest()


def _version() -> str:
    try:
        return version("sectionwire")
    except PackageNotFoundError:  # run from a checkout that nobody installed
        return ""


def _rebuild(job: Job, key: str, memo: Mapping[str, Any], told: Told) -> Did | Later:  # noqa: ARG001
    """The next pages of a section: all of them where the templates have changed, else those that shall say more."""
    section = job.net.section(key)
    known = dict(memo) or _begin_rebuild(section)
    ids = list(_shown(section).filter(pk__gt=known["after"]).order_by("pk").values_list("pk", flat=True)[:CHUNK])
    if ids:
        changed = _want(section, ids, everything=known["everything"])
        known |= {"after": ids[-1], "left": max(0, known["left"] - len(ids))}
        return Later(0, "", known["left"], known, Did({"rebuilt": changed}))
    counts = {"rebuilt": _want_lists(section)} if known["everything"] else {}
    Rendering.objects.update_or_create(section=key, defaults={"digest": known["digest"], "at": job.now})
    why = f"{section.name}: templates, styles or labels have changed since the last time: all pages are written again"
    return Did(counts, notes=[why] if known["everything"] and known["was"] else [])


def _begin_rebuild(section: Section) -> dict[str, Any]:
    digest = rendering(section)
    was = Rendering.objects.filter(section=section.key).values_list("digest", flat=True).first() or ""
    return {
        "after": 0,
        "left": _shown(section).count(),
        "digest": digest,
        "everything": was != digest,
        "was": was,
    }


def _shown(section: Section) -> Any:
    return Delivery.objects.filter(SHOWN, edition__section=section.key, output__in=section.outputs)


def _want(section: Section, ids: Sequence[int], *, everything: bool) -> int:
    """Want some pages again; gives how many."""
    with transaction.atomic():
        pages = Delivery.objects.filter(pk__in=ids)
        hold_all(pages.values_list("edition__article_id", flat=True))
        if everything:
            return deliveries.rewrite(pages)
        full = pages.filter(SHOWN, edition__approved__isnull=False).exclude(status=Status.READY)
        rows = full.select_related("edition__approved").defer("edition__approved__segments").order_by("pk")
        changed: dict[int, Edition] = {
            row.edition_id: row.edition
            for row in rows
            if row.wanted_digest != deliveries.wanted_digest(row.edition, section)
        }
        deliveries.want([(edition, section) for edition in changed.values()])
        return len(changed)


def _want_lists(section: Section) -> int:
    """Want front pages, lists and feeds of a section again; gives how many."""
    made = Refresh.objects.filter(section=section.key, output__in=section.outputs)
    made = made.filter(dirty_seq__gt=0, status__in=[Status.DONE, Status.RUNNING])
    changed = deliveries.bump(made, "dirty_seq", due_at=Now())
    for output in section.outputs:
        bell.announce(lanes.publish(output))
    return changed


def _places(job: Job) -> Sequence[str]:
    wanted = set(job.sections)
    return [f"{place.section.key}@{place.output}" for place in verify.places(job.net) if place.section.key in wanted]


def _verify(job: Job, name: str, told: Told, *, repair: bool) -> Did:
    key, _, output = name.rpartition("@")
    place = next((each for each in verify.places(job.net, output) if each.section.key == key), None)
    if place is None:
        return Did()  # taken out of network.toml meanwhile
    looked = 0

    def compared(more: int) -> None:
        nonlocal looked
        looked += more
        told(looked, max(place.pages, looked))

    found: dict[str, int] = {}
    named: list[Problem] = []
    try:
        for drift in verify.run(place, job.net, compared, repair=repair):
            found[drift.kind.value] = found.get(drift.kind.value, 0) + 1
            if not repair and len(named) < NAMED:
                named.append(Problem(f"{output}: {drift.path or drift.key}", _DRIFTS[drift.kind], _REMEDY, key))
    except Unverifiable as error:
        return Did(notes=[f"{name}: {error}"])
    return Did({"pages": looked} | found, named)


REBUILD: Final = Action(lambda job: job.sections, _rebuild)
VERIFY: Final = Action(_places, lambda job, piece, _memo, told: _verify(job, piece, told, repair=False))
REPAIR: Final = Action(_places, lambda job, piece, _memo, told: _verify(job, piece, told, repair=True))
