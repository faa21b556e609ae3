"""The translation memory over the ledger."""

from __future__ import annotations

import pytest
from django.utils import timezone

from pipeline.documents import Hop, Route
from pipeline.ledger.memory import LedgerMemory
from pipeline.ledger.models import MemoryUnit

pytestmark = pytest.mark.django_db

ROUTE = Route("en", "pt", (Hop("fake", "en", "pt", "a", "1"),))
OTHER = Route("en", "pt", (Hop("fake", "en", "pt", "b", "2"),))


@pytest.fixture
def memory() -> LedgerMemory:
    """An empty memory."""
    return LedgerMemory(timezone.now)


def test_what_was_stored_is_found_by_the_same_route_only(memory):
    """Another model never answers with this one's sentences."""
    memory.store(ROUTE, {"The tide": "A maré"})
    assert memory.lookup(ROUTE, ["The tide", "The boat"]) == {"The tide": "A maré"}
    assert memory.lookup(OTHER, ["The tide"]) == {}


def test_the_first_insert_wins_and_the_others_hear_of_it(memory):
    """Two workers may see a sentence at the same moment; the pages agree."""
    memory.store(ROUTE, {"The tide": "A maré"})
    counting = memory.store(ROUTE, {"The tide": "O fluxo", "The boat": "O barco"})
    assert counting == {"The tide": "A maré", "The boat": "O barco"}
    assert MemoryUnit.objects.count() == 2


def test_thousands_of_sentences_at_once(memory):
    """In portions that the database takes."""
    units = {f"Boat {number}": f"Barco {number}" for number in range(2_500)}
    assert memory.store(ROUTE, units) == units
    assert memory.lookup(ROUTE, list(units)) == units


def test_odd_texts_are_kept_as_they_are(memory):
    """Quotes, another script, an emoji, a very long one."""
    units = {"“a” 'b'": "x", "مد و جزر": "maré", "🌊": "🌊", "long " * 5_000: "longo " * 5_000}
    assert memory.store(ROUTE, units) == units
    assert memory.lookup(ROUTE, list(units)) == units
