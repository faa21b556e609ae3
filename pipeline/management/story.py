"""The full story of one article: what is known of it, where each section stands, and what happened to it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any

from django.db.models import Count, QuerySet
from rich.text import Text

from pipeline.flow import status
from pipeline.flow.resources import digest_of, terms_of
from pipeline.flow.status import Place
from pipeline.ledger.models import Article, Edition, Finding, Translation, Version
from pipeline.ledger.models.articles import unpack_metadata
from pipeline.management import show
from pipeline.management.console import count, shown
from pipeline.network import Network

FIELDS = ("kind", "authors", "tags", "series", "part", "published_at", "embargo", "summary")


def tell(article: Article, net: Network, section: str | None = None) -> dict[str, Any]:
    """Everything about an article, as JSON values and times; of one section only, if one is given."""
    row = status.matrix([article], net)[0]
    cells = [cell for cell in row.cells if section in (None, cell.section)]
    revisions = list(article.revisions.order_by("number"))
    metadata = unpack_metadata(revisions[-1].metadata)
    return {
        "article": article.uid,
        "key": article.key,
        "title": article.title,
        "language": article.language,
        "origin": article.source,
        "canonical_url": article.canonical_url,
        **{name: value for name in FIELDS if (value := getattr(metadata, name))},
        "revisions": [
            {
                "number": revision.number,
                "state": revision.state,
                "at": revision.submitted_at,
                "by": revision.submitted_by,
                "file": revision.submitted_as,
                "notes": revision.notes,
                "reason": revision.reason,
            }
            for revision in revisions
        ],
        "sections": list(_sections(article, cells)),
        "translations": list(_translations(article, {cell.language for cell in cells}, net)),
        "findings": list(_findings(article, {cell.language for cell in cells}, net)),
        "events": [
            {
                "at": event.at,
                "stage": event.stage,
                "section": event.section,
                "language": event.language,
                "by": event.actor,
                "message": event.message,
            }
            for event in article.events.order_by("id")
            if section is None or event.section in {"", section}
        ],
    }


def _sections(article: Article, cells: list[status.Cell]) -> Iterator[dict[str, Any]]:
    found = {
        (edition.section, edition.language): edition
        for edition in Edition.objects.filter(article=article)
        .select_related("approved", "candidate")
        .annotate(receipts=Count("deliveries__receipts"))
    }
    for cell in cells:
        edition: Any = found.get((cell.section, cell.language))
        record: dict[str, Any] = {
            "section": cell.section,
            "language": cell.language,
            "place": cell.place.value,
            "why": cell.why,
            "update": cell.update,
            "url": cell.url,
        }
        if edition is not None:
            record |= {
                "approved_version": edition.approved.number if edition.approved else None,
                "waiting_version": edition.candidate.number if edition.candidate else None,
                "decided_by": edition.decided_by,
                "decided_at": edition.decided_at,
                "receipts": edition.receipts,
            }
        yield record


def _translations(article: Article, languages: set[str], net: Network) -> Iterator[dict[str, Any]]:
    """How the newest version of each translation was made: by which engines and models, and what they were not for."""
    for translation in _wanted(article, languages, net).exclude(base=article.base).exclude(version=None):
        version = translation.version
        assert version is not None
        others = {row["key"]: [version.engines[at] for at in row["routes"]] for row in _rerouted(version)}
        yield {
            "language": translation.base,
            "version": version.number,
            "made": version.origin,
            "engines": version.engines,
            "glossary": version.glossary,
            "glossary_now": digest_of(terms_of(article.base, translation.base)),
            "segments": dict(Counter(row["origin"] for row in version.segments)),
            "other_routes": others,
        }


def _rerouted(version: Version) -> list[dict[str, Any]]:
    """The segments that did not come by the first of the version's routes alone."""
    rows = (row for row in version.segments if row.get("routes", [0]) != [0])
    return [row for row in rows if all(at < len(version.engines) for at in row["routes"])]


def _wanted(article: Article, languages: set[str], net: Network) -> QuerySet[Translation]:
    """The translations on which these languages stand."""
    bases = {lang.base for section in net.sections for lang in section.languages if lang.tag in languages}
    return article.translations.filter(base__in=bases).select_related("version").order_by("base")


