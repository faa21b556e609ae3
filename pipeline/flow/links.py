"""Links from one article to another: on each page they lead to the same language's version, and are mended later.

An article is known by many addresses (``Address``), and names others by theirs (``Link``): both are kept as digests of
their normal form, by index.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import PurePosixPath
from typing import Final, NamedTuple

from pipeline.flow import deliveries
from pipeline.ledger.models import Address, Article, Delivery, Edition, Link
from pipeline.ledger.models.deliveries import SHOWN
from pipeline.network import Network
from pipeline.stages.publish import links, site

_CHUNK: Final = 500


def note(article: Article, body: str, submitted_as: str) -> None:
    """Keep by what an article is known, and to what its text links. Call it in a transaction that holds the article.

    What an earlier revision linked to is kept: it may be the one that is live.
    """
    known = links.names(article.canonical_url)
    known |= {form for name in (submitted_as, article.key) if (form := _file(name))}
    know((article.pk, name) for name in known)
    linked = links.found(body) - known
    Link.objects.bulk_create(
        [Link(article=article, digest=_digest(form)) for form in sorted(linked)], ignore_conflicts=True
    )


def know_address(article_id: int, url: str) -> None:
    """Keep an address at which an article stands, or stood."""
    know((article_id, name) for name in links.names(url))


def know(names: Iterable[tuple[int, str]]) -> None:
    """Keep names (normal forms) by which articles (by id) are known."""
    rows = [Address(article_id=article, digest=_digest(form)) for article, form in sorted(set(names))]
    if rows:
        Address.objects.bulk_create(rows, ignore_conflicts=True)


def article_at(url: str) -> Article | None:
    """The article that is or was known at a web address, its own pages included; ``None`` where none is, or several."""
    form = links.normal(url)
    known = Article.objects.filter(addresses__digest=_digest(form)).order_by("pk")[:2] if form.startswith("//") else ()
    found = list(known)
    return found[0] if len(found) == 1 else None


def _file(name: str) -> str:
    """The name of a file, as a relative link would have it; one that every folder has names no article."""
    form = links.normal(PurePosixPath(name).name) if "://" not in name else ""
    return form if form.startswith("file:") and form != "file:index" else ""


def _digest(form: str) -> str:
    return hashlib.sha256(form.encode("utf-8", "surrogatepass")).hexdigest()


class _Seen(NamedTuple):
    """A page that readers can see; ``output`` is empty where it stands as it stood before Sectionwire came."""

    edition: Edition
    output: str
    url: str


@dataclass(frozen=True, slots=True)
class Known:
    """To which articles the links of some bodies lead, and at which pages these stand.

    ``articles`` has them by normal form, ``pages`` has what readers can see of each.
    """

    net: Network
    articles: Mapping[str, int] = field(default_factory=dict)
    pages: Mapping[int, Sequence[_Seen]] = field(default_factory=dict)

    def led(self, body: str, edition: Edition, output: str, url: str) -> str:
        """The body of an edition's page at ``url``, its links led to what the same readers can read."""
        if not self.articles:
            return body
        targets = {}
        for form in links.found(body):
            article = self.articles.get(form)
            if article is not None and (target := self._target(article, edition, output, url)):
                targets[form] = site.link(url, edition.path, target)
        return links.lead(body, targets)

    def _target(self, article: int, edition: Edition, output: str, url: str) -> str:
        """The same language at the same section; else elsewhere; else the same base; else nothing better."""
        if article == edition.article_id:
            return url
        order = {section.key: number for number, section in enumerate(self.net.sections)}
        base = edition.translation.base

        def rank(page: _Seen) -> tuple[bool, bool, bool, int]:
            other = page.edition
            return (
                (other.section, other.language) != (edition.section, edition.language),
                page.output != output,
                other.language != edition.language,
                order.get(other.section, len(order)),
            )

        fitting = [page for page in self.pages.get(article, ()) if page.edition.translation.base == base]
        return min(fitting, key=rank).url if fitting else ""


def known(bodies: Iterable[str], net: Network) -> Known:
    """What there is to know about the links of some bodies: three queries at most, by index."""
    forms = {_digest(form): form for body in bodies for form in links.found(body)}
    if not forms:
        return Known(net)
    articles: dict[str, set[int]] = defaultdict(set)
    for digest, article in Address.objects.filter(digest__in=forms).values_list("digest", "article_id"):
        articles[forms[digest]].add(article)
    sure = {form: min(ids) for form, ids in articles.items() if len(ids) == 1}  # a name that two have names none
    if not sure:
        return Known(net)
    pages: dict[int, list[_Seen]] = defaultdict(list)
    for page in _seen(set(sure.values())):
        pages[page.edition.article_id].append(page)
    return Known(net, sure, pages)


def _seen(articles: set[int]) -> Iterator[_Seen]:
    shown = Delivery.objects.filter(SHOWN, edition__article__in=articles).select_related("edition__translation")
    for page in shown.order_by("id"):
        yield _Seen(page.edition, page.output, page.url)
    before = Edition.objects.filter(article__in=articles, deliveries=None, state=Edition.State.LIVE)
    for edition in before.exclude(existing_url="").select_related("translation").order_by("id"):
        yield _Seen(edition, "", edition.existing_url)


def moved(pages: Sequence[tuple[Edition, str]], *, settle: timedelta) -> None:
    """A page has a new address, has come back or is gone: whoever links to its article is written again.

    Call it in a transaction that holds the articles of the pages.
    """
    know((edition.article_id, name) for edition, url in pages if url for name in links.names(url))
    bases = {edition.translation.base for edition, _ in pages}
    names = Address.objects.filter(article__in={edition.article_id for edition, _ in pages})
    to_them = Link.objects.filter(digest__in=list(names.values_list("digest", flat=True)))
    articles = sorted(set(to_them.values_list("article_id", flat=True)))
    for start in range(0, len(articles), _CHUNK):
        linking = Delivery.objects.filter(edition__article__in=articles[start : start + _CHUNK])
        deliveries.rewrite(linking.filter(edition__translation__base__in=bases), later=settle)
