"""What a run can do, by the words of network.toml. Each is done in pieces that do no harm when they are done twice."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from pipeline.flow.batches.actions import intake, lanework, pagework, upkeep
from pipeline.flow.batches.steps import Action

ACTIONS: Final[Mapping[str, Action]] = MappingProxyType(
    {
        "fetch": intake.FETCH,
        "translate": lanework.TRANSLATE,
        "retry": lanework.RETRY,
        "release": lanework.RELEASE,
        "rebuild": pagework.REBUILD,
        "verify": pagework.VERIFY,
        "repair": pagework.REPAIR,
        "align": upkeep.ALIGN,
        "digest": upkeep.DIGEST,
        "tidy": upkeep.TIDY,
    }
)
