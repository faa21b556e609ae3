"""Takes the pictures of the review desk for docs/desk.md, from the demo's real ledger: see script/pictures."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import django

CHECKOUT = Path(__file__).resolve().parent.parent
PICTURES = CHECKOUT / "docs" / "pictures"
PORT = 8301
ADDRESS = f"http://127.0.0.1:{PORT}"


def session() -> str:
    """A session of an editor of Portugal, who is made for it."""
    from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
    from django.contrib.auth.models import User
    from django.contrib.sessions.backends.db import SessionStore

    from pipeline.ledger.models import Membership

    user, _ = User.objects.get_or_create(username="ines")
    Membership.objects.get_or_create(user=user, section="portugal", defaults={"role": "editor"})
    store = SessionStore()
    store[SESSION_KEY] = str(user.pk)
    store[BACKEND_SESSION_KEY] = "django.contrib.auth.backends.ModelBackend"
    store[HASH_SESSION_KEY] = user.get_session_auth_hash()
    store.create()
    return str(store.session_key)


def edition() -> int:
    """Portugal's edition of the article that is richest in markup."""
    from pipeline.ledger.models import Edition

    found = Edition.objects.filter(section="portugal", candidate__isnull=False)
    return (found.filter(article__key="tide-tables-2").first() or found.order_by("id")[0]).pk


def main() -> None:
    """Serve the desk, and take its pictures."""
    os.environ.update(SECTIONWIRE_HOME=str(CHECKOUT / "var" / "demo"), DJANGO_SETTINGS_MODULE="config.settings")
    django.setup()
    cookie, pk = session(), edition()
    server = subprocess.Popen(  # noqa: S603 - our own command
        [CHECKOUT / ".venv" / "bin" / "sectionwire", "web", "--port", str(PORT)]
    )
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"
    try:
        time.sleep(4)
        take(cookie, pk)
    finally:
        server.terminate()
        server.wait()


def take(cookie: str, pk: int) -> None:
    """The pictures themselves."""
    import shutil

    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        for name, address, width, scheme in (
            ("desk", "/desk/", 1200, "light"),
            ("editor", f"/editions/{pk}/", 1200, "light"),
            ("editor-phone", f"/editions/{pk}/", 390, "dark"),
        ):
            context = browser.new_context(viewport={"width": width, "height": 844}, color_scheme=scheme)
            context.add_cookies([{"name": "sessionid", "value": cookie, "url": ADDRESS}])
            page = context.new_page()
            page.goto(ADDRESS + address)
            if name == "editor":
                page.locator(".seg .c-a").first.scroll_into_view_if_needed()
                page.locator(".seg", has=page.locator(".tgt .c-a")).first.get_by_role("link", name="Edit").click()
                page.locator("form.write").wait_for()
            page.wait_for_timeout(500)
            page.screenshot(path=PICTURES / f"{name}.png")
            context.close()
        browser.close()


if __name__ == "__main__":
    sys.exit(main())
