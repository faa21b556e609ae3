"""A person's own account: signing in, passwords, preferences."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import TYPE_CHECKING, Any, ClassVar

from axes.handlers.proxy import AxesProxyHandler
from axes.helpers import get_cool_off
from django import forms
from django.conf import settings
from django.contrib import messages
from django.contrib.auth import views as auth
from django.contrib.auth.forms import PasswordResetForm
from django.contrib.auth.models import User
from django.core.cache import cache
from django.db.models import Max
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse_lazy
from django.utils import timezone, translation
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from pipeline.desk.access import DeskRequest, signed_in
from pipeline.desk.people import section_choices
from pipeline.desk.templatetags.desk import own_language
from pipeline.desk.words import ROLES
from pipeline.flow import digest
from pipeline.ledger.models import Preference

LINK_PAUSE = 300
"""Seconds after which an account may be sent another link. Kept in the memory of the web process: a rule of thumb."""

if TYPE_CHECKING:  # Django's own class takes no parameter; only its stub does
    _ModelForm = forms.ModelForm[Preference]
else:
    _ModelForm = forms.ModelForm


class SignIn(auth.LoginView):
    """Name and password; then back to the page that was asked for."""

    template_name = "desk/sign_in.html"


class ChangePassword(auth.PasswordChangeView):
    """A new password for somebody who knows the old one."""

    template_name = "desk/password_change.html"
    success_url = reverse_lazy("preferences")

    def form_valid(self, form: Any) -> HttpResponse:
        messages.success(self.request, _("Your password is changed. Other browsers are signed out."))
        return super().form_valid(form)


class ResetForm(PasswordResetForm):
    """Sends nobody a second link within five minutes, so that nobody's letter box can be filled from here."""

    def get_users(self, email: str) -> Iterator[User]:
        """The accounts of an address that have not been sent a link just now."""
        for user in super().get_users(email):
            if cache.add(f"password-link-{user.pk}", 1, LINK_PAUSE):
                yield user


class ForgottenPassword(auth.PasswordResetView):
    """Ask for a link by e-mail. The answer is the same whether there is such an account or not."""

    form_class = ResetForm
    template_name = "desk/password_reset.html"
    email_template_name = "desk/mail/password_reset.txt"
    subject_template_name = "desk/mail/password_reset_subject.txt"


class ForgottenPasswordSent(auth.PasswordResetDoneView):
    """What happens next."""

    template_name = "desk/password_reset_sent.html"


class SetPassword(auth.PasswordResetConfirmView):
    """A new password for somebody who has the link."""

    template_name = "desk/password_set.html"
    success_url = reverse_lazy("login")

    def form_valid(self, form: Any) -> HttpResponse:
        messages.success(self.request, _("Your new password is set. Sign in with it."))
        return super().form_valid(form)


def locked_out(request: HttpRequest, *_rest: Any) -> HttpResponse:
    """The page for somebody whose wrong passwords were too many: it says until when."""
    context = {"until": _locked_until(request), "limit": settings.AXES_FAILURE_LIMIT}
    return render(request, "desk/locked_out.html", context, status=429)


def _locked_until(request: HttpRequest) -> datetime:
    """When the last wrong password that counts is old enough."""
    wait = get_cool_off(request)
    assert wait is not None  # AXES_COOLOFF_TIME
    credentials = getattr(request, "axes_credentials", None)
    handler = AxesProxyHandler.get_implementation()
    counting = [
        rows.aggregate(last=Max("attempt_time"))["last"] for rows in handler.get_user_attempts(request, credentials)
    ]
    last: datetime = max((each for each in counting if each), default=timezone.now())
    until: datetime = last + wait
    return until


class PreferenceForm(_ModelForm):
    """The interface's language, and whether a digest is sent."""

    language = forms.ChoiceField(label=gettext_lazy("Language of the desk"), required=False)

    class Meta:
        model = Preference
        fields = ("language", "digest")
        labels: ClassVar[dict[str, Any]] = {"digest": gettext_lazy("E-mail me once a day what waits for me")}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["language"]
        assert isinstance(field, forms.ChoiceField)
        known = [(tag, own_language(tag)) for tag, _name in settings.LANGUAGES]
        field.choices = [("", _("as the browser asks")), *known]


@signed_in
@require_http_methods(["GET", "HEAD", "POST"])
def preferences(request: DeskRequest) -> HttpResponse:
    """What a person has chosen for themselves."""
    chosen = Preference.objects.filter(user=request.user).first() or Preference(user=request.user)
    form = PreferenceForm(request.POST or None, instance=chosen)
    if request.method == "POST" and form.is_valid():
        form.save()
        translation.activate(chosen.language or translation.get_language_from_request(request))
        messages.success(request, _("Your preferences are saved."))
        return redirect("preferences")
    names = dict(section_choices())
    roles = [(names.get(section, section), ROLES[role]) for section, role in sorted(request.rights.roles.items())]
    context = {"form": form, "roles": roles}
    return render(request, "desk/preferences.html", context, status=422 if form.errors else 200)


@csrf_exempt  # the signed token is the right: mail programs press the button without having seen the page (RFC 8058)
@require_http_methods(["GET", "HEAD", "POST"])
def digest_off(request: HttpRequest, token: str) -> HttpResponse:
    """Switch somebody's digest off, signed in or not; whoever only follows the link is asked first."""
    user = digest.owner(token)
    if user is None:
        raise Http404
    if request.method == "POST":
        digest.switch_off(user)
    with translation.override(digest.language_of(user)):
        return render(request, "desk/digest_off.html", {"is_off": request.method == "POST"})