def _findings(article: Article, languages: set[str], net: Network) -> Iterator[dict[str, Any]]:
    """What the checks say of the newest version of each translation."""
    for translation in _wanted(article, languages, net):
        for finding in Finding.objects.filter(version=translation.version_id).order_by("severity", "id"):
            yield {
                "language": translation.base,
                "check": finding.check_id,
                "severity": finding.severity,
                "segment": finding.segment,
                "message": finding.message,
                "state": finding.state,
                "decided_by": finding.decided_by,
                "why": finding.why,
            }


def as_json(record: Any) -> Any:
    """The record with its times as ISO 8601."""
    if isinstance(record, dict):
        return {name: as_json(value) for name, value in record.items()}
    if isinstance(record, list | tuple):
        return [as_json(value) for value in record]
    return record.isoformat() if isinstance(record, datetime) else record


def lines(record: dict[str, Any]) -> Iterator[Text]:
    """The story for a person, line by line."""
    yield Text(shown(record["title"]), style="bold")
    for name in ("article", "key", "language", "origin", "canonical_url", *FIELDS):
        if value := record.get(name):
            text = ", ".join(value) if isinstance(value, tuple) else _time(value)
            label = "uid" if name == "article" else name.replace("_", " ")
            yield Text.assemble((f"{label:<13}  ", "dim"), shown(text))
    yield from _part("Revisions", (line for revision in record["revisions"] for line in _revision(revision)))
    yield from _part("Sections", (line for section in record["sections"] for line in _section(record, section)))
    if record["translations"]:
        yield from _part("Translations", (line for each in record["translations"] for line in _translation(each)))
    if record["findings"]:
        yield from _part("Findings", map(_finding, record["findings"]))
    yield from _part("What happened", map(_event, record["events"]))


def _part(title: str, inner: Iterable[Text]) -> Iterator[Text]:
    yield Text()
    yield Text(title, style="bold")
    for line in inner:
        yield Text.assemble("  ", line)


def _revision(revision: dict[str, Any]) -> Iterator[Text]:
    by = f" by {revision['by']}" if revision["by"] else ""
    text = f"{revision['number']}  {_time(revision['at'])}{by} as {revision['file']}: {revision['state']}"
    yield Text(shown(text))
    for note in (*revision["notes"], revision["reason"]):
        if note:
            yield Text(shown(f"   {note}"))


def _section(record: dict[str, Any], section: dict[str, Any]) -> Iterator[Text]:
    place = Place(section["place"])
    name = f"{section['section']} {section['language']}"
    receipts = section.get("receipts")
    ending = f" ({count(receipts, 'receipt')})" if receipts else ""
    yield Text.assemble(show.signed(place), f" {name}: {place}", (ending, "dim"))
    remedy = show.HELP.get(place, "")
    for old, new in (("ARTICLE", record["key"] or record["article"]), ("SECTION", section["section"])):
        remedy = remedy.replace(old, new)
    for line in (section["url"], section["why"], section["update"], remedy):
        if line:
            yield Text(shown(f"    {line}"), style="" if line != remedy else "italic")


def _translation(translation: dict[str, Any]) -> Iterator[Text]:
    origins = ", ".join(f"{number} {origin}" for origin, number in sorted(translation["segments"].items()))
    yield Text(shown(f"{translation['language']}  version {translation['version']}, segments: {origins}"))
    for engine in translation["engines"]:
        elsewhere = [key for key, names in translation["other_routes"].items() if engine in names]
        where = f" ({', '.join(elsewhere)})" if elsewhere else ""
        yield Text(shown(f"    {engine}{where}"))
    if held := translation["glossary"]:
        since = "as it is now" if held == translation["glossary_now"] else "other terms hold by now"
        yield Text(f"    glossary {held[:12]}: {since}")


def _finding(finding: dict[str, Any]) -> Text:
    severity = "blocks" if finding["severity"] == "block" else "note  "
    state = f" (dismissed by {finding['decided_by']}: {finding['why']})" if finding["state"] == "dismissed" else ""
    where = f" [{finding['segment']}]" if finding["segment"] else ""
    return Text(shown(f"{finding['language']}  {severity}  {finding['message']}{where}{state}"))


def _event(event: dict[str, Any]) -> Text:
    where = f"{event['section']} {event['language']}: " if event["section"] else ""
    by = f" ({event['by']})" if event["by"] else ""
    return Text(shown(f"{_time(event['at'])}  {event['stage']:<9}  {where}{event['message']}{by}"))


def _time(value: Any) -> str:
    return f"{value:%Y-%m-%d %H:%M:%S %Z}" if isinstance(value, datetime) else str(value)
