"""An installation of its own for a benchmark: whatever the shell says of another one, nothing of it is touched."""

from __future__ import annotations

import os
from pathlib import Path

_OURS = ("SECTIONWIRE_", "DATABASE_URL", "DJANGO_SETTINGS_MODULE")


def environment(home: Path, database: str = "", **more: str) -> None:
    """Let this process, and what it starts, know of the installation in ``home`` alone; before Django is set up.

    Variables of another one go, also those that name files (``DATABASE_URL_FILE``), which would win over ours.

    Args:
        home: has the ``network.toml``.
        database: the address of the ledger; SQLite in ``home`` without one.
        more: further variables.
    """
    for name in [name for name in os.environ if name.startswith(_OURS)]:
        del os.environ[name]
    os.environ.update(
        {
            "SECTIONWIRE_HOME": str(home),
            "SECTIONWIRE_NETWORK": str(home / "network.toml"),
            "SECTIONWIRE_LOG": "WARNING",
            "DATABASE_URL": database or f"sqlite:///{home / 'ledger.sqlite3'}",
            "DJANGO_SETTINGS_MODULE": "config.settings",
            **more,
        }
    )
