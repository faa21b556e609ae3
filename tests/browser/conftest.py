"""The desk in a real Chromium, on a real server."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest
from django.contrib.auth.models import User
from playwright.sync_api import Browser, BrowserContext, Error, Page, expect, sync_playwright

from pipeline.ledger.models import Membership
from tests.integration.conftest import desk

__all__ = ["desk"]

PASSWORD = "tidewater-pass-1"

expect.set_options(timeout=15_000)  # CI's machines are busy; what is right at once takes no longer for it

# Playwright's own loop runs in this thread; Django would take it for ours and refuse the ledger.
os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """Debian's Chromium, or Playwright's own. Without one these tests are left out, but never in CI."""
    with sync_playwright() as playwright:
        try:
            found = shutil.which("chromium") or shutil.which("chromium-browser")
            arguments = ["--no-sandbox"] if os.geteuid() == 0 else []
            browser = playwright.chromium.launch(executable_path=found, args=arguments)
        except Error as error:
            if os.environ.get("CI"):
                raise
            pytest.skip(f"no Chromium here: script/browser installs one ({error.message.splitlines()[0]})")
        yield browser
        browser.close()


@dataclass
class People:
    """Signs people in, each in a browser of their own, and notes what went wrong on their pages."""

    chromium: Browser
    address: str
    faults: list[str] = field(default_factory=list)
    contexts: list[BrowserContext] = field(default_factory=list)

    def make(self, name: str, **roles: str) -> User:
        """A person with roles in sections."""
        user = User.objects.create_user(name, password=PASSWORD)
        for section, role in roles.items():
            Membership.objects.create(user=user, section=section.replace("_", "-"), role=role)
        return user

    def page(self, name: str = "", **options: object) -> Page:
        """A fresh browser window; ``name`` is signed in already."""
        context = self.chromium.new_context(base_url=self.address, **options)
        self.contexts.append(context)
        context.set_default_timeout(10_000)
        page = context.new_page()
        page.on("pageerror", lambda error: self.faults.append(str(error)))
        page.on("console", lambda message: message.type == "error" and self.faults.append(message.text))
        page.on("request", lambda request: self._watch(request.url))
        if name:
            page.goto("/sign-in/")
            page.get_by_label("Name").fill(name)
            page.get_by_label("Password").fill(PASSWORD)
            page.get_by_role("button", name="Sign in").click()
        return page

    def _watch(self, url: str) -> None:
        if not url.startswith((self.address, "data:", "about:")):
            self.faults.append(f"asked another host: {url}")


@pytest.fixture
def people(chromium: Browser, live_server, settings) -> Iterator[People]:
    """Whoever uses the desk in a test; at the end nothing must have gone wrong on any page."""
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]  # signing in is not what is tested
    group = People(chromium, live_server.url)
    yield group
    for context in group.contexts:
        context.close()
    assert group.faults == []
