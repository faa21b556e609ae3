"""What ``benchmarks/desk.py`` measures, in a process whose environment says where the ledger is."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import django

django.setup()

from bs4 import BeautifulSoup  # noqa: E402 - Django must be set up before the ledger is imported
from django.conf import settings  # noqa: E402
from django.contrib.auth.models import User  # noqa: E402
from django.core.management import call_command  # noqa: E402
from django.db import connection  # noqa: E402
from django.http import HttpRequest, HttpResponse  # noqa: E402
from django.test import Client  # noqa: E402
from django.test.utils import CaptureQueriesContext  # noqa: E402
from django.urls import path  # noqa: E402

from benchmarks import corpus, desk_data  # noqa: E402
from config import urls  # noqa: E402
from pipeline.desk.access import signed_in  # noqa: E402
from pipeline.documents import Metadata, Origin, Submission, TranslatedSegment  # noqa: E402
from pipeline.flow import bell, installation, memory, prepare, versions  # noqa: E402
from pipeline.flow.submit import submit  # noqa: E402
from pipeline.ledger.models import Article, Edition, Membership, RevisionText, Version  # noqa: E402

EDITOR = {"portugal": "editor", "egypt": "editor", "pakistan": "chief", "spain": "chief"}
SEGMENTS = 300
FED = 200
"""Versions whose segments the approved memory has: what a form looks for similar texts in."""


Ask = Callable[[], Any]


@dataclass(frozen=True, slots=True)
class Probe:
    """What is timed, ``often`` times a round; with a small page of the same kind, whose queries are counted as well."""

    name: str
    ask: Ask
    target: float | None = None
    small: Ask | None = None
    often: int = 1


@dataclass(frozen=True, slots=True)
class Figure:
    """Milliseconds of server time; queries of a small page (where there is one) and a large one; bytes of the large."""

    name: str
    median: float
    best: float
    target: float | None = None
    many: int = 0
    few: int | None = None
    bytes: int = 0


def measure(articles: int, times: int) -> tuple[dict[str, int], float, list[Figure]]:
    """Make the ledger and time the desk. Returns rows by name, the seconds it took, and the figures."""
    assert not settings.DEBUG
    call_command("migrate", verbosity=0)
    started = time.monotonic()
    user = User.objects.create_user("editor-1")
    Membership.objects.bulk_create(Membership(user=user, section=key, role=role) for key, role in EDITOR.items())
    rows = desk_data.fill(articles, user.pk)
    with bell.muffled():
        long, short = _handed_in("long", SEGMENTS - 2), _handed_in("short", 3)
        for version in Version.objects.order_by("id")[:FED]:
            memory.feed(version, "editor-1")
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
    seconds = time.monotonic() - started
    client = Client(SERVER_NAME="localhost")
    client.force_login(user)
    probes = [*_baseline(client), *_pages(client, long, short), _approving(client, times)]
    return rows, seconds, _timed(probes, times)


def _handed_in(key: str, paragraphs: int) -> Edition:
    """Portugal's edition of an article that goes through the flow; the translation is the source in other words."""
    lines = []
    for number in range(paragraphs):
        who, did, where = (words[number % len(words)] for words in (corpus.WHO, corpus.DID, corpus.WHERE))
        link = f'<a href="https://example.org/{number}">{where}</a>' if number % 6 == 0 else where
        lines.append(f"<p>{who} {'<strong>' + did + '</strong>' if number % 10 == 1 else did} {link} ({number}).</p>")
    submit(
        Submission(f"{key}.html", "".join(lines).encode(), Metadata(title=f"A {key} report", language="en", key=key))
    )
    prepare.run()
    article = Article.objects.get(key=key)
    translation = article.translations.get(base="pt")
    text = RevisionText.objects.get(revision=translation.revision_id)
    segments = text.as_segmented(translation.revision.metadata).segments
    assert len(segments) == paragraphs + 2  # title and summary, too
    versions.add(
        translation,
        translation.revision,
        tuple(TranslatedSegment(each.key, each.source.replace("the ", "o "), Origin.ENGINE, 0.9) for each in segments),
        author="fake",
        net=installation.network(),
        engines=["fake"],
    )
    translation.refresh_from_db()
    type(translation).objects.filter(pk=translation.pk).update(status="done", reason="")
    return Edition.objects.get(article=article, section="portugal")


@signed_in
def _nothing(request: HttpRequest) -> HttpResponse:  # noqa: ARG001 - every view takes a request
    return HttpResponse()


def _baseline(client: Client) -> list[Probe]:
    urls.urlpatterns.append(path("nothing/", _nothing))

    def select() -> None:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
            cursor.fetchone()

    return [
        Probe("SELECT 1", select, often=5),
        Probe("an empty view, signed in", lambda: client.get("/nothing/"), often=5),
    ]


