"""For whom an article is: the sections' target rules, and what whoever hands it in has narrowed it to."""

from __future__ import annotations

from typing import Final

from pipeline.documents import Metadata
from pipeline.network import Section

NOT_CHOSEN: Final = "whoever handed it in chose other sections"


def refusal(section: Section, metadata: Metadata, base: str) -> str:
    """Why an article, whose language stands on ``base``, is not for a section; empty when it is."""
    if metadata.only_sections and section.key not in metadata.only_sections:
        return NOT_CHOSEN
    return section.targets.refusal(metadata.kind, metadata.tags, base)
