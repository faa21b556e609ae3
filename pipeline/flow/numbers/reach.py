"""Coverage: of the articles that came in, how many do readers have, by section and language."""

from __future__ import annotations

from collections import defaultdict
from datetime import date
from typing import Final

from django.db.models import Count, Q
from django.db.models.functions import Now

from pipeline.flow.numbers.scope import Scope
from pipeline.flow.numbers.table import Table, share, table
from pipeline.ledger.models import Edition

State = Edition.State

_BESIDE: Final = (State.IN_REVIEW, State.SECOND, State.HELD, State.RETURNED, State.FOLLOWING)
"""In these states an edition that was approved before goes on showing that version to readers."""

LIVE: Final = Q(state=State.LIVE) | Q(state__in=_BESIDE, approved__isnull=False)


def coverage(scope: Scope) -> Table:
    """Articles that came in, by piece of time, section and language: for how many it is meant, how many are live.

    An article counts for a section that takes it (its target rule, and no editor has said “not for us”); one that is
    withdrawn as a whole counts nowhere.
    """
    out = LIVE & (Q(release_at=None) | Q(release_at__lte=Now()))
    meant = Edition.objects.exclude(state=State.DECLINED).filter(
        scope.during("article__created_at"), scope.spoken(), article__withdrawn=False, moved_to=None
    )
    counted = meant.order_by().values("section", "language", day=scope.cut("article__created_at"))
    totals: dict[date, list[int]] = defaultdict(lambda: [0, 0])
    rows = []
    for row in counted.annotate(articles=Count("*"), live=Count("pk", filter=out)):
        day, articles, live = row["day"], row["articles"], row["live"]
        totals[day][0] += articles
        totals[day][1] += live
        if scope.shown(row["section"]):
            rows.append((day, row["section"], row["language"], articles, live, share(live, articles)))
    rows.sort(key=lambda row: (row[1], row[2], row[0]))
    rows += [(day, "", "", articles, live, share(live, articles)) for day, (articles, live) in sorted(totals.items())]
    return table(
        "coverage",
        {
            "from": "day",
            "section": "section",
            "language": "language",
            "articles": "count",
            "live": "count",
            "share": "share",
        },
        rows,
        step=scope.step,
    )
