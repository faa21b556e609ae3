"""Secrets of outputs: from the environment or from a file that it names, never from network.toml."""

from __future__ import annotations

import os
from pathlib import Path

from pipeline.errors import Permanent


def read(variable: str) -> str:
    """The secret in an environment variable, or in the file that ``<variable>_FILE`` names.

    Raises:
        Permanent: neither is set, the file can't be read, or the secret is empty.
    """
    value, file = os.environ.get(variable, ""), os.environ.get(f"{variable}_FILE", "")
    if not value and file:
        try:
            value = Path(file).read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise Permanent(
                f"{variable}_FILE names a file that can't be read: {file}.",
                "Let the user that runs the publishing worker read it.",
            ) from error
    if not value.strip():
        raise Permanent(
            f"There is no secret in {variable}.",
            f"Set it in the environment of the publishing worker, or {variable}_FILE to the name of a file.",
        )
    return value.strip()
