"""The one place where settings meet the flow: the network, the renderer, the outputs of this installation."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from django.conf import settings

from pipeline.errors import Permanent
from pipeline.network import Network, Section, line_of, load

if TYPE_CHECKING:  # stages are slow to import, and most commands need none, or few
    from pipeline.stages import check, intake
    from pipeline.stages.publish.outputs.contract import Output
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
    if not net.checks:
        return
    from pipeline.stages import check  # as above

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
    from pipeline.stages import check  # as above

    return check.configured(dict(severities), languages)


def intake_options(net: Network) -> intake.Options:
    """The bounds of the network file in the form that intake takes."""
    from pipeline.stages import intake  # as above

    limits = net.limits
    return intake.Options(
        max_bytes=int(limits.megabytes * 1_000_000), max_elements=limits.elements, max_depth=limits.depth
    )


def renderer(net: Network) -> Renderer:
    """The renderer of article and front pages; the theme in SECTIONWIRE_HOME/theme wins over ours."""
    return _renderer(net.organisation.name, net.embeds.hosts, Path(settings.SECTIONWIRE_HOME) / "theme")


@lru_cache(maxsize=4)
def _renderer(organisation: str, embed_hosts: tuple[str, ...], theme: Path) -> Renderer:
    from pipeline.stages.publish.render import Renderer  # as above

    return Renderer(organisation, embed_hosts, theme if theme.is_dir() else None)


def address(path: str) -> str:
    """The whole address of a page of the desk, for those who are not looking at it: in e-mails, on terminals."""
    return f"{settings.DESK_URL}{path}"


def output_of(name: str, section: Section, net: Network) -> Output:
    """The output of this name for a section.

    Raises:
        Permanent: the network file no longer has it, or its type is not installed.
    """
    from pipeline.stages.publish.outputs import open_output  # as above

    if name not in net.outputs:
        raise Permanent(
            f"There is no output “{name}” any more.", f"Add [outputs.{name}] to network.toml, or retire it."
        )
    return open_output(net.outputs[name], section.key, Path(settings.SECTIONWIRE_HOME))