def _pages(client: Client, long: Edition, short: Edition) -> list[Probe]:
    def page(name: str, address: str, small: str, target: float) -> Probe:
        return Probe(name, _got(client, address), target, _got(client, small))

    few = "/desk/?text=report-99"
    blocked, without = "findings=block&order=shortest", "findings=none&order=newest"
    key, other = "b150", "b2"
    return [
        page("my desk", "/desk/", few, 150),
        page("my desk, the last page", "/desk/?page=9999", few, 150),
        page("my desk, one section, state and origin", "/desk/?section=spain&state=in_review&origin=machine", few, 150),
        page("my desk, findings that block", f"/desk/?{blocked}", few, 150),
        page("my desk, no findings, newest first", f"/desk/?{without}", few, 150),
        page("my desk, assigned to me", "/desk/?mine=me", few, 150),
        page("my desk, search", "/desk/?text=lighthouse&order=oldest", few, 150),
        page(f"the editor, {SEGMENTS} segments", f"/editions/{long.pk}/", f"/editions/{short.pk}/", 300),
        page("the editor, its last page", f"/editions/{long.pk}/?page=99", f"/editions/{short.pk}/", 300),
        page(
            "a segment's form", f"/editions/{long.pk}/segments/{key}/", f"/editions/{short.pk}/segments/{other}/", 150
        ),
        _saving(client, "base", long, key, short, other),
        _saving(client, "edition", long, key, short, other),
    ]


def _got(client: Client, address: str) -> Ask:
    def ask() -> Any:
        answer = client.get(address)
        assert answer.status_code == 200, (address, answer.status_code)
        return answer

    return ask


def _saving(client: Client, scope: str, long: Edition, key: str, short: Edition, small_key: str) -> Probe:
    def saving(edition: Edition, key: str) -> Ask:
        address = f"/editions/{edition.pk}/segments/{key}/"
        form = BeautifulSoup(client.get(f"{address}?scope={scope}").content, "lxml")
        field = form.find("input", attrs={"name": f"seen-{scope}"})
        assert field is not None
        texts = [str(field["value"])]

        def save() -> Any:
            # With a number that the source does not have: the checks find something, as they do with people.
            texts.append(f"{texts[0]} {len(texts)}.")
            data = {"text": texts[-1], f"seen-{scope}": texts[-2], "scope": scope}
            answer = client.post(address, data, headers={"HX-Request": "true"})
            assert answer.status_code == 200, answer.content.decode()
            return answer

        return save

    name = "saving a segment, for all" if scope == "base" else "saving a segment, own wording"
    return Probe(f"{name} ({SEGMENTS} segments)", saving(long, key), 60, saving(short, small_key))


def _approving(client: Client, times: int) -> Probe:
    waiting = Edition.objects.filter(section="spain", state="in_review", approved=None).exclude(
        candidate__findings__severity="block", candidate__findings__state="open"
    )
    left = list(waiting.select_related("candidate").order_by("id")[: times + 3])

    def approve() -> Any:
        edition = left.pop()
        assert edition.candidate is not None
        data = {"do": "approve", "digest": edition.candidate.digest}
        answer = client.post(f"/editions/{edition.pk}/verdict/", data)
        assert Edition.objects.get(pk=edition.pk).approved_id == edition.candidate_id, answer.content.decode()
        return answer

    return Probe("approving", approve, 150)


def _timed(probes: Sequence[Probe], times: int) -> list[Figure]:
    """All of them in turn, round after round: so a slow minute of the machine is everybody's."""
    spent: dict[str, list[float]] = {probe.name: [] for probe in probes}
    for round_ in range(times + 1):
        for probe in probes:
            for _ in range(probe.often):
                started = time.perf_counter()
                probe.ask()
                if round_:  # in the first one templates are compiled
                    spent[probe.name].append(1000 * (time.perf_counter() - started))
            if probe.small and round_ < 2:  # so that it has been saved, too, when its queries are counted
                probe.small()
    return [_figure(probe, spent[probe.name]) for probe in probes]


def _figure(probe: Probe, spent: Sequence[float]) -> Figure:
    many, weight = _queries(probe.ask)
    few = _queries(probe.small)[0] if probe.small else None
    return Figure(probe.name, statistics.median(spent), min(spent), probe.target, many, few, weight)


def _queries(ask: Ask) -> tuple[int, int]:
    """How many queries it takes, the second time, and how many bytes it answers."""
    with CaptureQueriesContext(connection) as captured:
        answer = ask()
    return len(captured), len(answer.content) if answer is not None else 0
