"""The codes that model makers use → BCP 47."""

from __future__ import annotations

import langcodes

_OWN = {
    "pb": "pt-BR",  # Argos
    "zt": "zh-Hant",  # Argos
    "zh": "zh-Hans",  # Argos and Firefox
    "zh_hant": "zh-Hant",  # Firefox
}
"""What langcodes does not know, or would take for something wider."""


def declared(code: str) -> str:
    """The BCP 47 tag of a model maker's code.

    Raises:
        ValueError: it names no language.

    >>> declared("pb"), declared("zt"), declared("iw"), declared("pt")
    ('pt-BR', 'zh-Hant', 'he', 'pt')
    """
    if own := _OWN.get(code.lower()):
        return own
    if not code or not langcodes.tag_is_valid(code):
        raise ValueError(code)
    return langcodes.standardize_tag(code)
