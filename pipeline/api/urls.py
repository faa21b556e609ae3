"""The addresses of the API, and what is the same at all of them: problems, ETags, no cookies."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from functools import lru_cache, wraps
from http import HTTPStatus
from typing import Any, Final, cast

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.urls import URLPattern, path, re_path
from django.utils.cache import get_conditional_response, patch_vary_headers
from django.views.decorators.csrf import csrf_exempt

from pipeline.api import openapi, problems
from pipeline.api.problems import ProblemError
from pipeline.api.routes import NAMESPACE, api

PREFIX: Final = "/api/v1/"
app_name = NAMESPACE

View = Callable[..., HttpResponse]


def served(view: View) -> View:
    """A view as every address of the API is served."""

    @csrf_exempt  # no cookie lets anybody in here, so that nobody can be made to call by another site
    @wraps(view)
    def serve(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        asked, request.method = request.method, "GET" if request.method == "HEAD" else request.method
        try:
            response = _answer(view, request, *args, **kwargs)
        finally:
            request.method = asked
        patch_vary_headers(response, ["Authorization"])
        response.headers.setdefault("Cache-Control", "private, no-cache")
        return _conditional(request, response)

    return serve


def _answer(view: View, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
    if "\0" in request.path:
        return problems.answer(problems.not_found())
    if faults := _unknown(request):
        return problems.answer(faults)
    try:
        response = view(request, *args, **kwargs)
    except Exception as error:  # noqa: BLE001 - ninja answers what its operations raise; this is what stands around them
        return problems.answer(problems.unforeseen(request, error))
    if response.status_code == HTTPStatus.METHOD_NOT_ALLOWED:
        allowed = response.headers.get("Allow", "")
        return problems.answer(
            ProblemError(
                HTTPStatus.METHOD_NOT_ALLOWED,
                f"{request.method} is no verb of this address.",
                f"Use {allowed}.",
                headers={"Allow": allowed},
            )
        )
    return response


def _unknown(request: HttpRequest) -> ProblemError | None:
    """A filter that does not exist would filter nothing: whoever misspells one must not get everything."""
    match = request.resolver_match
    known = _parameters().get((match.route, request.method or "")) if match else None
    if known is None or "Authorization" not in request.headers:  # who has no token is told so first
        return None
    wrong = {name: "There is no such parameter." for name in request.GET if name not in known}
    wrong |= {name: "It stands there twice." for name, given in request.GET.lists() if len(given) > 1}
    if not wrong:
        return None
    faults = [problems.Fault(field=f"query.{name[:80]}", message=message) for name, message in wrong.items()]
    return ProblemError(
        HTTPStatus.UNPROCESSABLE_ENTITY,
        f"This can't be taken: {faults[0].field}: {faults[0].message}",
        f"There may be, once each: {', '.join(sorted(known)) or 'none'}.",
        errors=faults,
    )


@lru_cache(maxsize=1)
def _parameters() -> dict[tuple[str, str], set[str]]:
    """What may stand in the query, by route and verb."""
    return {
        (re.sub(r"{(\w+)}", r"<\1>", address).lstrip("/"), verb.upper()): {
            each["name"] for each in details["parameters"] if each["in"] == "query"
        }
        for address, verbs in description()["paths"].items()
        for verb, details in verbs.items()
    }


def _conditional(request: HttpRequest, response: HttpResponse) -> HttpResponse:
    if request.method not in {"GET", "HEAD"} or response.status_code != HTTPStatus.OK:
        return response
    etag = f'"{hashlib.sha256(response.content).hexdigest()[:32]}"'
    response.headers["ETag"] = etag
    return cast("HttpResponse", get_conditional_response(request, etag=etag, response=response))


@lru_cache(maxsize=1)
def description() -> dict[str, Any]:
    """The description of the API; the same as long as the process lives."""
    return openapi.describe(api, PREFIX.strip("/"))


def describe(request: HttpRequest) -> HttpResponse:
    """``openapi.json``: for everybody, since it says nothing of anybody."""
    if request.method != "GET":
        return HttpResponse(status=HTTPStatus.METHOD_NOT_ALLOWED, headers={"Allow": "GET"})
    return JsonResponse(description())


def nowhere(request: HttpRequest) -> HttpResponse:  # noqa: ARG001 - Django gives it to every view
    """Any other address."""
    return problems.answer(problems.not_found(remedy=f"See which there are: {PREFIX}openapi.json"))


def _patterns() -> list[URLPattern]:
    ours = [pattern for pattern in api.urls[0] if isinstance(pattern, URLPattern) and pattern.name != "api-root"]
    for pattern in ours:
        assert pattern.callback is not None
        pattern.callback = served(pattern.callback)
    described = path("openapi.json", served(describe), name="openapi")
    return [*ours, described, re_path("", served(nowhere), name="nowhere")]


urlpatterns = _patterns()
