"""What an output is told of one page: where it stands, what leads there, what stands in its place, its removal."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

from django.db.models import Q

from pipeline.documents import Page, Sent
from pipeline.ledger.models import Delivery, Edition, Redirect
from pipeline.ledger.models.deliveries import SHOWN
from pipeline.network import Network
from pipeline.stages.publish import site
from pipeline.stages.publish.outputs.contract import Output


def key_of(edition: Edition) -> str:
    """The name of an edition's page at an output, whatever its path."""
    return f"{edition.article.uid}/{edition.language}"


def key_of_redirect(edition: Edition, path: str) -> str:
    """The name of a redirect at an output: the page's, with a digest of the path from which it leads."""
    return f"{key_of(edition)}/{hashlib.sha256(path.encode()).hexdigest()[:12]}"


def redirects_of(editions: Iterable[Edition]) -> Mapping[int, Sequence[Redirect]]:
    """The redirects of some editions, by edition."""
    found: dict[int, list[Redirect]] = defaultdict(list)
    for redirect in Redirect.objects.filter(edition__in=[edition.pk for edition in editions]).order_by("id"):
        found[redirect.edition_id].append(redirect)
    return found


def address_of(delivery: Delivery, out: Output, redirects: Sequence[Redirect]) -> str:
    """Where a page stands, or will: an output that chooses addresses itself has said so, unless the path is new."""
    edition = delivery.edition
    stands = delivery.confirmed_seq and delivery.confirmed_action == Delivery.Action.PUT and delivery.url
    if not stands or not getattr(out, "chooses_addresses", False):
        return out.address(edition.path)
    has_moved = any(delivery.confirmed_at is None or each.at > delivery.confirmed_at for each in redirects)
    return out.address(edition.path) if has_moved else delivery.url


def put(
    delivery: Delivery, out: Output, content: bytes, redirects: Sequence[Redirect], page: Page | None = None
) -> Sent:
    """Put a page, or the notice in its place, and lead readers there from where it was before.

    A redirect at the page's own path goes first: an output refuses to put one page over another's.
    """
    edition, sequence = delivery.edition, delivery.sending_seq
    for redirect in redirects:
        if not redirect.active:
            out.remove(key_of_redirect(edition, redirect.path), sequence)
    sent = out.put(edition.path, {site.INDEX: content}, key_of(edition), sequence, page)
    _lead(delivery, out, redirects, sent.url or out.address(edition.path))
    return sent


def remove(delivery: Delivery, out: Output, redirects: Sequence[Redirect]) -> Sent:
    """Take a page away, and what led to it."""
    for redirect in redirects:
        out.remove(key_of_redirect(delivery.edition, redirect.path), delivery.sending_seq)
    return out.remove(key_of(delivery.edition), delivery.sending_seq)


def lead(delivery: Delivery, out: Output, redirects: Sequence[Redirect], to: str) -> Sent:
    """Lead readers of a page, and of all that led there, to where it has moved: another output, or another section."""
    edition = delivery.edition
    sent = out.redirect(edition.path, to, key_of(edition), delivery.sending_seq)
    _lead(delivery, out, redirects, to)
    return sent


def _lead(delivery: Delivery, out: Output, redirects: Sequence[Redirect], to: str) -> None:
    for redirect in redirects:
        if redirect.active:
            key = key_of_redirect(delivery.edition, redirect.path)
            out.redirect(redirect.path, to, key, delivery.sending_seq)


def moved_to(delivery: Delivery, net: Network) -> str:
    """Where a page has moved that is to lead there: its successor's page at its section's first output, once shown."""
    target = delivery.edition.moved_to_id or delivery.edition_id
    first = {section.key: section.outputs[0] for section in net.sections}
    pages = Delivery.objects.filter(SHOWN, Q(edition=target)).exclude(pk=delivery.pk).select_related("edition")
    return next((page.url for page in pages if first.get(page.edition.section) == page.output), "")
