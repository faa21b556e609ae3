"""Django's admin as the operators' room: people and what they may do, for staff only."""

from __future__ import annotations

from django.contrib.admin import AdminSite
from django.contrib.auth.views import redirect_to_login
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext_lazy as _


class OperatorSite(AdminSite):
    """The admin with the desk's own sign-in (which counts wrong passwords); for others it is not there."""

    site_header = site_title = _("People and sections")
    index_title = _("Who works here")
    enable_nav_sidebar = False

    def login(self, request: HttpRequest, extra_context: dict[str, object] | None = None) -> HttpResponse:  # noqa: ARG002
        """Ask strangers to sign in at the desk.

        Raises:
            Http404: somebody is signed in who is no operator.
        """
        if request.user.is_authenticated and not self.has_permission(request):
            raise Http404
        return redirect_to_login(request.GET.get("next") or reverse("admin:index"), reverse("login"))
