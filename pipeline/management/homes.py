"""The folder of an installation: made once, never overwritten."""

from __future__ import annotations

import os
import secrets
import shutil
from pathlib import Path

from pipeline.errors import Permanent

MARKER = ".sectionwire"


def ensure_home(home: Path, network: Path | None = None) -> bool:
    """Make a folder an installation: its marker, its secret key, and a copy of ``network`` as its network.toml.

    What is there already stays. Returns whether the folder was none before.

    Raises:
        Permanent: the folder can't be made or written.
    """
    new = not (home / MARKER).is_dir()
    try:
        (home / MARKER / "run").mkdir(parents=True, exist_ok=True)
        key = home / MARKER / "secret-key"
        if not key.exists():
            descriptor = os.open(key, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(descriptor, "w", encoding="utf-8") as file:
                file.write(secrets.token_urlsafe(48))
        if network is not None and not (home / "network.toml").exists():
            shutil.copyfile(network, home / "network.toml")
    except OSError as error:
        raise Permanent(
            f"{home} can't be an installation: {error.strerror}.", "Choose a folder you can write."
        ) from error
    return new
