"""Pages of the editor: an article however long, in pieces that a poor connection carries."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Generic, Protocol, TypeVar

HEAVIEST: Final = 78_000
"""Bytes of HTML that the segments of a page may have; with what stands around them it stays below 100 kB."""


class Piece(Protocol):
    """What pages are made of."""

    @property
    def key(self) -> str:
        """By which it is found."""

    @property
    def weight(self) -> int:
        """How many bytes of HTML it makes, more or less."""


T = TypeVar("T", bound=Piece)


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """One page of ``pages``, numbered from 1."""

    rows: Sequence[T]
    number: int
    pages: int

    @property
    def before(self) -> int:
        """The number of the page before; 0 when this is the first."""
        return self.number - 1

    @property
    def after(self) -> int:
        """The number of the next page; 0 when this is the last."""
        return self.number + 1 if self.number < self.pages else 0


def page_of(rows: Sequence[T], asked: str = "", at: str = "") -> Page[T]:
    """The page with the piece ``at``, else the one that is asked for by its number; the first when there is neither."""
    pages: list[list[T]] = [[]]
    weight = 0
    for row in rows:
        if pages[-1] and weight + row.weight > HEAVIEST:
            pages.append([])
            weight = 0
        pages[-1].append(row)
        weight += row.weight
    with_it = [number for number, page in enumerate(pages, 1) if any(row.key == at for row in page)]
    wanted = int(asked) if asked.isascii() and asked.isdecimal() and len(asked) < 10 else 1
    number = with_it[0] if with_it else min(max(wanted, 1), len(pages))
    return Page(pages[number - 1], number, len(pages))
