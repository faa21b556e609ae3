"""The time that goes into content: what a page says it was published at."""

from __future__ import annotations

from datetime import datetime

from django.conf import settings
from django.utils import timezone
from django.utils.dateparse import parse_datetime


def now() -> datetime:
    """The present, or the moment at which SECTIONWIRE_FROZEN_CLOCK stopped it (to compare two runs).

    Leases and due times do not come from here but from the database.
    """
    if settings.FROZEN_CLOCK:
        frozen = parse_datetime(settings.FROZEN_CLOCK)
        if frozen is None or frozen.tzinfo is None:
            raise ValueError(f"SECTIONWIRE_FROZEN_CLOCK is “{settings.FROZEN_CLOCK}”: give ISO 8601 with a zone.")
        return frozen
    return timezone.now()
