"""What is too large is refused before anything reads it, and with a sentence instead of a bare 400."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Concatenate, Final, ParamSpec

from django.conf import settings
from django.core.exceptions import RequestDataTooBig, TooManyFieldsSent, TooManyFilesSent
from django.http import HttpRequest, HttpResponse
from django.http.multipartparser import MultiPartParserError
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.http import urlencode
from django.views.decorators.csrf import csrf_exempt

from pipeline.desk.submit.forms import WAYS
from pipeline.flow import installation
from pipeline.flow.submit import intake_options

P = ParamSpec("P")

_AROUND: Final = 200_000
"""Bytes of a form beside the file: its other fields, and what separates them."""


def most_bytes() -> int:
    """Of a file."""
    return intake_options(installation.network()).max_bytes


def most_pasted() -> int:
    """Bytes of the pasted text: Django holds form fields in memory, and takes no more."""
    return min(most_bytes(), settings.DATA_UPLOAD_MAX_MEMORY_SIZE - _AROUND)


def bounded(
    view: Callable[Concatenate[HttpRequest, P], HttpResponse],
) -> Callable[Concatenate[HttpRequest, P], HttpResponse]:
    """Lead back to the form, which says why, when what is sent is too large or no form at all.

    Outermost of all: whoever asks for a field of a form, as the check of its token does, has it read as a whole. The
    view has to be wrapped in ``csrf_protect`` itself.
    """

    @csrf_exempt
    @wraps(view)
    def looked_at(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
        if request.method == "POST" and (fault := _fault(request)):
            way = request.GET.get("way", "")
            query = {"way": way if way in WAYS else "paste", "refused": fault}
            return redirect(f"{reverse('submit')}?{urlencode(query)}")
        return view(request, *args, **kwargs)

    return looked_at


def _fault(request: HttpRequest) -> str:
    length = str(request.META.get("CONTENT_LENGTH") or "0")
    if not length.isdecimal() or int(length) > most_bytes() + _AROUND:
        return "size"
    try:
        _ = request.POST
    except RequestDataTooBig:
        return "size"
    except (MultiPartParserError, TooManyFieldsSent, TooManyFilesSent):
        return "form"
    return ""
