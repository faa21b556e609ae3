"""Views: the health of the web process, and where each article is, for people who are signed in."""

from __future__ import annotations

from django.core.paginator import Paginator
from django.db import DatabaseError, connection
from django.db.models import Exists, OuterRef, QuerySet
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from pipeline.desk.access import DeskRequest, signed_in
from pipeline.errors import PipelineError
from pipeline.flow import installation, status
from pipeline.flow.people import Rights
from pipeline.flow.status import Cell, Place
from pipeline.ledger.models import Article, Edition

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


@signed_in
@require_safe
def home(request: DeskRequest) -> HttpResponse:
    """Articles × sections: where each stands, and why. Of other sections people see what is published."""
    net = installation.network()
    pages = Paginator(_readable(request.rights), PER_PAGE)
    page = pages.get_page(request.GET.get("page"))
    rows = status.matrix(list(page.object_list), net)
    context = {
        "columns": status.columns(net),
        "rows": [(row, [_seen(cell, request.rights) for cell in row.cells]) for row in rows],
        "page": page,
    }
    return render(request, "desk/home.html", context)


def _readable(rights: Rights) -> QuerySet[Article]:
    """Whoever works in a section sees every article that was handed in; a stranger, what is published somewhere."""
    articles = Article.objects.order_by("-created_at", "-id")
    if rights.operator or rights.roles:
        return articles
    return articles.filter(Exists(Edition.objects.filter(article=OuterRef("pk"), approved__isnull=False)))


def _seen(cell: Cell, rights: Rights) -> Cell | None:
    """A cell as a person may see it; ``None`` for what other sections have not published."""
    if rights.operator or cell.section in rights.roles:
        return cell
    return Cell(cell.section, cell.language, Place.PUBLISHED, url=cell.url) if cell.url else None


@signed_in
@require_safe
def helping(request: DeskRequest) -> HttpResponse:
    """How to work here."""
    return render(request, "desk/help.html")
