"""What every page of the desk has around its content: the language of the interface, the navigation, the counts."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils import translation
from django.utils.cache import patch_cache_control
from django.utils.functional import SimpleLazyObject

from pipeline.errors import PipelineError
from pipeline.flow import installation, people, waiting
from pipeline.flow.people import Rights
from pipeline.ledger.models import Preference


class PersonMiddleware:
    """Speaks the language that a person has chosen, and keeps what they see out of shared caches.

    Without a choice it stays the one that the browser asks for (Django's LocaleMiddleware, which comes first).
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.user.is_authenticated:
            chosen = Preference.objects.filter(user=request.user).values_list("language", flat=True).first()
            if chosen and chosen in dict(settings.LANGUAGES):
                translation.activate(chosen)
                request.LANGUAGE_CODE = chosen
        response = self.get_response(request)
        response.headers["Content-Language"] = translation.get_language() or settings.LANGUAGE_CODE
        if request.user.is_authenticated:
            patch_cache_control(response, private=True)
        return response


def context(request: HttpRequest) -> dict[str, Any]:
    """What base.html shows; nothing is looked up that a page doesn't show."""
    return {
        "organisation": SimpleLazyObject(_organisation),
        "waiting_count": SimpleLazyObject(lambda: _waiting(request)),
        "may_submit": SimpleLazyObject(lambda: _rights(request).may_submit),
        "sees_runs": SimpleLazyObject(lambda: _rights(request).operator or bool(_rights(request).sections)),
        "here": request.resolver_match.view_name if request.resolver_match else "",
    }


def _organisation() -> str:
    try:
        return installation.network().organisation.name
    except PipelineError:
        return ""  # a broken network file must not keep anybody from reading what is wrong


def _waiting(request: HttpRequest) -> int:
    return sum(waiting.counts(_rights(request)).values())


def _rights(request: HttpRequest) -> Rights:
    return getattr(request, "rights", None) or people.rights(request.user)
