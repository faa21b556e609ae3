"""The same submission twice, because the answer to the first was lost: the same answer twice."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import timedelta
from http import HTTPStatus
from typing import Any, Final

from pipeline.api.problems import Fault, ProblemError
from pipeline.flow import clock
from pipeline.ledger.models import ApiToken, IdempotencyKey

KEPT: Final = timedelta(days=2)
"""How long an answer is kept; callers are told a day."""


def fingerprint(parts: Sequence[bytes]) -> str:
    """SHA-256 of everything that makes a call what it is."""
    whole = hashlib.sha256()
    for part in parts:
        whole.update(len(part).to_bytes(8, "big") + part)
    return whole.hexdigest()


def answered(token: ApiToken, key: str, print_: str) -> IdempotencyKey | None:
    """What was answered to this key, or ``None`` when it is new.

    Raises:
        ProblemError: the key was used for something else.
    """
    row = IdempotencyKey.objects.filter(token=token, key=key, at__gte=clock.now() - KEPT).first()
    if row is not None and row.fingerprint != print_:
        message = "This key was used for another submission."
        raise ProblemError(
            HTTPStatus.UNPROCESSABLE_ENTITY,
            message,
            "Use a fresh key for each submission, and the same one only to repeat it.",
            errors=[Fault(field="header.Idempotency-Key", message=message)],
        )
    return row


def keep(token: ApiToken, key: str, print_: str, status: int, answer: dict[str, Any]) -> None:
    """Keep an answer, in the transaction that makes it true. What is too old goes.

    Raises:
        IntegrityError: the same key was answered at this very moment; the transaction must be rolled back.
    """
    now = clock.now()
    IdempotencyKey.objects.filter(at__lt=now - KEPT).delete()
    IdempotencyKey.objects.create(token=token, key=key, fingerprint=print_, status=status, answer=answer, at=now)
