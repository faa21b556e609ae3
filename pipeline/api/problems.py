"""What is wrong, as ``application/problem+json`` (RFC 9457): one clear sentence, and what to do about it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from http import HTTPStatus
from typing import Any, Final

import structlog
from django.core.exceptions import RequestDataTooBig, SuspiciousOperation
from django.db import OperationalError
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse, UnreadablePostError
from ninja import NinjaAPI
from ninja.errors import AuthenticationError, HttpError, ValidationError
from pydantic import BaseModel, Field

from pipeline.errors import Permanent, Transient

log = structlog.get_logger()

MEDIA_TYPE: Final = "application/problem+json"
_URN: Final = "urn:sectionwire:problem:"
RETRY_SECONDS: Final = 5


class Fault(BaseModel):
    """One field that is wrong."""

    field: str = Field(examples=["body.digest"], description="Where it stands: query, path or body, then its name.")
    message: str = Field(examples=["Field required"])


class Problem(BaseModel):
    """What went wrong (RFC 9457). ``remedy`` says what to do about it, ``errors`` which fields are meant."""

    type: str = Field(examples=["urn:sectionwire:problem:not-found"])
    title: str = Field(examples=["Not Found"])
    status: int = Field(ge=400, le=599, examples=[404])
    detail: str = Field(examples=["There is no such article."])
    remedy: str = Field(default="", examples=["List them: GET /api/v1/articles"])
    errors: list[Fault] = Field(default_factory=list)


class ProblemError(Exception):
    """A call that is answered with a problem."""

    def __init__(
        self,
        status: HTTPStatus,
        detail: str,
        remedy: str = "",
        *,
        errors: Sequence[Fault] = (),
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail
        self.remedy = remedy
        self.errors = errors
        self.headers = headers or {}


def told(problem: ProblemError) -> dict[str, Any]:
    """A problem as JSON values."""
    return Problem(
        type=_URN + problem.status.name.lower().replace("_", "-"),
        title=problem.status.phrase,
        status=problem.status.value,
        detail=problem.detail,
        remedy=problem.remedy,
        errors=list(problem.errors),
    ).model_dump()


def answer(problem: ProblemError) -> HttpResponse:
    """The answer that says so."""
    response = JsonResponse(told(problem), status=problem.status, content_type=MEDIA_TYPE)
    for name, value in problem.headers.items():
        response.headers[name] = value
    return response


def not_found(what: str = "There is nothing at this address.", remedy: str = "") -> ProblemError:
    """It is not there, or none of the caller's business: the two look the same."""
    return ProblemError(HTTPStatus.NOT_FOUND, what, remedy)


def invalid(error: Permanent, field: str = "body") -> ProblemError:
    """What was handed in can't be taken."""
    return ProblemError(
        HTTPStatus.UNPROCESSABLE_ENTITY,
        error.message,
        error.remedy,
        errors=[Fault(field=field, message=error.message)],
    )


def conflict(error: Permanent) -> ProblemError:
    """It can't be done as things stand now."""
    return ProblemError(HTTPStatus.CONFLICT, error.message, error.remedy)


def install(api: NinjaAPI) -> None:
    """Answer every failure with a problem."""

    def fixed(problem: Callable[[], ProblemError]) -> Callable[[HttpRequest, Any], HttpResponse]:
        return lambda _request, _error: answer(problem())

    def of_error(problem: Callable[[Any], ProblemError]) -> Callable[[HttpRequest, Any], HttpResponse]:
        return lambda _request, error: answer(problem(error))

    handlers: dict[type[Exception], Callable[[HttpRequest, Any], HttpResponse]] = {
        ProblemError: of_error(lambda error: error),
        AuthenticationError: lambda request, _error: answer(_unauthorised(request)),
        ValidationError: of_error(_unprocessable),
        HttpError: of_error(_bad),
        Http404: fixed(not_found),
        RequestDataTooBig: fixed(too_large),
        SuspiciousOperation: fixed(_malformed),
        UnreadablePostError: fixed(_malformed),
        Transient: of_error(lambda error: _unavailable(error.message)),
        OperationalError: fixed(lambda: _unavailable("The ledger does not answer just now.")),
        Exception: lambda request, error: answer(unforeseen(request, error)),
    }
    for kind, handler in handlers.items():
        api.add_exception_handler(kind, handler)


def too_large() -> ProblemError:
    """More than is taken."""
    return ProblemError(
        HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
        "This is more than an article may have.",
        "Hand in the article's text; pictures are fetched from their addresses. The limit stands in network.toml.",
    )


def unforeseen(request: HttpRequest, error: Exception) -> ProblemError:
    """A fault of ours: the log has it whole, the caller learns nothing of our inside."""
    log.error("api failed unexpectedly", path=request.path, method=request.method, exc_info=error)
    return ProblemError(
        HTTPStatus.INTERNAL_SERVER_ERROR,
        "Something is wrong on our side.",
        "The server's log says what; tell us.",
    )


def _unauthorised(request: HttpRequest) -> ProblemError:
    given = "Authorization" in request.headers
    return ProblemError(
        HTTPStatus.UNAUTHORIZED,
        "This token is unknown, revoked or over." if given else "This needs a token.",
        "Send the header “Authorization: Bearer swt_…”; make a token with: sectionwire tokens create NAME",
        headers={"WWW-Authenticate": 'Bearer realm="Sectionwire"' + (', error="invalid_token"' if given else "")},
    )


def _unprocessable(error: ValidationError) -> ProblemError:
    faults = [
        Fault(field=".".join(str(part) for part in each["loc"]), message=str(each["msg"])) for each in error.errors
    ]
    named = "; ".join(f"{fault.field}: {fault.message}" for fault in faults[:3])
    return ProblemError(
        HTTPStatus.UNPROCESSABLE_ENTITY,
        f"This can't be taken: {named}.",
        "Mend what is named; /api/v1/openapi.json says what is expected.",
        errors=faults,
    )


def _bad(error: HttpError) -> ProblemError:
    # ninja raises 400 for a body that is no JSON
    return ProblemError(HTTPStatus(error.status_code), str(error), "Look at /api/v1/openapi.json.")


def _malformed() -> ProblemError:
    return ProblemError(HTTPStatus.BAD_REQUEST, "This request is malformed.", "Look at /api/v1/openapi.json.")


def _unavailable(message: str) -> ProblemError:
    return ProblemError(
        HTTPStatus.SERVICE_UNAVAILABLE,
        message,
        "Try again in a moment.",
        headers={"Retry-After": str(RETRY_SECONDS)},
    )
