"""A plugin that pytest loads first: before Django reads its settings, which it does before any conftest.

Tests never touch the checkout's own installation.
"""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

os.environ.setdefault("SECTIONWIRE_HOME", tempfile.mkdtemp(prefix="sectionwire-tests-"))
os.environ.setdefault("SECTIONWIRE_LOG", "WARNING")
# Nothing is collected in tests, nor in embedded mode; WhiteNoise warns of a folder that is not there.
Path(os.environ["SECTIONWIRE_HOME"], "static").mkdir(exist_ok=True)
