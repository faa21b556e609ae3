"""Which engines there are, and which models they have."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from functools import cache
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path

from pipeline.engines.contract import Engine, Installed
from pipeline.errors import Permanent

GROUP = "sectionwire.engines"
"""The group of entry points by which an engine is found."""

FAKE = "fake"
"""The engine for tests: it is used only when it is named."""

log = logging.getLogger(__name__)


def engine_classes() -> dict[str, type[Engine]]:
    """Every engine that can be imported, by name. One that can't is logged, see :func:`broken_engines`."""
    return dict(_load()[0])


def broken_engines() -> dict[str, str]:
    """Why an engine that is registered can't be used, by name."""
    return dict(_load()[1])


def engine_class(name: str) -> type[Engine]:
    """The engine of this name.

    Raises:
        Permanent: there is none, or it can't be imported.
    """
    classes, broken = _load()
    if name in classes:
        return classes[name]
    if name in broken:
        raise Permanent(
            f"The engine “{name}” can't be loaded: {broken[name]}.", "Mend or uninstall the package that brings it."
        )
    known = ", ".join(sorted(classes))
    raise Permanent(f"There is no engine “{name}”.", f"Use one of {known}, or install the package that brings it.")


def installed(models: Path, names: Sequence[str] | None = None) -> list[Installed]:
    """The models of these engines, or of all but the fake one, in the order of the names.

    Raises:
        Permanent: a name is no engine.
    """
    if names is None:
        names = sorted(engine_classes().keys() - {FAKE})
    return [model for name in names for model in engine_class(name)(models).installed()]


@cache
def _load() -> tuple[dict[str, type[Engine]], dict[str, str]]:
    classes: dict[str, type[Engine]] = {}
    broken: dict[str, str] = {}
    for point in entry_points(group=GROUP):
        try:
            classes[point.name] = _class(point)
        except Exception as error:  # a third party's module may raise anything as it is imported
            broken[point.name] = f"{type(error).__name__}: {error}"
            log.warning("The engine %s can't be loaded from %s", point.name, point.value, exc_info=True)
    return classes, broken


def _class(point: EntryPoint) -> type[Engine]:
    found: type[Engine] = point.load()
    if getattr(found, "name", None) != point.name:
        raise TypeError(f"{point.value} calls itself {getattr(found, 'name', None)!r}, not {point.name!r}")
    return found
