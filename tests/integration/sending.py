"""Sending in tests of what becomes of single pages: without the lists of a whole site, unless they are looked at."""

from __future__ import annotations

from pipeline.flow import installation, lanes, publish, work
from pipeline.ledger.models import Delivery


def settle(*, lists: bool = False) -> None:
    """Send every page that is due, and what that makes due, until nothing is; with ``lists``, front pages as well."""
    outputs = list(installation.network().outputs)
    while sum(_send(output, lists) for output in outputs):
        pass


def _send(output: str, lists: bool) -> int:
    if lists:
        return publish.run(output)[0]
    return work.drain(Delivery, lanes.publish(output), publish.BUDGET, publish._send_pages)[0]
