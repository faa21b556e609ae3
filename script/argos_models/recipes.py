"""Which packages are made: their languages, their tokenizer, how long they are trained."""

from __future__ import annotations

from dataclasses import dataclass

NAMES = {"en": "English", "es": "Spanish", "pt": "Portuguese"}


@dataclass(frozen=True)
class Recipe:
    """One package.

    ``targets`` are the languages that the model is trained to write, with the token by which each is asked for. The
    first is what the package declares; more than one make the token matter, as in the big models for many languages.
    """

    source: str
    targets: dict[str, str]
    tokenizer: str  # the name of its file in the package
    steps: int

    @property
    def target(self) -> str:
        return next(iter(self.targets))

    @property
    def languages(self) -> list[str]:
        return [self.source, *self.targets]


RECIPES = {
    "en_es": Recipe("en", {"es": ""}, "sentencepiece.model", 5000),
    "es_pt": Recipe("es", {"pt": "__pt__", "en": "__en__"}, "bpe.model", 5000),
}
