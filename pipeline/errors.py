"""The two kinds of failure, split by what happens next."""

from __future__ import annotations


class PipelineError(Exception):
    """Something went wrong with a piece of work; the message is one clear sentence for a person.

    ``remedy`` says what to do about it, in one sentence, or is empty.
    """

    def __init__(self, message: str, remedy: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.remedy = remedy

    def __str__(self) -> str:
        return f"{self.message} {self.remedy}".strip()


class Transient(PipelineError):
    """Try again later: the ledger retries the row by itself.

    ``retry_after`` is the number of seconds that the other side asked for, or ``None``.
    """

    def __init__(self, message: str, remedy: str = "", retry_after: float | None = None) -> None:
        super().__init__(message, remedy)
        self.retry_after = retry_after


class Unreachable(Transient):
    """No answer at all, or none in time: whoever asks the same server for something else now would wait as long."""


class Permanent(PipelineError):
    """Trying again changes nothing: a person must act, and the message says how."""
