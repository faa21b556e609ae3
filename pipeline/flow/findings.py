"""What people do with findings: look at them, dismiss one with a reason, or open it again."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Literal

from django.db import transaction
from django.db.models import F, Q

from pipeline.errors import Permanent
from pipeline.flow import clock, decisions
from pipeline.flow.carry import Texts, texts_of
from pipeline.ledger.models import Article, Edition, Event, Finding
from pipeline.ledger.models.articles import hold
from pipeline.network import Network

Asked = Literal["open", "dismissed", "fixed", "all"]


@dataclass(frozen=True, slots=True)
class Listed:
    """A finding with the texts that it is about."""

    finding: Finding
    source: str
    target: str


@dataclass(frozen=True, slots=True)
class Dismissed:
    """A finding that was dismissed, and the editions that had been held and go out now."""

    finding: Finding
    released: tuple[Edition, ...] = ()


def listed(
    *,
    article: Article | None = None,
    bases: Collection[str] | None = None,
    check: str = "",
    severity: str = "",
    state: Asked = "open",
) -> Iterator[Listed]:
    """The findings of each translation's newest version; what is fixed is told of earlier ones.

    Blocking ones come first, article by article, in the order of the text as the checks went through it.
    """
    newest = Q(version=F("version__translation__version"))
    fixed = Q(state=Finding.State.FIXED)
    rows = Finding.objects.filter({"fixed": fixed, "all": newest | fixed}.get(state, newest & Q(state=state)))
    if article is not None:
        rows = rows.filter(version__translation__article=article)
    if bases is not None:
        rows = rows.filter(version__translation__base__in=bases)
    if check:
        rows = rows.filter(check_id=check)
    if severity:
        rows = rows.filter(severity=severity)
    rows = rows.select_related("version__translation__article").defer("version__segments", "version__engines")
    ordered = rows.order_by(
        "severity", "version__translation__article_id", "version__translation__base", "version_id", "id"
    )
    return _with_texts(ordered.iterator())


def _with_texts(rows: Iterable[Finding]) -> Iterator[Listed]:
    texts: dict[int, Texts] = {}
    for row in rows:
        if row.version_id not in texts:
            texts = {row.version_id: texts_of(row.version)}  # they come version by version: one is kept
        yield Listed(row, *texts[row.version_id].of(row.segment))


def dismiss(finding_id: int, *, by: str, why: str, net: Network) -> Dismissed:
    """Say that a finding is no fault, and why. Where it was the last to block, held editions go out.

    Raises:
        Permanent: there is no such finding, it is not open or not of the newest version, or no reason is given.
    """
    if not why.strip():
        raise Permanent("A finding is dismissed for a reason.", "Say in a sentence why it is no fault.")
    with _held(finding_id) as finding:
        if finding.state != Finding.State.OPEN:
            raise Permanent(f"Finding {finding_id} is {_how(finding)}.", "Nothing is left to do about it.")
        version = finding.version
        if version.translation.version_id != version.pk:
            raise Permanent(
                f"Finding {finding_id} is of version {version.number}, and there is a newer one.",
                f"See what is open now: sectionwire findings {version.translation.article}",
            )
        finding.state, finding.decided_by = Finding.State.DISMISSED, by
        finding.why, finding.decided_at = why, clock.now()
        _save(finding, by, f"finding {finding_id} dismissed ({finding.check_id}): {why}")
        blocks = version.findings.filter(severity="block", state=Finding.State.OPEN).exists()
        if finding.severity != "block" or blocks:
            return Dismissed(finding)
        held = Edition.objects.filter(translation=version.translation, state=Edition.State.HELD)
        waiting = list(held.values_list("pk", flat=True))
        decisions.settle(version, net, only_held=True)
        released = Edition.objects.filter(pk__in=waiting, approved=version).select_related("article")
        return Dismissed(finding, tuple(released.order_by("section", "language")))


def reopen(finding_id: int, *, by: str) -> Finding:
    """Take a dismissal back.

    Raises:
        Permanent: there is no such finding, it was not dismissed, or it blocks what is approved already.
    """
    with _held(finding_id) as finding:
        if finding.state != Finding.State.DISMISSED:
            raise Permanent(f"Finding {finding_id} is {_how(finding)}.", "Only what was dismissed can be opened again.")
        if finding.severity == "block" and Edition.objects.filter(approved=finding.version).exists():
            raise Permanent(
                f"Finding {finding_id} would block a text that is approved already.",
                "Correct the text instead: the new version replaces it.",
            )
        finding.state, finding.decided_by, finding.why, finding.decided_at = Finding.State.OPEN, "", "", None
        _save(finding, by, f"finding {finding_id} opened again ({finding.check_id})")
        return finding


@contextmanager
def _held(finding_id: int) -> Iterator[Finding]:
    """A transaction that holds the article of a finding, then the finding itself."""
    with transaction.atomic():
        found = Finding.objects.filter(pk=finding_id).values_list("version__translation__article_id", flat=True).first()
        if found is None:
            raise Permanent(f"There is no finding {finding_id}.", "See them: sectionwire findings --state all")
        hold(found)
        yield Finding.objects.select_related("version__translation__article").get(pk=finding_id)


def _how(finding: Finding) -> str:
    if finding.state == Finding.State.OPEN:
        return "open"
    return f"{finding.state} already{f' by {finding.decided_by}' if finding.decided_by else ''}: {finding.why}"


def _save(finding: Finding, by: str, message: str) -> None:
    finding.save(update_fields=["state", "decided_by", "why", "decided_at"])
    translation = finding.version.translation
    Event.objects.create(
        article_id=translation.article_id,
        at=clock.now(),
        stage="check",
        language=translation.base,
        actor=by,
        message=message,
    )
