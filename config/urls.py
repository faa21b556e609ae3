"""Addresses."""

from __future__ import annotations

from django.contrib import admin
from django.contrib.auth import views as auth
from django.urls import include, path

from pipeline.api import health, metrics
from pipeline.desk import account, bulk, editor, mydesk, pictures, preview, segments, slugs, urgent, views
from pipeline.desk.board import actions, article, board, deliveries, workers
from pipeline.desk.numbers import views as numbers
from pipeline.desk.runs import views as run_views
from pipeline.desk.submit import views as submit

admin.autodiscover()  # here, where the web runs: commands and workers do without (pipeline/desk/apps.py)

urlpatterns = [
    path("", views.home, name="home"),
    path("help/", views.helping, name="help"),
    # Handing an article in.
    path("submit/", submit.new, name="submit"),
    path("submit/mine/", submit.mine, name="submit_mine"),
    path("submit/<slug:uid>/", submit.look, name="submit_look"),
    path("submit/<slug:uid>/about/", submit.about, name="submit_about"),
    path("submit/<slug:uid>/preview/<path:path>", submit.preview_file, name="submit_preview"),
    path("submit/<slug:uid>/discard/", submit.discard, name="submit_discard"),
    # Where everything is, and why not elsewhere.
    path("board/", board.show, name="board"),
    path("articles/<slug:uid>/", article.show, name="article"),
    path("articles/<slug:uid>/revisions/<int:number>/", article.revision, name="article_revision"),
    path("articles/<slug:uid>/versions/<str:base>/", article.versions, name="article_versions"),
    path("articles/<slug:uid>/withdraw/", actions.withdraw_article, name="article_withdraw"),
    path("articles/<slug:uid>/reinstate/", actions.reinstate_article, name="article_reinstate"),
    path("articles/<slug:uid>/correct/", actions.correct_article, name="article_correct"),
    path("articles/<slug:uid>/retry/", actions.retry_article, name="article_retry"),
    path("editions/<int:pk>/withdraw/", actions.withdraw_edition, name="edition_withdraw"),
    path("editions/<int:pk>/reinstate/", actions.reinstate_edition, name="edition_reinstate"),
    path("editions/<int:pk>/correct/", actions.correct_edition, name="edition_correct"),
    path("editions/<int:pk>/restore/", actions.restore_edition, name="edition_restore"),
    path("deliveries/", deliveries.show, name="deliveries"),
    path("deliveries/retry/", deliveries.retry_all, name="deliveries_retry"),
    path("deliveries/<int:pk>/retry/", deliveries.retry_one, name="delivery_retry"),
    path("workers/", workers.show, name="workers"),
    # How it goes, in numbers.
    path("numbers/", numbers.show, name="numbers"),
    path("numbers/<slug:name>.svg", numbers.plot, name="numbers_plot"),
    path("numbers/<slug:name>.csv", numbers.sheet, name="numbers_csv"),
    # My desk: what waits, and what is decided about several at once.
    path("desk/", mydesk.desk, name="desk"),
    path("desk/decide/", bulk.decide, name="decide"),
    path("desk/undo/", bulk.undo, name="undo"),
    # One edition: read, correct, decide, see it as readers will.
    path("editions/<int:pk>/", editor.edition, name="edition"),
    path("editions/<int:pk>/verdict/", editor.verdict, name="verdict"),
    path("editions/<int:pk>/slug/", slugs.change, name="slug"),
    path("editions/<int:pk>/image/", pictures.change, name="image"),
    path("editions/<int:pk>/urgent/", urgent.correct, name="urgent"),
    path("editions/<int:pk>/presence/", editor.presence, name="presence"),
    path("editions/<int:pk>/segments/<str:key>/", segments.segment, name="segment"),
    path("editions/<int:pk>/segments/<str:key>/draft/", segments.draft, name="draft"),
    path("editions/<int:pk>/segments/<str:key>/own/", segments.own, name="own"),
    path("editions/<int:pk>/findings/<int:finding>/", editor.dismiss, name="dismiss"),
    path("editions/<int:pk>/preview/", preview.preview, name="preview"),
    path("editions/<int:pk>/preview/<slug:which>/<path:path>", preview.preview_file, name="preview_file"),
    # What is done by itself, and when.
    path("runs/", run_views.runs, name="runs"),
    path("runs/<int:pk>/", run_views.run, name="run"),
    path("runs/<int:pk>/stop/", run_views.stop, name="run_stop"),
    path("runs/<int:pk>/report.json", run_views.report, name="run_report"),
    path("runs/<str:key>/now/", run_views.now, name="run_now"),
    path("runs/<str:key>/pause/", run_views.pause, name="run_pause"),
    # People.
    path("sign-in/", account.SignIn.as_view(), name="login"),
    path("sign-out/", auth.LogoutView.as_view(), name="logout"),
    path("account/", account.preferences, name="preferences"),
    path("account/digest/<str:token>/", account.digest_off, name="digest_off"),
    path("account/password/", account.ChangePassword.as_view(), name="password_change"),
    path("account/forgotten/", account.ForgottenPassword.as_view(), name="password_reset"),
    path("account/forgotten/sent/", account.ForgottenPasswordSent.as_view(), name="password_reset_done"),
    path("account/set/<uidb64>/<token>/", account.SetPassword.as_view(), name="password_reset_confirm"),
    path("admin/", admin.site.urls),
    # For machines.
    path("api/v1/", include("pipeline.api.urls")),
    path("healthz", health.healthz, name="healthz"),
    path("readyz", health.readyz, name="readyz"),
    path("metrics", metrics.metrics, name="metrics"),
]
