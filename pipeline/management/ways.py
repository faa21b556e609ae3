"""Which languages ``translate`` is asked for, and the ways from one to the other with the models that are here.

It stands apart from ``batch``, which is slow to import: engines start as soon as their models are known.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import langcodes

from pipeline.documents import Route
from pipeline.engines import registry
from pipeline.errors import Permanent
from pipeline.network import language_tag
from pipeline.stages.translate import route as routing


def languages(source: str, target: str) -> tuple[str, str]:
    """Both tags in their canonical form.

    Raises:
        Permanent: one of them is no language, or both are the same.
    """
    tags = []
    for option, tag in (("--from", source), ("--to", target)):
        try:
            tags.append(language_tag(tag))
        except ValueError:
            raise Permanent(
                f"{option} {tag}: this is no language.", "Give a BCP 47 tag, such as en, pt-BR or zh-Hant."
            ) from None
    if tags[0] == tags[1]:
        raise Permanent(f"--from and --to are both {tags[0]}.", "Name two languages.")
    return tags[0], tags[1]


def find_routes(source: str, target: str, models: Path, engines: Sequence[str], pivot: str | None) -> list[Route]:
    """The ways from source to target with the models that are installed, at least one; the first is asked first.

    Raises:
        Permanent: there is none; the message says how to install a model.
    """
    if routing.distance(source, target) < routing.NO_FIT:
        raise Permanent(f"{source} and {target} are one language: there is nothing to translate.")
    hops = [model.hop for model in registry.installed(models, engines)]
    if found := routing.find_all(source, target, hops, engines, pivot):
        return found
    names = [langcodes.get(tag).display_name() for tag in (source, target)]
    raise Permanent(
        f"There is no model from {names[0]} to {names[1]} here (engines: {', '.join(engines)}).",
        f"Install one: sectionwire models install {source} {target}",
    )
