"""Articles for benchmarks: plausible English news whose sentences are all distinct, with everyday markup."""

from __future__ import annotations

import random

WHO = (
    "The harbour team",
    "Volunteers from the river post",
    "Two nurses of the coast clinic",
    "The local boat crew",
    "Teachers of the floating school",
    "Engineers of the gauge network",
    "The night watch",
    "Fishing families",
    "Students of the seed library",
    "The village council",
    "Drivers of the supply convoy",
    "The mangrove group",
    "Carpenters from the upper valley",
    "The siren committee",
    "Retired pilots",
    "The mobile kitchen",
    "Radio operators",
    "The water laboratory",
)
DID = (
    "repaired the pump station",
    "opened a second shelter",
    "tested the new warning siren",
    "measured the level of the river",
    "delivered drinking water",
    "trained thirty young helpers",
    "planted young mangroves",
    "moved the medicine store to higher ground",
    "counted the boats that came home",
    "published the tide table",
    "checked every bridge on the old road",
    "cooked warm meals",
    "collected seeds of the local rice",
    "translated the safety guide",
    "drew a map of the flooded streets",
    "replaced broken batteries",
)
WHERE = (
    "near the old lighthouse",
    "in the harbour district",
    "along the eastern bank",
    "behind the fish market",
    "at the mouth of the river",
    "in three villages of the delta",
    "below the railway bridge",
    "on the northern island",
    "around the ferry landing",
    "in the hills above the town",
)
WHY = (
    "because the spring tide came early",
    "before the heavy rain began",
    "while the power was still off",
    "so that children could return to school",
    "although the road was closed",
    "as the council had asked in autumn",
    "after a week of strong wind",
    "since the first boats leave at dawn",
    "until the replacement parts arrive",
    "when the water had gone down",
)


def sentence(rng: random.Random, number: int) -> str:
    """One sentence; ``number`` makes it different from every other."""
    who, did, where, why = (rng.choice(words) for words in (WHO, DID, WHERE, WHY))
    return rng.choice(
        [
            f"{who} {did} {where} {why}, and {number} people took part.",
            f"{where[0].upper()}{where[1:]}, {who[0].lower()}{who[1:]} {did} for the {number}th time this year {why}.",
            f"{who} {did} {where}; report {number} says that it was done {why}.",
        ]
    )


def article(number: int, characters: int, first: int = 0) -> str:
    """An HTML fragment of about so many characters of text, its sentences numbered from ``first``.

    One paragraph in two has a link, one in four has emphasis; there are headlines and a list.
    """
    rng = random.Random(number)
    parts: list[str] = []
    length = 0
    while length < characters:
        lines = [sentence(rng, first + length + offset) for offset in range(4)]
        text = " ".join(lines)
        length += len(text)
        if len(parts) % 2 == 0:
            place = rng.choice(WHERE)
            text = text.replace(place, f'<a href="https://example.org/{number}/{len(parts)}">{place}</a>', 1)
        if len(parts) % 4 == 1:
            text = text.replace("people took part", "<strong>people took part</strong>", 1)
        parts.append(f"<p>{text}</p>")
        if len(parts) % 5 == 0:
            parts.append(f"<h2>What report {first + length} says about the river</h2>")
    return "\n".join(parts)
