"""The organisation of a run: six sections in three languages, their articles, and an editor who never sleeps."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Final

from pipeline.documents import Metadata, Submission
from pipeline.errors import Permanent
from pipeline.flow import decisions
from pipeline.ledger.models import Edition
from pipeline.ledger.models.editions import seen_digest
from pipeline.network import Network

EDITOR: Final = "ines"
BASES: Final = ("pt", "es", "fr")
PER_GROUP: Final = 30
"""Articles of a month, a kind, a topic. Lists with more than one page depend on who was confirmed first (see
pipeline/stages/publish/lists.py): two undisturbed runs would differ there as well."""

_HEAD: Final = """\
[organisation]
name = "Tidewater Relief"
source_languages = ["en"]

[engines]
order = ["chaos"]
processes = 2
deadline_seconds = 10

[checks]
language = "off"  # what the engine says is in none
untranslated = "off"

[outputs.site]
type = "folder"
base_url = "https://{section}.example"
settle_seconds = 1

[outputs.cms]
type = "webhook"
base_url = "https://{section}.cms.example"
settle_seconds = 1
webhook = { url = "URL/{section}/in", list_url = "URL/{section}/list", allow_private = true, timeout_seconds = 1 }
"""
_SECTION: Final = """
[[sections]]
key = "{key}"
name = "Tidewater Relief {key}"
country = "{country}"
time_zone = "{zone}"
languages = [{{ tag = "{base}-{country}", base = "{base}" }}]
policy = "{policy}"
{follows}outputs = ["site", "cms"]
"""
_SECTIONS: Final = (
    ("portugal", "PT", "Europe/Lisbon", "pt", "review", ""),
    ("brazil", "BR", "America/Sao_Paulo", "pt", "auto", ""),
    ("angola", "AO", "Africa/Luanda", "pt", "lead", "portugal"),
    ("spain", "ES", "Europe/Madrid", "es", "review", ""),
    ("mexico", "MX", "America/Mexico_City", "es", "auto", ""),
    ("senegal", "SN", "Africa/Dakar", "fr", "auto", ""),
)
SECTIONS: Final = len(_SECTIONS)
OUTPUTS: Final = 2


def network(url: str) -> str:
    """The network file; ``url`` is the receiver's."""
    text = _HEAD.replace("URL", url)
    for key, country, zone, base, policy, leader in _SECTIONS:
        follows = f'follows = "{leader}"\n' if leader else ""
        text += _SECTION.format(key=key, country=country, zone=zone, base=base, policy=policy, follows=follows)
    return text


def articles(number: int) -> Iterator[Submission]:
    """So many articles, each with sentences of its own and some that others have as well."""
    for each in range(number):
        yield article(each)


def article(number: int, *, update: bool = False) -> Submission:
    """One article, or its second revision."""
    group = number // PER_GROUP
    month = datetime(2024 + group // 12, group % 12 + 1, 1, 6, tzinfo=UTC)
    # Nothing but sentences of its own in an update: else it would depend on the editor's order whether all its segments
    # are approved already, and its page says so.
    came = f"The second boat came to post {number} at noon." if update else "The first boat came at dawn."
    body = f"""<h2>The tide at post {number}</h2>
    <p>The water rose by {number + 2} metres. <a href="https://example.org/{number}">Read <em>the report</em></a>
    before the boats leave harbour {number}. Nobody was hurt.</p>
    <ul><li>{came}</li><li>Post {number} has <strong>{number + 3} beds</strong>.</li></ul>
    <p>Keeper {number} writes: “The gauge stood at {number} all night, and the light was on.”</p>"""
    meta = Metadata(
        title=f"Tide report {number}",
        summary=f"What the keepers of post {number} saw.",
        key=f"tide-{number}",
        language="en",
        kind=f"report{group}",
        tags=(f"Coast {group}",),
        published_at=month + timedelta(hours=number % PER_GROUP),
    )
    return Submission(f"tide-{number}.html", body.encode(), meta)


def decide(net: Network, most: int) -> int:
    """The editor approves up to so many of what waits for her; gives how many."""
    done = 0
    waiting = Edition.objects.filter(state=Edition.State.IN_REVIEW, candidate__isnull=False).order_by("id")
    for edition in waiting.select_related("candidate")[:most]:
        assert edition.candidate is not None
        try:
            decisions.approve(edition.pk, by=EDITOR, net=net, digest=seen_digest(edition.candidate, edition.overlay))
        except Permanent:
            continue  # it has changed since: she reads it again
        done += 1
    return done
