"""Backup and restore: the whole ledger, and what stands beside it in the installation's folder, as one file.

The file is a zip. ``ledger/TABLE.jsonl`` has a table's rows, a line each, written the same by SQLite and PostgreSQL, so
that it also carries a ledger from one to the other; ``home/…`` are network.toml and the theme; ``secrets/…`` is there
only when it was asked for. ``manifest.json``, its last member, has the size and the SHA-256 of every other.
"""

from pipeline.flow.backup.archive import Manifest, checked
from pipeline.flow.backup.making import make
from pipeline.flow.backup.restoring import Restored, restore, was_cut_off

__all__ = ["Manifest", "Restored", "checked", "make", "restore", "was_cut_off"]
