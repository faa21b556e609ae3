"""The one place where settings meet the flow: the network, the renderer, the outputs of this installation."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

from django.conf import settings

from pipeline.network import Network, load
from pipeline.stages.publish.render import Renderer


def network() -> Network:
    """The network of this installation; read again when the file has changed.

    Raises:
        Permanent: the file is missing or says something impossible.
    """
    path = Path(settings.NETWORK_FILE)
    try:
        changed = path.stat().st_mtime_ns
    except OSError:
        changed = 0
    return _load(path, changed)


@lru_cache(maxsize=4)
def _load(path: Path, changed: int) -> Network:  # noqa: ARG001 - a part of the cache's key
    return load(path)


def renderer(net: Network) -> Renderer:
    """The renderer of article and front pages; templates in SECTIONWIRE_HOME/templates win over ours."""
    return _renderer(net.organisation.name, net.embeds.hosts, Path(settings.SECTIONWIRE_HOME) / "templates")


@lru_cache(maxsize=4)
def _renderer(organisation: str, embed_hosts: tuple[str, ...], templates: Path) -> Renderer:
    return Renderer(organisation, embed_hosts, [templates] if templates.is_dir() else [])
