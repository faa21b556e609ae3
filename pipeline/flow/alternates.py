"""Which pages of an article name each other: one for each section and language, at the section's first output."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from pipeline.documents import Alternate
from pipeline.ledger.models import Delivery, Edition
from pipeline.ledger.models.deliveries import SHOWN
from pipeline.network import Network


@dataclass(frozen=True, slots=True)
class Alternates:
    """The pages of some articles that name each other.

    ``pages`` has them by article: each with its address, which is empty while it goes out. ``order`` is that of the
    network file, ``leading`` has the first output of each section.
    """

    order: Mapping[tuple[str, str], int]
    leading: Mapping[str, str]
    pages: Mapping[int, Sequence[tuple[Delivery, str]]]

    def of(self, edition: Edition, url: str, title: str, address: Callable[[Delivery], str]) -> tuple[Alternate, ...]:
        """The alternates of an edition's page at ``url``, itself among them. ``address`` tells where one will stand."""
        found = {}
        for row, known in self.pages[edition.article_id]:
            other = row.edition
            if self.leading.get(other.section) == row.output:
                found[other.section, other.language] = Alternate(other.language, known or address(row))
        found[edition.section, edition.language] = Alternate(edition.language, url, title)
        last = len(self.order)
        return tuple(found[key] for key in sorted(found, key=lambda key: (self.order.get(key, last), key)))


def read(net: Network, claimed: Sequence[Delivery]) -> Alternates:
    """The pages that are confirmed, and those that go out together now, by one query.

    The latter are not confirmed when the first of them is written. Should one fail, or the output put it elsewhere, the
    others are wanted again (see :mod:`pipeline.flow.confirm`); without this, every page would be written twice.
    """
    pages: dict[int, list[tuple[Delivery, str]]] = defaultdict(list)
    now = {row.pk for row in claimed}
    articles = {row.edition.article_id for row in claimed}
    for row in Delivery.objects.filter(SHOWN, edition__article_id__in=articles).select_related("edition"):
        if row.pk not in now:
            pages[row.edition.article_id].append((row, row.url))
    for row in claimed:
        pages[row.edition.article_id].append((row, ""))
    columns = ((section.key, language.tag) for section in net.sections for language in section.languages)
    order = {column: number for number, column in enumerate(columns)}
    return Alternates(order, {section.key: section.outputs[0] for section in net.sections}, pages)
