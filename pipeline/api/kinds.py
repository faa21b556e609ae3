"""The kinds of values that calls bring and answers hold."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import MAXYEAR, MINYEAR, UTC, datetime
from enum import Enum
from http import HTTPStatus
from typing import Annotated, Any, Final

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, GetCoreSchemaHandler
from pydantic_core import CoreSchema, core_schema

from pipeline.api.problems import Problem
from pipeline.stages.intake.text import characters

LARGEST: Final = 2**63 - 1
"""The largest number that names a row."""


class OneOf:
    """One of some words: checked on the way in, told in the schema of the very field."""

    def __init__(self, words: type[Enum] | Iterable[str]) -> None:
        self.words = [str(word.value) if isinstance(word, Enum) else word for word in words]

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        """A literal; ``source`` and ``handler`` are pydantic's."""
        return core_schema.literal_schema(self.words)


def _clean(value: object) -> object:
    return characters(value) if isinstance(value, str) else value


Text = Annotated[str, BeforeValidator(_clean)]
"""Text that the ledger can hold: a NUL, or half a character, becomes a replacement character."""


def _moment(given: datetime) -> datetime:
    if not MINYEAR < given.year < MAXYEAR:
        raise ValueError("there is no such time in every zone")
    return given if given.tzinfo else given.replace(tzinfo=UTC)


Moment = Annotated[datetime, AfterValidator(_moment)]
"""A time that has a name in every zone; in UTC where it brings no zone, as in articles."""

RowId = Annotated[int, Field(ge=1, le=LARGEST)]
Uid = Annotated[str, Field(pattern="^[a-z2-7]{12}$", examples=["k5ev3zqa2mbd"])]
Limit = Annotated[int, Field(ge=1, le=200, description="How many at most.")]


class Given(BaseModel):
    """What a call brings; what nobody knows is refused, since it may have been meant to be something."""

    model_config = ConfigDict(extra="forbid")


def answers(good: dict[int, Any], *problems: int, cached: bool = False) -> dict[int, Any]:
    """Every answer of an operation, by status: what it gives, and what can go wrong with it besides.

    Any call may meet 401, 403, 422, 429, 500 and 503. ``cached``: it knows If-None-Match.
    """
    always = {
        HTTPStatus.UNAUTHORIZED,
        HTTPStatus.FORBIDDEN,
        HTTPStatus.UNPROCESSABLE_ENTITY,
        HTTPStatus.TOO_MANY_REQUESTS,
        HTTPStatus.INTERNAL_SERVER_ERROR,
        HTTPStatus.SERVICE_UNAVAILABLE,
    }
    bad = {int(status): Problem for status in sorted({*always, *problems})}
    return {**good, **({304: None} if cached else {}), **bad}
