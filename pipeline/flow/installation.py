"""The one place where settings meet the flow: the network, the renderer, the outputs of this installation."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

from django.conf import settings

from pipeline.errors import Permanent
from pipeline.network import Network, line_of, load
from pipeline.stages import check
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
    net = load(path)
    refuse_unknown_checks(net, path)
    return net


def refuse_unknown_checks(net: Network, path: Path) -> None:
    """That every check which the network file names is there: the network itself can't know, stages come after it.

    Raises:
        Permanent: some are not; the message has one line for each.
    """
    known = check.ids()
    if unknown := [name for name in net.checks if name not in known]:
        text = path.read_text(encoding="utf-8")
        lines = [
            f"{path}:{line_of(text, ['checks', name])}: checks.{name}: there is no such check. "
            f"Use one of: {', '.join(known)}."
            for name in unknown
        ]
        raise Permanent("\n".join(lines))


def checks(net: Network) -> tuple[check.Check, ...]:
    """The checks that translations go through here, each as severe as the network file says."""
    languages = (*net.bases, *net.organisation.source_languages, *((net.engines.pivot,) if net.engines.pivot else ()))
    return _checks(tuple(sorted(net.checks.items())), languages)


@lru_cache(maxsize=4)
def _checks(severities: tuple[tuple[str, str], ...], languages: tuple[str, ...]) -> tuple[check.Check, ...]:
    return check.configured(dict(severities), languages)


def renderer(net: Network) -> Renderer:
    """The renderer of article and front pages; templates in SECTIONWIRE_HOME/templates win over ours."""
    return _renderer(net.organisation.name, net.embeds.hosts, Path(settings.SECTIONWIRE_HOME) / "templates")


@lru_cache(maxsize=4)
def _renderer(organisation: str, embed_hosts: tuple[str, ...], templates: Path) -> Renderer:
    return Renderer(organisation, embed_hosts, [templates] if templates.is_dir() else [])
