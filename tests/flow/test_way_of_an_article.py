"""From submit to the pages of every country, with real workers, a real broker and the fake engine."""

from __future__ import annotations

import re

import pytest

from pipeline.flow import decisions, status
from pipeline.flow import installation as wiring
from pipeline.flow.status import Place
from pipeline.ledger.models import Article, Edition, MemoryUnit, Version
from tests.flow.conftest import hand_in, sound

pytestmark = pytest.mark.slow


def places(key: str) -> dict[str, Place]:
    """Where an article stands, by section."""
    article = Article.objects.get(key=key)
    (row,) = status.matrix([article], wiring.network())
    return {cell.section: cell.place for cell in row.cells}


def test_an_article_arrives_in_every_section_by_its_policy(installation):
    """auto publishes, review waits, lead follows; an approval then brings both."""
    with installation.running():
        hand_in(1)
        installation.wait(installation.settled)
        assert places("tide-1") == {
            "portugal": Place.REVIEW,
            "brazil": Place.PUBLISHED,
            "angola": Place.FOLLOWING,
            "united-states": Place.PUBLISHED,
        }
        edition = Edition.objects.get(section="portugal")
        decisions.approve(edition.pk, by="Ana", net=wiring.network())
        installation.wait(installation.settled)
    assert set(places("tide-1").values()) == {Place.PUBLISHED}
    sound()
    of_articles = re.compile(r"[^/]+/[^/]+/\d{4}/")  # portugal/pt-pt/2026/…
    pages = {path: text.decode() for path, text in installation.outputs().items() if of_articles.match(path)}
    assert len(pages) == 4
    for page in pages.values():
        assert page.count('rel="alternate"') >= 4
        assert all(f"https://{section}.example/" in page for section in places("tide-1"))


def test_the_same_language_for_three_sections_costs_one_translation(installation):
    """A sentence is translated once per base, however many sections publish it."""
    with installation.running():
        hand_in(1)
        hand_in(2)
        installation.wait(installation.settled)
    assert Version.objects.filter(translation__base="pt").count() == 2
    sources = list(MemoryUnit.objects.values_list("source_text", flat=True))
    assert len(sources) == len(set(sources))


def test_a_correction_replaces_the_page_and_the_first_address_stays(installation):
    """A new revision goes the same way; the live page stays live meanwhile."""
    with installation.running():
        hand_in(1)
        installation.wait(installation.settled)
        before = Edition.objects.get(section="united-states")
        hand_in(1, text="Two people were hurt.")
        installation.wait(installation.settled)
    after = Edition.objects.get(section="united-states")
    assert after.path == before.path
    page = installation.outputs()[f"united-states/{after.path}index.html"].decode()
    assert "Two people were hurt." in page
    sound()
