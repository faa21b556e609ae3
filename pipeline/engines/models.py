"""What ``sectionwire models`` does: list what could be installed, install, update, remove.

A model is unpacked and tried beside the others and then renamed into place, so workers see it whole or not at all.
"""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from filelock import FileLock

from pipeline.engines.argos import packages, version_key
from pipeline.engines.argos_package import Promise, incoming, prove, unpack
from pipeline.engines.contract import Installed
from pipeline.engines.firefox import BUNDLED, FirefoxEngine
from pipeline.engines.indexes import (
    PAIRS_PIVOT,
    Pair,
    argos_download,
    argos_packages,
    argos_pair,
    firefox_digests,
    firefox_download,
    firefox_pairs,
)
from pipeline.engines.registry import installed
from pipeline.errors import Permanent

INSTALLABLE = ("argos", "firefox")
"""The engines whose models come from an index."""


@dataclass(frozen=True, slots=True, order=True)
class Available:
    """A model that could be installed. ``here`` says whether a model of this engine for this pair is installed."""

    engine: str
    source: str
    target: str
    name: str
    here: bool


def catalogue(engine: str, models: Path) -> list[Available]:
    """What the public index of this engine has. It reaches the network.

    Raises:
        Permanent: the index can't be reached, or the engine has none.
    """
    _check_installable(engine)
    here = {(model.hop.source, model.hop.target) for model in installed(models, [engine])}
    return sorted(Available(engine, *pair, name, pair in here) for pair, name in _offers(engine, models))


def install(source: str, target: str, engine: str, models: Path) -> list[Installed]:
    """Install the model for a pair (BCP 47) from the public index, in place of the one that is there.

    When firefox has no model for the pair itself, both legs of the way through English are installed.

    Raises:
        Permanent: the index can't be reached, has no such model, or the model can't be used.
    """
    _check_installable(engine)
    if engine == "argos":
        return [_install_argos(source, target, models)]
    return _install_firefox(source, target, models)


def install_file(path: Path, models: Path, promise: Promise | None = None) -> Installed:
    """Install an ``.argosmodel`` file, in place of the package for the same pair.

    Raises:
        Permanent: it is no Argos package, is damaged or hostile, is not what was promised, or can't be loaded; nothing
            has changed then.
    """
    if not path.is_file():
        raise Permanent(f"{path} is no file.", "Give the path of an .argosmodel file.")
    with _changing(models), incoming(models) as folder:
        model = unpack(path, folder, promise)
        final = models / "argos" / f"{model.path.name}-{model.hop.checksum}"
        others = _same_pair(model, models)
        if not final.exists():
            final.parent.mkdir(exist_ok=True)
            model.path.rename(final)
        for other in others:
            if other != final:
                _discard(other, folder)
    return _now(models, "argos", model.hop.source, model.hop.target)


def update(model: Installed, models: Path) -> Installed | None:
    """Replace an installed model by a newer one of the public index; the newer one, or nothing when there is none.

    Workers that have the old one loaded finish their batch with it; the next batch finds it replaced, and is
    translated with the new one.

    Raises:
        Permanent: the index can't be reached, or what it has can't be used; nothing has changed then.
    """
    _check_installable(model.hop.engine)
    if model.note == BUNDLED:
        return None  # it is updated with Sectionwire
    newer = _newer_argos(model, models) if model.hop.engine == "argos" else _newer_firefox(model, models)
    return newer if newer and newer.hop != model.hop else None


def remove(source: str, target: str, engine: str, models: Path) -> Installed:
    """Remove an installed model, and say which it was.

    Raises:
        Permanent: there is none for this pair, or it comes with Sectionwire.
    """
    model = _now(models, engine, source, target)
    if models.resolve() not in model.path.resolve().parents:
        why = f"it {BUNDLED}" if model.note == BUNDLED else f"it does not lie in {models}"
        raise Permanent(
            f"The {engine} model for {source} → {target} can't be removed: {why}.",
            "To do without it, leave its engine out of network.toml.",
        )
    with _changing(models), incoming(models) as folder:
        for path in _same_pair(model, models):
            _discard(path, folder)
    return model


def _install_argos(source: str, target: str, models: Path) -> Installed:
    with incoming(models) as folder:
        newest = _newest_argos(source, target, models, folder)
        if newest is None:
            raise _not_offered("argos", source, target)
        return install_file(argos_download(newest, models, folder), models, Promise(source, target))


