"""Views: the health of the web process, and where each article is, for people who are signed in."""

from __future__ import annotations

from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.db import DatabaseError, connection
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from pipeline.errors import PipelineError
from pipeline.flow import installation, status
from pipeline.ledger.models import Article

PER_PAGE = 50


@require_safe
def healthz(request: HttpRequest) -> HttpResponse:
    """This process answers."""
    return JsonResponse({"status": "ok"})


@require_safe
def readyz(request: HttpRequest) -> HttpResponse:
    """This process can do its work: the ledger answers and the network file holds."""
    try:
        installation.network()
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except (DatabaseError, PipelineError) as error:
        return JsonResponse({"status": "not ready", "why": type(error).__name__}, status=503)
    return JsonResponse({"status": "ready"})


@login_required
@require_safe
def home(request: HttpRequest) -> HttpResponse:
    """Articles × sections: where each stands, and why."""
    net = installation.network()
    pages = Paginator(Article.objects.order_by("-created_at", "-id"), PER_PAGE)
    page = pages.get_page(request.GET.get("page"))
    context = {
        "organisation": net.organisation.name,
        "columns": status.columns(net),
        "rows": status.matrix(list(page.object_list), net),
        "page": page,
    }
    return render(request, "desk/home.html", context)
