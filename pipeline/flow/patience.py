"""An output that gives no answer holds a publishing thread for one timeout, not for one per page.

After the first page (or list) without an answer, whatever else was claimed for the same server goes back, and
all that waits for this server is due a little later: at first in seconds, in the end every two minutes. A page that is
the cause itself, because a receiver breaks at it, falls behind the others by its own backoff.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from time import monotonic
from typing import Final, Generic, TypeVar
from urllib.parse import urlsplit

import structlog
from django.db import transaction
from django.db.models.functions import Now

from pipeline.flow import lanes
from pipeline.ledger import claim as claims
from pipeline.ledger.models import Claimable, Delivery, Refresh
from pipeline.ledger.models.articles import hold_all
from pipeline.network import Network

log = structlog.get_logger()
M = TypeVar("M", bound=Claimable)

LONGEST_WAIT: Final = 120.0
REST: Final = 4.0
"""A server that lets us wait is left alone for so many times as long: four fifths of a thread are for others."""


@dataclass(slots=True)
class Patience(Generic[M]):
    """What one claim finds out about the servers behind its output: which of them give no answer."""

    claim: claims.Claim[M]
    net: Network
    output: str
    _silent: dict[str, float] = field(default_factory=dict)  # servers, with the seconds for which to leave them alone
    _begun: float = 0.0

    def asks(self, section: str) -> bool:
        """Whether to send something of a section now: not when its server has given no answer to this claim."""
        self._begun = monotonic()
        return not self._silent or _server(self.net, self.output, section) not in self._silent

    def no_answer(self, section: str, attempts: int) -> None:
        """What was sent last, the so-manieth time, got no answer."""
        # No shorter than the row's own backoff may become: it is tried first again, and so the waits grow.
        wait = max(REST * (monotonic() - self._begun), 1.5 * 2.0 ** min(attempts, 10))
        self._silent[_server(self.net, self.output, section)] = min(wait, LONGEST_WAIT)

    def end(self, left: Sequence[M]) -> None:
        """Give back what was not sent, and put off all that waits for the servers that gave no answer.

        Call it when the failure of what was sent is recorded.
        """
        if not left and not self._silent:
            return
        with transaction.atomic():
            hold_all(row.edition.article_id for row in left if isinstance(row, Delivery))
            claims.give_back(self.claim, [row.pk for row in left])
        with transaction.atomic():
            for server, wait in self._silent.items():
                self._put_off(server, wait)

    def _put_off(self, server: str, wait: float) -> None:
        sections = [each.key for each in self.net.sections if _server(self.net, self.output, each.key) == server]
        due = Now() + timedelta(seconds=wait)
        lane = lanes.publish(self.output)
        claims.put_off_ready(Delivery.objects.filter(lane=lane, edition__section__in=sections), due)
        claims.put_off_ready(Refresh.objects.filter(lane=lane, section__in=sections), due)
        log.warning("no answer: what waits for this server is sent later", output=self.output, seconds=round(wait, 1))


def _server(net: Network, output: str, section: str) -> str:
    """What an output reaches for a section: sections may have servers of their own, or folders."""
    config = net.outputs.get(output)
    if config is None:
        return ""
    if config.webhook is not None:
        return urlsplit(config.webhook.url.replace("{section}", section)).netloc
    return config.path.replace("{section}", section) if config.s3 is None and not config.options else ""
