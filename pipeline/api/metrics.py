"""``/metrics`` for Prometheus: with a token, or from this very machine."""

from __future__ import annotations

import hmac
from http import HTTPStatus
from ipaddress import ip_address
from typing import Final

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from pipeline.flow.metrics import exposition

_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"
_FORWARDED: Final = ("X-Forwarded-For", "Forwarded", "X-Real-Ip", "X-Forwarded-Host", "Via")


@require_safe
def metrics(request: HttpRequest) -> HttpResponse:
    """The numbers of this installation, for whoever may read them."""
    if settings.METRICS_TOKEN:
        if not _has_token(request):
            answer = _refused(HTTPStatus.UNAUTHORIZED, "Send Authorization: Bearer with SECTIONWIRE_METRICS_TOKEN.")
            answer["WWW-Authenticate"] = 'Bearer realm="metrics"'
            return answer
    elif not _is_near(request):
        return _refused(HTTPStatus.FORBIDDEN, "Without SECTIONWIRE_METRICS_TOKEN, only this machine may ask.")
    answer = HttpResponse(exposition(), content_type=_TYPE)
    answer["Cache-Control"] = "no-store"
    return answer


def _refused(status: HTTPStatus, why: str) -> HttpResponse:
    return HttpResponse(f"{why}\n", status=status, content_type="text/plain; charset=utf-8")


def _has_token(request: HttpRequest) -> bool:
    kind, _, token = request.headers.get("Authorization", "").partition(" ")
    given, wanted = token.strip().encode(errors="replace"), settings.METRICS_TOKEN.encode()
    return kind.lower() == "bearer" and hmac.compare_digest(given, wanted)


def _is_near(request: HttpRequest) -> bool:
    """Whether the request comes from this machine, and not through a proxy on it: that passes on what others ask."""
    if any(name in request.headers for name in _FORWARDED):
        return False
    try:
        return ip_address(str(request.META.get("REMOTE_ADDR") or "")).is_loopback
    except ValueError:
        return False
