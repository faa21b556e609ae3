"""Addresses."""

from __future__ import annotations

from django.contrib import admin
from django.contrib.auth import views as auth
from django.urls import path

from pipeline.desk import account, bulk, editor, mydesk, preview, views

urlpatterns = [
    path("", views.home, name="home"),
    path("help/", views.helping, name="help"),
    # My desk: what waits, and what is decided about several at once.
    path("desk/", mydesk.desk, name="desk"),
    path("desk/decide/", bulk.decide, name="decide"),
    path("desk/undo/", bulk.undo, name="undo"),
    # One edition: read, correct, decide, see it as readers will.
    path("editions/<int:pk>/", editor.edition, name="edition"),
    path("editions/<int:pk>/verdict/", editor.verdict, name="verdict"),
    path("editions/<int:pk>/presence/", editor.presence, name="presence"),
    path("editions/<int:pk>/segments/<str:key>/", editor.segment, name="segment"),
    path("editions/<int:pk>/segments/<str:key>/draft/", editor.draft, name="draft"),
    path("editions/<int:pk>/segments/<str:key>/own/", editor.own, name="own"),
    path("editions/<int:pk>/findings/<int:finding>/", editor.dismiss, name="dismiss"),
    path("editions/<int:pk>/preview/", preview.preview, name="preview"),
    path("editions/<int:pk>/preview/<slug:which>/<path:path>", preview.preview_file, name="preview_file"),
    # People.
    path("sign-in/", account.SignIn.as_view(), name="login"),
    path("sign-out/", auth.LogoutView.as_view(), name="logout"),
    path("account/", account.preferences, name="preferences"),
    path("account/password/", account.ChangePassword.as_view(), name="password_change"),
    path("account/forgotten/", account.ForgottenPassword.as_view(), name="password_reset"),
    path("account/forgotten/sent/", account.ForgottenPasswordSent.as_view(), name="password_reset_done"),
    path("account/set/<uidb64>/<token>/", account.SetPassword.as_view(), name="password_reset_confirm"),
    path("admin/", admin.site.urls),
    # For machines.
    path("healthz", views.healthz, name="healthz"),
    path("readyz", views.readyz, name="readyz"),
]
