"""Checksums of model files, kept beside the models so that listing them stays cheap."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import tempfile
from collections.abc import Sequence
from pathlib import Path
from threading import Lock

_KEPT = ".checksums.json"
_known: dict[Path, dict[str, str]] = {}
_lock = Lock()


def checksum(files: Sequence[Path], models: Path) -> str:
    """The first 16 hexadecimal digits of the SHA-256 over the bytes of these files, in this order.

    A file is read again only when its path, time of change or size differs from what was seen before. What was seen is
    written into the folder ``models`` where that is possible.

    Raises:
        OSError: a file can't be read.
    """
    key = "|".join(f"{file}:{(stat := file.stat()).st_mtime_ns}:{stat.st_size}" for file in files)
    with _lock:
        known = _known.setdefault(models, _read(models))
        if key not in known:
            known[key] = _digest(files)
            _write(models, known)
        return known[key]


def size(files: Sequence[Path]) -> int:
    """Bytes that these files take on disk."""
    return sum(file.stat().st_size for file in files)


def _digest(files: Sequence[Path]) -> str:
    total = hashlib.sha256()
    for file in files:
        with file.open("rb") as stream:
            while block := stream.read(1 << 20):
                total.update(block)
    return total.hexdigest()[:16]


def _read(models: Path) -> dict[str, str]:
    try:
        kept = json.loads((models / _KEPT).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}  # never written, or half a file: the checksums are made anew
    return {str(key): str(value) for key, value in kept.items()} if isinstance(kept, dict) else {}


def _write(models: Path, known: dict[str, str]) -> None:
    """Keep what is still true. A folder that is read-only or not there only costs time at the next start."""
    present = {key: value for key, value in known.items() if Path(key.split(":")[0]).exists()}
    with contextlib.suppress(OSError):
        handle, temporary = tempfile.mkstemp(dir=models, prefix=_KEPT)
        with os.fdopen(handle, "w", encoding="utf-8") as stream:
            json.dump(present, stream)
        Path(temporary).replace(models / _KEPT)
