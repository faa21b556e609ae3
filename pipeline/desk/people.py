"""The sections and roles that people can be given."""

from __future__ import annotations

from pipeline.errors import PipelineError
from pipeline.flow import installation


def section_choices(present: str = "") -> list[tuple[str, str]]:
    """Key and name of each section of the network, for a form; ``present`` stays choosable when it is gone."""
    try:
        known = [(section.key, section.name) for section in installation.network().sections]
    except PipelineError:
        known = []
    gone = [(present, present)] if present and present not in dict(known) else []
    return [("", "—"), *known, *gone]
