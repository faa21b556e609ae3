"""Sources: articles that nobody hands in, but that are found in feeds, folders and sites. See docs/sources.md.

A run lists what the source names (``feeds``, ``folders``, ``sites``; ``listing`` writes it down), takes what is pending
(``taking``, ``articles``), and looks what is ``gone``; ``polite`` is how web servers are asked.
"""

from __future__ import annotations

from datetime import datetime

from pipeline.errors import PipelineError
from pipeline.flow.sources.report import FailedItem, SourceReport, Told
from pipeline.flow.sources.row import Lost, take
from pipeline.flow.sources.run import Run
from pipeline.flow.sources.state import SourceState, items, states
from pipeline.ledger.models import Source as Row
from pipeline.network import Network

__all__ = ["FailedItem", "SourceReport", "SourceState", "Told", "fetch", "items", "states"]


def fetch(
    net: Network,
    key: str,
    now: datetime,
    told: Told = lambda _done, _of: None,
    *,
    dry_run: bool = False,
    again: bool = False,
    accept_gone: bool = False,
) -> SourceReport:
    """Look at a source and take what is new or changed.

    What goes wrong with the source or with an item stands in the report and in the ledger, and is tried again by a
    later call. To call it again after a crash, or twice at once, does no harm.

    Args:
        now: the present; what waits for a later moment is left alone.
        told: is told how many items are done, and of how many.
        dry_run: only say what there is to take.
        again: also try what waits for a later try.
        accept_gone: believe it when more than half is gone at once.

    Raises:
        Permanent: the network file has no such source.
    """
    source = net.source(key)
    if dry_run:
        row = Row.objects.filter(key=key).first() or Row(key=key)
        try:
            return Run(net, source, row, now, told).look()
        except PipelineError as error:
            return SourceReport(key, trouble=str(error))
    row, _ = Row.objects.get_or_create(key=key)
    if row.next_at is not None and row.next_at > now and not again:
        return SourceReport(key, trouble=row.reason, next_at=row.next_at)
    lease = take(row, source.timeout_seconds)
    if lease is None:
        return SourceReport(key, trouble=f"The source {key} is being fetched by another process.")
    run = Run(net, source, row, now, told, lease, again=again, accept_gone=accept_gone)
    try:
        report = run.all()
    except Lost:
        return SourceReport(key, trouble=f"The source {key} was taken over by another process: this one was too slow.")
    except BaseException:
        lease.end()  # the next run need not wait until the lease is over
        raise
    lease.end(
        failures=row.failures + 1 if run.failure else 0,
        reason=report.trouble if run.failure else "",
        next_at=report.next_at,
    )
    return report
