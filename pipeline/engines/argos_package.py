"""An ``.argosmodel`` file → a folder in ``models/argos``, with everything checked before it counts as installed."""

from __future__ import annotations

import shutil
import stat
import tempfile
import zipfile
import zlib
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path, PurePosixPath

from pipeline.engines.argos import ArgosEngine, Metadata, metadata, model_files, version_key
from pipeline.engines.child import Child, Died, Overdue, Raised
from pipeline.engines.contract import Engine, Installed
from pipeline.errors import Permanent, Transient

MODULE = "argos-translate-lt"
"""The distribution whose version a package must suit."""

MOST_BYTES = 4 << 30
MOST_FILES = 10_000
MOST_RATIO = 50  # published packages pack about 1.2 : 1; this is no package but a bomb
SMALL = 10 << 20  # bytes below which a ratio says nothing
TRIAL_SECONDS = 180.0

_WRONG = "Tell whoever keeps the index; what is installed stays as it is."
_REMEDY = "Give an .argosmodel file, as the index of Argos packages has them."


@contextmanager
def incoming(models: Path) -> Iterator[Path]:
    """A folder beside the models, on the same disk, that is gone afterwards.

    Raises:
        Permanent: the models' folder can't be written.
    """
    try:
        (models / ".incoming").mkdir(parents=True, exist_ok=True)
        folder = Path(tempfile.mkdtemp(dir=models / ".incoming"))
    except OSError as error:
        raise Permanent(
            f"{models} can't be written: {error.strerror}.", "Mend its permissions, or make room."
        ) from error
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@dataclass(frozen=True, slots=True)
class Promise:
    """What an index says of a file: its languages (BCP 47), and the version that it is newer than."""

    source: str
    target: str
    newer_than: str = ""


def unpack(path: Path, root: Path, promise: Promise | None = None) -> Installed:
    """Check a package file and unpack it as ``root/argos/<name>``, where it is loaded once for trial.

    Raises:
        Permanent: it is no Argos package, is damaged or hostile, doesn't suit this version, is not what was promised,
            or can't be loaded.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            top = _check_members(path, archive)
            data = _check_metadata(path, archive, top)
            _check_promise(data, promise)
            _check_room(path, archive, root)
            archive.extractall(root / "unpacked")
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError) as error:
        raise Permanent(f"{path} is no Argos package, or is damaged: {error}.", _REMEDY) from error
    except OSError as error:
        raise Permanent(
            f"{path} can't be unpacked: {error}.", "Look at the file, and at the room on the disk."
        ) from error
    folder = root / "argos" / f"{data.from_code}_{data.to_code}"
    folder.parent.mkdir()
    (root / "unpacked" / top).rename(folder)
    if not model_files(folder):
        raise _refused(path, "model/model.bin or the tokenizer is missing")
    return _proven(path, root)


def prove(engine: type[Engine], root: Path, model: Installed) -> None:
    """Load a model in a process of its own and translate one sentence: what crashes there harms nobody.

    Raises:
        Permanent: it could not be done.
    """
    child = Child(root)
    try:
        child.translate(engine, model.hop, ["This is a test."], TRIAL_SECONDS)
    except (Died, Overdue, Raised, Permanent, Transient) as error:
        raise Permanent(f"the model can't be used: {error}") from error
    finally:
        child.kill()


def _proven(path: Path, root: Path) -> Installed:
    (model,) = ArgosEngine(root).installed()
    try:
        prove(ArgosEngine, root, model)
    except Permanent as error:
        raise _refused(path, error.message) from error
    return model


def _refused(path: Path, why: str) -> Permanent:
    return Permanent(f"{path} is not installed: {why.rstrip('.')}.", _REMEDY)


def _check_members(path: Path, archive: zipfile.ZipFile) -> str:
    """The one folder in which everything lies; nothing may leave it, be linked, or be out of all proportion."""
    members = archive.infolist()
    total = sum(member.file_size for member in members)
    if len(members) > MOST_FILES or total > MOST_BYTES:
        raise _refused(path, f"it holds {len(members):,} files of {total:,} bytes, which is too much")
    if total > SMALL and total > MOST_RATIO * path.stat().st_size:
        raise _refused(path, f"its {path.stat().st_size:,} bytes would become {total:,}")
    for member in members:
        _check_member(path, member)
    doubled = [name for name, count in Counter(member.filename for member in members).items() if count > 1]
    if doubled:
        raise _refused(path, f"it holds {doubled[0]!r} twice")
    tops = {PurePosixPath(member.filename).parts[0] for member in members}
    if len(tops) != 1:
        raise _refused(path, f"it should hold one folder, and has {len(tops)} entries at its top")
    return tops.pop()


def _check_member(path: Path, member: zipfile.ZipInfo) -> None:
    name = member.filename
    parts = PurePosixPath(name).parts
    if not parts or name.startswith("/") or ".." in parts or "\\" in name or ":" in name:
        raise _refused(path, f"it holds a path that leaves its folder, {name!r}")
    if stat.S_IFMT(member.external_attr >> 16) not in (0, stat.S_IFREG, stat.S_IFDIR):
        raise _refused(path, f"it holds a link or a special file, {name!r}")
    if member.flag_bits & 1:
        raise _refused(path, "it is encrypted")


def _check_metadata(path: Path, archive: zipfile.ZipFile, top: str) -> Metadata:
    name = f"{top}/metadata.json"
    if name not in archive.namelist() or archive.getinfo(name).file_size > 1 << 20:
        raise _refused(path, "it has no metadata.json, or a monstrous one")
    try:
        data = metadata(archive.read(name).decode())
    except ValueError as error:
        raise _refused(path, str(error)) from error
    ours = version(MODULE)
    if version_key(data.argos_version)[:1] > version_key(ours)[:1]:
        raise Permanent(
            f"{path} is not installed: it is for Argos {data.argos_version}, and here is {ours}.",
            "Update Sectionwire, or take an older package.",
        )
    return data


def _check_promise(data: Metadata, promise: Promise | None) -> None:
    if promise is None:
        return
    if (data.source, data.target) != (promise.source, promise.target):
        raise Permanent(
            f"The index promised {promise.source} → {promise.target}, and sent {data.source} → {data.target}.", _WRONG
        )
    if promise.newer_than and version_key(data.version) <= version_key(promise.newer_than):
        raise Permanent(
            f"The index promised a version above {promise.newer_than} of {promise.source} → {promise.target}, and sent "
            f"{data.version}.",
            _WRONG,
        )


def _check_room(path: Path, archive: zipfile.ZipFile, root: Path) -> None:
    needed, free = sum(member.file_size for member in archive.infolist()), shutil.disk_usage(root).free
    if needed > free:
        raise Permanent(
            f"{path} needs {needed >> 20:,} MB, and {root.parent} has {free >> 20:,} MB left.", "Make room on the disk."
        )