def _newer_argos(model: Installed, models: Path) -> Installed | None:
    source, target = model.hop.source, model.hop.target
    here = next((data.version for folder, data in packages(models / "argos") if folder == model.path), "")
    with incoming(models) as folder:
        newest = _newest_argos(source, target, models, folder)
        if newest is None or version_key(newest.package_version) <= version_key(here):
            return None
        return install_file(argos_download(newest, models, folder), models, Promise(source, target, here or "0"))


def _newest_argos(source: str, target: str, models: Path, folder: Path) -> Any:
    """The index's entry for a pair with the highest version, or nothing."""
    entries = [entry for entry in argos_packages(models, folder) if argos_pair(entry) == (source, target)]
    return max(entries, key=lambda entry: version_key(entry.package_version), default=None)


def _newer_firefox(model: Installed, models: Path) -> Installed | None:
    pair = model.hop.source, model.hop.target
    codes = firefox_pairs().get(pair)
    if codes is None:
        return None
    digests = {hashlib.sha256(file.read_bytes()).hexdigest() for file in model.path.glob("model.*.bin")}
    if digests & firefox_digests(codes):
        return None
    return _install_leg(codes, pair, models)


def _install_firefox(source: str, target: str, models: Path) -> list[Installed]:
    offered = firefox_pairs()
    legs = [(source, target)]
    if legs[0] not in offered:
        legs = [(source, PAIRS_PIVOT), (PAIRS_PIVOT, target)]
    if any(leg not in offered for leg in legs):
        raise _not_offered("firefox", source, target)
    return [_install_leg(offered[leg], leg, models) for leg in legs]


def _install_leg(codes: Pair, leg: Pair, models: Path) -> Installed:
    with _changing(models), incoming(models) as folder:
        root = models / ".incoming"  # and not ``folder``: what an interrupted attempt left is taken up again
        loaded = firefox_download(codes, root / "firefox")
        prove(FirefoxEngine, root, _now(root, "firefox", *leg))
        final = models / "firefox" / loaded.name
        final.parent.mkdir(exist_ok=True)
        if final.exists():
            _discard(final, folder)
        loaded.rename(final)
    return _now(models, "firefox", *leg)


def _offers(engine: str, models: Path) -> Iterator[tuple[Pair, str]]:
    if engine == "firefox":
        for pair, codes in firefox_pairs().items():
            yield pair, "-".join(codes)
        return
    with incoming(models) as folder:
        for entry in argos_packages(models, folder):
            if pair_of_entry := argos_pair(entry):
                yield pair_of_entry, f"{entry.from_code}_{entry.to_code}-{entry.package_version}"


def _check_installable(engine: str) -> None:
    if engine not in INSTALLABLE:
        raise Permanent(
            f"Sectionwire has no index of models for the engine “{engine}”.", f"Use one of {', '.join(INSTALLABLE)}."
        )


def _not_offered(engine: str, source: str, target: str) -> Permanent:
    return Permanent(
        f"The public index has no {engine} model for {source} → {target}.",
        "See what it has with: sectionwire models list --available",
    )


def _now(models: Path, engine: str, source: str, target: str) -> Installed:
    for model in installed(models, [engine]):
        if (model.hop.source, model.hop.target) == (source, target):
            return model
    raise Permanent(
        f"There is no {engine} model for {source} → {target} here.", "See what is here with: sectionwire models list"
    )


def _same_pair(model: Installed, models: Path) -> list[Path]:
    """Every folder of this engine that holds a model of this pair: an older version may lie beside the newer."""
    if model.hop.engine != "argos":
        return [model.path]
    pair = model.hop.source, model.hop.target
    return [folder for folder, data in packages(models / "argos") if (data.source, data.target) == pair]


def _discard(path: Path, folder: Path) -> None:
    """Gone at once for everybody else, then deleted."""
    trash = folder / f"old-{path.name}"
    path.rename(trash)
    shutil.rmtree(trash, ignore_errors=True)


@contextmanager
def _changing(models: Path) -> Iterator[None]:
    """One change of the models at a time, whoever makes it; what the disk refuses is said in one sentence."""
    try:
        models.mkdir(parents=True, exist_ok=True)
        with FileLock(models / ".lock", timeout=600):
            yield
    except OSError as error:
        raise Permanent(f"{models} can't be changed: {error}.", "Mend its permissions, or make room.") from error
