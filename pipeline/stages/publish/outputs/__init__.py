"""Where pages go. Outputs are found by entry point (``sectionwire.outputs``), so that a third party can add one."""

from __future__ import annotations

from functools import cache
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path

from pipeline.errors import Permanent
from pipeline.network import Output as OutputConfig
from pipeline.stages.publish.outputs.contract import Held, Output

__all__ = ["Held", "Output", "names", "open_output"]

GROUP = "sectionwire.outputs"


@cache
def _registry() -> dict[str, EntryPoint]:
    return {point.name: point for point in entry_points(group=GROUP)}


def names() -> tuple[str, ...]:
    """The types that ``[outputs.…] type`` in network.toml may name."""
    return tuple(sorted(_registry()))


def open_output(config: OutputConfig, section: str, home: Path) -> Output:
    """The output that network.toml describes, for one section. ``home`` is the installation's folder.

    Raises:
        Permanent: there is no output of this type, or the package that brings it can't be loaded.
    """
    point = _registry().get(config.type)
    if point is None:
        known = ", ".join(names())
        raise Permanent(f"There is no output of type “{config.type}”.", f"Use one of: {known}; in network.toml.")
    try:
        output: type[Output] = point.load()
    except (ImportError, AttributeError) as error:
        raise Permanent(
            f"The output “{config.type}” can't be loaded: {error}.",
            f"Install {point.value} again, or name another type.",
        ) from error
    return output(config, section, home)
