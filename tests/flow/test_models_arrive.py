"""A language waits for its model, says so, and completes by itself once a worker has it: with a real Argos package."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipeline.documents import Metadata, Submission
from pipeline.engines import models
from pipeline.flow import installation as wiring
from pipeline.flow import status
from pipeline.flow.status import Place
from pipeline.flow.submit import submit
from pipeline.ledger.models import Article, Edition, Translation
from tests.flow.conftest import NETWORK, sound

pytestmark = [pytest.mark.slow, pytest.mark.timeout(120)]

PACKAGE = Path("tests/data/translate-en_es.argosmodel")
MEXICO = """
[[sections]]
key = "mexico"
name = "México"
country = "MX"
time_zone = "America/Mexico_City"
languages = [{ tag = "es-MX", base = "es" }]
policy = "auto"
outputs = ["site"]
"""


def cell(section: str) -> status.Cell:
    """Where the only article stands for a section."""
    (row,) = status.matrix(list(Article.objects.all()), wiring.network())
    return next(cell for cell in row.cells if cell.section == section)


def test_a_translation_waits_for_its_model_and_completes_when_it_comes(installation, settings):
    """The worker goes on running; nobody submits or restarts anything."""
    settings.NETWORK_FILE.write_text(NETWORK.format(engine="argos") + MEXICO, encoding="utf-8")
    with installation.running():
        html = "<p>The red house is big. The <strong>old man</strong> sees the river.</p>"
        submit(Submission("house.html", html.encode(), Metadata(title="The red house", key="house", language="en")))
        installation.wait(installation.settled)
        waiting = cell("mexico")
        assert waiting.place == Place.NO_MODEL
        assert "sectionwire models install en es" in waiting.why
        assert cell("united-states").place == Place.PUBLISHED
        models.install_file(PACKAGE, settings.MODELS_DIR)
        installation.wait(lambda: cell("mexico").place == Place.PUBLISHED)
        installation.wait(installation.settled)
    sound()
    page = installation.outputs()[f"mexico/{Edition.objects.get(section='mexico').path}index.html"].decode()
    assert "La casa roja es grande." in page
    assert "<strong>" in page
    assert "argos:" in page
    assert Translation.objects.get(base="pt").status == "waiting"
