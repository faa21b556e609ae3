"""What could be installed, from the public indexes: the network is reached only here, and only when a person asks."""

from __future__ import annotations

import logging
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from pipeline.engines.argos import environment
from pipeline.engines.codes import declared
from pipeline.errors import Permanent

PAIRS_PIVOT = "en"
SILENCE_SECONDS = 30.0
"""How long the index of Argos packages may say nothing."""

_FROM_FILE = "With a file at hand: sectionwire models install --from-file FILE"
_LATER = "Look at the network and try again."

Pair = tuple[str, str]


def argos_packages(models: Path, folder: Path) -> list[Any]:
    """The packages of the public index (``ARGOS_PACKAGE_INDEX``), as the argostranslate module has them.

    Args:
        models: where the module may make its folders.
        folder: where it leaves what it loads.

    Raises:
        Permanent: the index can't be reached or understood.
    """
    package, settings = _module(models)
    settings.local_package_index = folder / "index.json"
    settings.remote_package_index = settings.get_setting("ARGOS_PACKAGE_INDEX", settings.package_index) + "index.json"
    with _listening() as reasons:
        package.update_package_index()  # it doesn't raise, it logs
    if not settings.local_package_index.exists():
        why = reasons[-1] if reasons else "no answer"
        raise Permanent(f"The index of Argos packages can't be reached: {why}.", f"{_LATER} {_FROM_FILE}")
    try:
        return [entry for entry in package.get_available_packages() if _is_model(entry)]
    except (ValueError, TypeError, AttributeError) as error:
        raise Permanent(f"The index of Argos packages can't be understood: {error}.", _FROM_FILE) from error


def _is_model(entry: Any) -> bool:
    texts = entry.from_code, entry.to_code, entry.package_version
    return entry.type == "translate" and all(isinstance(text, str) for text in texts)


def argos_download(entry: Any, models: Path, folder: Path) -> Path:
    """Load one package of the index into ``folder``; the file's path. Raises Permanent when it can't be loaded."""
    _, settings = _module(models)
    settings.downloads_dir = folder
    with _listening() as reasons:
        try:
            path: Path = entry.download()
        except Exception as error:  # the module raises bare exceptions
            why = reasons[-1] if reasons else str(error)
            raise Permanent(f"The package {entry} can't be loaded: {why}.", f"{_LATER} {_FROM_FILE}") from error
    return path


def argos_pair(entry: Any) -> Pair | None:
    """The languages of a package as BCP 47, or nothing when one is unknown."""
    try:
        return declared(entry.from_code), declared(entry.to_code)
    except ValueError:
        return None


def firefox_pairs() -> dict[Pair, Pair]:
    """The pairs of the public index of Firefox models (``FXTRANSLATE_RECORDS_URL``): BCP 47 → the index's codes.

    Raises:
        Permanent: the index can't be reached or understood.
    """
    with _firefox_index() as (discovery, body):
        pairs = discovery.model_pairs(body)
    found: dict[Pair, Pair] = {}
    for source, target in pairs:
        try:
            found[declared(source), declared(target)] = source, target
        except ValueError:
            continue  # a code that nobody knows can't be asked for
    return found


def firefox_digests(pair: Pair) -> set[str]:
    """The SHA-256 of every model file that the index has for a pair (by the index's codes).

    It has several for some pairs, and which counts is the library's to say: a file that is none of these is outdated.

    Raises:
        Permanent: the index can't be reached or understood.
    """
    with _firefox_index() as (discovery, body):
        records = discovery.parse_records(body)
    wanted = [record for record in records if (record["sourceLanguage"], record["targetLanguage"]) == pair]
    return {str(record["decompressedHash"]).lower() for record in wanted if record["fileType"] == "model"}


def firefox_download(pair: Pair, folder: Path) -> Path:
    """Load one pair, by the index's codes, into ``folder/<source>-<target>``; that folder.

    What is there already from an interrupted attempt is verified and not loaded again.

    Raises:
        Permanent: a file can't be loaded, or is not what the index promised.
    """
    from fxtranslate import discovery  # as above

    try:
        discovery.add_models(*pair, cache_dir=str(folder))
    except ValueError as error:
        raise Permanent(f"The Firefox model {'-'.join(pair)} can't be loaded: {error}.", _LATER) from error
    return folder / "-".join(pair)


@contextmanager
def _firefox_index() -> Iterator[tuple[Any, str]]:
    # Here and not above: a native library.
    from fxtranslate import discovery

    try:
        yield discovery, discovery.fetch_records_body()
    except ValueError as error:
        raise Permanent(f"The index of Firefox models can't be reached or understood: {error}.", _LATER) from error


def _module(models: Path) -> tuple[Any, Any]:
    with environment(models):
        # Here and not above: the module makes folders as it is imported, and must be told where first.
        from argostranslate import package, settings

    return package, settings


@contextmanager
def _listening() -> Iterator[list[str]]:
    """What the module logs as errors, which is its way to say what went wrong; and an end to endless waiting."""
    reasons: list[str] = []

    class Listener(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            reasons.append(record.getMessage().removeprefix("(").removesuffix(",)"))  # it logs a tuple

    logger, listener = logging.getLogger("argostranslate.utils"), Listener(logging.ERROR)
    waiting, propagate = socket.getdefaulttimeout(), logger.propagate
    socket.setdefaulttimeout(SILENCE_SECONDS)
    logger.addHandler(listener)
    logger.propagate = False
    try:
        yield reasons
    finally:
        logger.propagate = propagate
        logger.removeHandler(listener)
        socket.setdefaulttimeout(waiting)
