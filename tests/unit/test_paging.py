"""Pages of the editor: below a weight, and the one that has a segment."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from pipeline.desk.paging import HEAVIEST, page_of


@dataclass(frozen=True)
class Piece:
    """A segment of a weight."""

    key: str
    weight: int


ROWS = [Piece(f"b{number}", HEAVIEST // 4) for number in range(10)]


def keys(page) -> list[str]:
    return [row.key for row in page.rows]


def test_every_piece_is_on_one_page_and_no_page_is_too_heavy():
    pages = [page_of(ROWS, str(number)) for number in (1, 2, 3)]
    assert [key for page in pages for key in keys(page)] == [row.key for row in ROWS]
    assert all(sum(row.weight for row in page.rows) <= HEAVIEST for page in pages)
    assert [(page.before, page.after) for page in pages] == [(0, 2), (1, 3), (2, 0)]


def test_a_piece_that_is_too_heavy_has_a_page_of_its_own():
    page = page_of([Piece("a", 1), Piece("b", 9 * HEAVIEST), Piece("c", 1)], "2")
    assert (keys(page), page.pages) == (["b"], 3)


def test_the_page_with_a_piece_wins_over_the_number():
    assert "b5" in keys(page_of(ROWS, "1", "b5"))
    assert page_of(ROWS, "2", "gone").number == 2


@pytest.mark.parametrize(
    ("asked", "number"), [("", 1), ("x", 1), ("0", 1), ("-1", 1), ("²", 1), ("99", 3), ("9" * 99, 1)]
)
def test_what_is_no_page_is_the_nearest_one(asked, number):
    assert page_of(ROWS, asked).number == number


def test_nothing_is_one_empty_page():
    assert (keys(page_of([])), page_of([]).pages) == ([], 1)
