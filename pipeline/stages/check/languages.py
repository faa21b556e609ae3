"""What the checks need to know of single languages: countries, spaces, capitals."""

from __future__ import annotations

from functools import lru_cache
from typing import Final

import langcodes
from langcodes.tag_parser import LanguageTagError

UNSPACED: Final = frozenset(["zh", "ja", "th", "lo", "km", "my", "bo", "dz"])
"""Languages that put no spaces between words."""

_REDUPLICATING: Final = (
    "hi ur bn pa gu mr ne si ta te kn ml or as tr az kk uz ky tk vi id ms jv su tl fil sw ht af ha yo ig so zu xh "
    "rw mg mi haw sm to"
)
REDUPLICATING: Final = frozenset(_REDUPLICATING.split())
"""Languages whose grammar doubles words: *ساتھ ساتھ*, *yavaş yavaş*, *polepole*."""

_CASELESS: Final = (
    "Arab Hebr Deva Beng Guru Gujr Orya Taml Telu Knda Mlym Sinh Thai Laoo Mymr Khmr Tibt Ethi Hans Hant Jpan Kore "
    "Thaa Syrc Nkoo"
)
CASELESS: Final = frozenset(_CASELESS.split())
"""Scripts without capital letters."""


@lru_cache(maxsize=256)
def territory(tag: str) -> str:
    """The country of a BCP 47 tag, likely or said: ``BR`` of ``pt``."""
    try:
        return langcodes.get(tag).maximize().territory or ""
    except LanguageTagError:
        return ""
