"""A section's site in a browser, without a server: as it lies on a disk or a USB stick."""

from __future__ import annotations

import pytest

pytestmark = [pytest.mark.slow, pytest.mark.django_db]


def test_a_page_opened_as_a_file_has_its_style_and_leads_to_the_front_page(desk, chromium):
    """No policy keeps its own stylesheet from it."""
    desk.submit()
    desk.work()
    page = chromium.new_page()
    faults: list[str] = []
    page.on("console", lambda message: message.type == "error" and faults.append(message.text))
    page.goto((desk.home / "outputs" / "brazil" / desk.edition("brazil").path / "index.html").as_uri())
    unstyled = chromium.new_page()
    unstyled.set_content("<p>")
    font = "getComputedStyle(document.querySelector('main p, p')).fontFamily"
    assert page.evaluate(font) != unstyled.evaluate(font)
    page.locator(".masthead-name a").click()
    assert page.url == (desk.home / "outputs" / "brazil" / "pt-br" / "index.html").as_uri()
    assert faults == []
