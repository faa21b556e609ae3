"""A plugin that pytest loads first: before Django reads its settings, which it does before any conftest.

Tests never touch the checkout's own installation.
"""

from __future__ import annotations

import os
import tempfile

os.environ.setdefault("SECTIONWIRE_HOME", tempfile.mkdtemp(prefix="sectionwire-tests-"))
os.environ.setdefault("SECTIONWIRE_LOG", "WARNING")
