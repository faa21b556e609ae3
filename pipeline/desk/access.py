"""Who may: asked in every view and every fragment, since each of them can be asked for on its own.

A view that needs a person is wrapped in :func:`signed_in` and takes a :class:`DeskRequest`. What may not be read is not
there (404); what may be read but not changed is refused (403).
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec, cast

from django.contrib.auth.models import User
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import BadRequest, PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django_htmx.middleware import HtmxDetails

from pipeline.flow import people
from pipeline.flow.people import Rights
from pipeline.ledger.models import Edition

P = ParamSpec("P")


class DeskRequest(HttpRequest):
    """A request of somebody who is signed in, with their rights. Made by :func:`signed_in`, never by hand."""

    user: User
    htmx: HtmxDetails
    rights: Rights


def signed_in(
    view: Callable[Concatenate[DeskRequest, P], HttpResponse],
) -> Callable[Concatenate[HttpRequest, P], HttpResponse]:
    """Let only people in who are signed in; ``request.rights`` are theirs.

    Others are asked to sign in and come back. A fragment that htmx asks for when the session is over gets 401 and no
    page: what was typed stays on the screen, and desk.js says so.
    """

    @wraps(view)
    def guarded(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
        if not request.user.is_authenticated:
            if request.headers.get("HX-Request") == "true":
                return HttpResponse(_("You are not signed in any more."), status=401, content_type="text/plain")
            return redirect_to_login(request.get_full_path())
        if "\0" in request.path or any("\0" in value for _name, values in request.POST.lists() for value in values):
            raise BadRequest  # no text has it, and PostgreSQL takes none that has
        known = cast("DeskRequest", request)
        known.rights = people.rights(request.user)
        return view(known, *args, **kwargs)

    return guarded


def edition_or_404(request: DeskRequest, pk: int) -> Edition:
    """An edition that the person may read, with its article, translation and candidate.

    Raises:
        Http404: there is none, or it is none of their business.
    """
    # No more: to plan a join of eight tables takes PostgreSQL several milliseconds. A candidate's text is long: whoever
    # needs it reads it.
    related = ("article", "translation", "candidate__revision", "assigned_to")
    edition = Edition.objects.select_related(*related).defer("candidate__segments").filter(pk=pk).first()
    if edition is None or not request.rights.may_read(edition):
        raise Http404
    return edition


def must_edit(request: DeskRequest, edition: Edition) -> None:
    """Refuse who may read an edition, but neither correct it nor decide on it.

    Raises:
        PermissionDenied: they may not.
    """
    if not request.rights.may_edit(edition.section):
        raise PermissionDenied(_("Only an editor of this section may do this."))
