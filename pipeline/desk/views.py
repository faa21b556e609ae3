"""Views: where each article is, for people who are signed in."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from django.core.paginator import Paginator
from django.db.models import Exists, OuterRef, QuerySet
from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from pipeline.desk.access import DeskRequest, signed_in
from pipeline.flow import installation, status
from pipeline.flow.people import Rights
from pipeline.flow.status import Cell, Place
from pipeline.ledger.models import Article, Edition
from pipeline.ledger.models.articles import unpack_metadata

PER_PAGE = 50


@signed_in
@require_safe
def home(request: DeskRequest) -> HttpResponse:
    """Articles × sections: where each stands, and why. Of other sections people see what is published."""
    net = installation.network()
    pages = Paginator(_readable(request.rights), PER_PAGE)
    page = pages.get_page(request.GET.get("page"))
    rows = status.matrix(list(page.object_list), net)
    if not (request.rights.operator or request.rights.roles):
        titles = _published_titles(list(page.object_list), request.rights)
        rows = [replace(row, title=titles[row.uid]) for row in rows]
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
    return articles.filter(Exists(rights.readable(Edition.objects.filter(article=OuterRef("pk")))))


def _published_titles(articles: Sequence[Article], rights: Rights) -> dict[str, str]:
    """The titles of the revisions that are published, by uid: a newer one is not a stranger's yet."""
    editions = rights.readable(Edition.objects.filter(article__in=articles))
    named = editions.values_list("article__uid", "approved__revision__metadata").order_by("approved_id")
    return {uid: unpack_metadata(metadata).title for uid, metadata in named}


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
