"""How the words of the toy grammar are inflected in Spanish and Portuguese, and what Portuguese contracts."""

from __future__ import annotations

_SPANISH_PLURALS = {"jardín": "jardines", "débil": "débiles", "fácil": "fáciles", "difícil": "difíciles"}
_PORTUGUESE_PLURALS = {"cão": "cães", "azul": "azuis", "fácil": "fáceis", "difícil": "difíceis"}
_PORTUGUESE_ENDINGS = {"ão": "ões", "m": "ns", "al": "ais", "r": "res"}
_ARTICLES = {"o", "a", "os", "as", "este", "esta", "estes", "estas"}


def spanish_plural(word: str) -> str:
    """
    >>> [spanish_plural(word) for word in ("casa", "red", "estación", "almacén", "difícil")]
    ['casas', 'redes', 'estaciones', 'almacenes', 'difíciles']
    """
    if word in _SPANISH_PLURALS:
        return _SPANISH_PLURALS[word]
    if word.endswith(("ión", "én")):
        return word[:-2] + {"ó": "o", "é": "e"}[word[-2]] + "nes"
    return word + ("s" if word[-1] in "aeoiuáéó" else "es")


def portuguese_plural(word: str) -> str:
    """
    >>> [portuguese_plural(word) for word in ("casa", "cão", "estação", "homem", "jornal", "flor", "azul")]
    ['casas', 'cães', 'estações', 'homens', 'jornais', 'flores', 'azuis']
    """
    if word in _PORTUGUESE_PLURALS:
        return _PORTUGUESE_PLURALS[word]
    for ending, plural in _PORTUGUESE_ENDINGS.items():
        if word.endswith(ending):
            return word.removesuffix(ending) + plural
    return word + "s"


def spanish_adjective(word: str, *, feminine: bool, plural: bool) -> str:
    """The form that agrees with a noun."""
    word = _feminine(word) if feminine else word
    return spanish_plural(word) if plural else word


def portuguese_adjective(word: str, *, feminine: bool, plural: bool) -> str:
    """The form that agrees with a noun."""
    word = _feminine(word) if feminine else word
    return portuguese_plural(word) if plural else word


def spanish_joined(preposition: str, phrase: str) -> str:
    """A preposition before a phrase.

    >>> spanish_joined("cerca de", "el puerto")
    'cerca del puerto'
    """
    if preposition.split()[-1] == "de" and phrase.startswith("el "):
        return f"{preposition}l {phrase[3:]}"
    return f"{preposition} {phrase}"


def portuguese_joined(preposition: str, phrase: str) -> str:
    """A preposition, or a verb that takes one, before a phrase.

    >>> portuguese_joined("em", "o porto"), portuguese_joined("perto de", "esta casa")
    ('no porto', 'perto desta casa')
    >>> portuguese_joined("em", "uma rua"), portuguese_joined("precisa de", "uma rua")
    ('numa rua', 'precisa de uma rua')
    """
    article = phrase.split()[0]
    contracted = {"em": "n", "de": "d"}.get(preposition.split()[-1])
    indefinite = preposition == "em" and article in {"um", "uma", "uns", "umas"}
    if contracted and (article in _ARTICLES or indefinite):
        return preposition[:-2] + contracted + phrase
    return f"{preposition} {phrase}"


def _feminine(word: str) -> str:
    return word[:-1] + "a" if word.endswith("o") else word
