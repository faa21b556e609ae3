"""Many rows, each with its own values, in one statement."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from django.db import DataError, connection
from django.test.utils import CaptureQueriesContext

from pipeline.ledger.bulk import update_each
from pipeline.ledger.models import Delivery, Refresh

pytestmark = pytest.mark.django_db

MOMENT = datetime(2026, 3, 29, 1, 30, tzinfo=UTC)
COLUMNS = ("name", "numbered", "touched", "due_at", "token")


def made(number: int) -> list[Refresh]:
    rows = [Refresh(output="site", section="brazil", page=f"tag:{n}", lane="publish.site") for n in range(number)]
    return Refresh.objects.bulk_create(rows)


def test_every_row_gets_its_own_values_of_every_kind():
    """Text with all that quotes, numbers, JSON, times and nothing at all; other rows and columns stay."""
    first, second, other = made(3)
    values = {
        first.pk: ('O\'Brien \\ "água" %s', 7, [1, {"a": "b"}], MOMENT, None),
        second.pk: ("", 0, [], MOMENT.replace(year=2027), None),
    }
    assert update_each(Refresh, COLUMNS, values) == 2
    for pk, wanted in values.items():
        row = Refresh.objects.get(pk=pk)
        assert tuple(getattr(row, name) for name in COLUMNS) == wanted
        assert row.page.startswith("tag:")
    untouched = Refresh.objects.get(pk=other.pk)
    assert (untouched.numbered, untouched.touched) == (0, [])


def test_what_is_not_there_is_not_counted_and_nothing_is_no_statement():
    """As with Django's update."""
    (row,) = made(1)
    assert update_each(Refresh, ("numbered",), {row.pk: (3,), row.pk + 1: (4,)}) == 1
    with CaptureQueriesContext(connection) as queries:
        assert update_each(Refresh, ("numbered",), {}) == 0
    assert len(queries) == 0


def test_many_rows_take_no_more_parameters_than_the_database_has():
    """Two thousand rows."""
    rows = made(2_000)
    assert update_each(Refresh, ("numbered", "listed"), {row.pk: (row.pk, 1) for row in rows}) == 2_000
    last = Refresh.objects.get(pk=rows[-1].pk)
    assert (last.numbered, last.listed) == (last.pk, 1)


@pytest.mark.skipif("connection.vendor == 'sqlite'", reason="SQLite takes texts of any length")
def test_a_text_that_is_too_long_is_refused_and_not_cut_off():
    """PostgreSQL says so."""
    (row,) = made(1)
    with pytest.raises(DataError):
        update_each(Refresh, ("name",), {row.pk: ("x" * 301,)})


def test_a_field_that_is_none_of_the_model_is_a_fault_of_the_caller():
    """A key is named with its ``_id``, or without."""
    assert update_each(Delivery, ("version_id",), {1: (None,)}) == 0
    with pytest.raises(StopIteration):
        update_each(Refresh, ("nothing",), {1: (1,)})
