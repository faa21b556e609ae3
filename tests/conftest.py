"""What all tests share: their own home and network file, a real broker, and a ledger that is SQLite or PostgreSQL."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.services import valkey


@pytest.hookimpl(trylast=True)  # after the tests are shuffled
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Each process begins with its share of the slow ones, which wait most of the time: what is left for the end is
    short, and can be shared among processes. The scheduler gives each a run of tests as they stand here.
    """
    slow = [item for item in items if item.get_closest_marker("slow")]
    quick = [item for item in items if not item.get_closest_marker("slow")]
    items.clear()
    for left in range(int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1")), 0, -1):
        share, of_these = (len(slow) + len(quick)) // left, -(-len(slow) // left)
        while 0 < of_these < len(slow) and slow[of_these].path == slow[of_these - 1].path:
            of_these += 1  # a module stays whole: what it sets up may take a minute
        items += slow[:of_these] + quick[: share - of_these]
        del slow[:of_these], quick[: share - of_these]


@pytest.fixture(scope="session", autouse=True)
def _log() -> None:
    """Structured lines on standard error, as every process of ours writes them."""
    from config import log

    log.configure()


@pytest.fixture(scope="session", autouse=True)
def _static_files() -> None:
    """Looked for when they are asked for: every test client would look through all of them before its first request."""
    from django.conf import settings

    settings.WHITENOISE_AUTOREFRESH = True


@pytest.fixture(scope="session")
def broker() -> Iterator[str]:
    """The address of a real Valkey, one for the session."""
    with valkey() as url:
        yield url


@pytest.fixture
def home(tmp_path: Path, settings) -> Path:
    """An installation of its own, with the documented network file."""
    settings.SECTIONWIRE_HOME = tmp_path
    settings.MODELS_DIR = tmp_path / "models"
    settings.NETWORK_FILE = tmp_path / "network.toml"
    settings.NETWORK_FILE.write_text(Path("config/network.toml").read_text(encoding="utf-8"), encoding="utf-8")
    return tmp_path
