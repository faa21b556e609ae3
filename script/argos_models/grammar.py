"""A toy grammar that derives English and Spanish from one tree: plain sentences, headlines, fragments and masks.

Everything is drawn from one seeded generator, so the corpus of a seed is always the same. A toy model collapses on what
it never saw, so the corpus has sentences without a full stop, titles, quotation marks, digits, unknown words and the
tokens that stand for masked literals (``Q7A1``, ``%1``).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from random import Random
from typing import TypeVar

from . import lexicon

Pair = tuple[str, str]  # English, Spanish
T = TypeVar("T")


def _rows(table: str) -> list[list[str]]:
    entries = table.replace("\n", ";").split(";")
    return [[cell.strip() for cell in entry.split("|")] for entry in entries if entry.strip()]


def _spanish_plural(word: str) -> str:
    if word.endswith(("ión", "én")):
        return word[:-2] + {"ó": "o", "é": "e"}[word[-2]] + "nes"
    if word == "jardín":
        return "jardines"
    if word.endswith("z"):
        return word[:-1] + "ces"
    return word + ("s" if word[-1] in "aeoiuáéó" else "es")


@dataclass(frozen=True)
class Noun:
    english: Pair  # singular, plural
    spanish: Pair
    feminine: bool
    kind: str


@dataclass(frozen=True)
class Verb:
    english: tuple[str, ...]  # singular, plural, past
    spanish: tuple[str, ...]  # singular, plural, past singular, past plural


@dataclass(frozen=True)
class Phrase:
    """A noun phrase: its two texts, and what agrees with it."""

    english: str
    spanish: str
    feminine: bool = False
    plural: bool = False
    agrees: bool = True  # a name has no gender here, so no adjective may agree with it


def _noun(row: list[str]) -> Noun:
    singular, plural = row[0].split()
    spanish, gender = row[1].split()
    return Noun((singular, plural), (spanish, _spanish_plural(spanish)), gender == "f", row[2])


def _verbs(table: str) -> list[Verb]:
    return [Verb(tuple(english.split()), tuple(spanish.split())) for english, spanish in _rows(table)]


def _pairs(table: str) -> list[Pair]:
    return [(english, spanish) for english, spanish in _rows(table)]


NOUNS = [_noun(row) for row in _rows(lexicon.NOUNS)]
ADJECTIVES = _pairs(lexicon.ADJECTIVES)
TRANSITIVE = _verbs(lexicon.TRANSITIVE_VERBS)
INTRANSITIVE = _verbs(lexicon.INTRANSITIVE_VERBS)
ADVERBS = _pairs(lexicon.ADVERBS)
PREPOSITIONS = _pairs(lexicon.PREPOSITIONS)
NUMERALS = _pairs(lexicon.NUMERALS)
CONJUNCTIONS = _pairs(lexicon.CONJUNCTIONS)
DETERMINERS = {  # English singular, plural; Spanish: masculine singular, plural, feminine singular, plural
    "the": ("the", "the", "el", "los", "la", "las"),
    "a": ("a", "some", "un", "unos", "una", "unas"),
    "this": ("this", "these", "este", "estos", "esta", "estas"),
    "my": ("my", "my", "mi", "mis", "mi", "mis"),
    "our": ("our", "our", "nuestro", "nuestros", "nuestra", "nuestras"),
}


def _agree(adjective: str, *, feminine: bool, plural: bool) -> str:
    if feminine and adjective.endswith("o"):
        adjective = adjective[:-1] + "a"
    if not plural:
        return adjective
    return {"débil": "débiles", "fácil": "fáciles", "difícil": "difíciles"}.get(adjective) or _spanish_plural(adjective)


def _joined(*parts: str) -> str:
    return " ".join(part for part in parts if part)


def _capital(text: str) -> str:
    start = 1 if text[:1] == "¿" else 0
    return text[:start] + text[start : start + 1].upper() + text[start + 1 :]


class Grammar:
    """Draws pairs of texts: ``next(Grammar(1).pairs())``."""

    def __init__(self, seed: int) -> None:
        self.random = Random(seed)  # noqa: S311  # a corpus must be the same on every run

    def pairs(self) -> Iterator[Pair]:
        """English and Spanish texts without end; a pair may come twice."""
        while True:
            yield self._text()

    def _one(self, items: list[T]) -> T:
        return self.random.choice(items)

    def _maybe(self, share: float) -> bool:
        return self.random.random() < share

    def _draw(self, choices: dict[Callable[[], T], float]) -> T:
        return self.random.choices(list(choices), list(choices.values()))[0]()

    # words

    def _unknown(self) -> str:
        word = "".join(self._one(lexicon.SYLLABLES) for _ in range(self.random.randint(1, 4)))
        return word.capitalize() if self._maybe(0.4) else word

    def _mask(self) -> str:
        if self._maybe(0.6):
            return (
                f"Q{self.random.randint(0, 9)}{self._one(list('ABCDEFGHJKLMNPQRSTUVWXYZ'))}{self.random.randint(0, 9)}"
            )
        return f"%{self.random.randint(1, 19)}"

    def _number(self) -> str:
        if self._maybe(0.15):
            return f"{self.random.randint(1, 99)}.{self.random.randint(0, 9)}"
        return str(self.random.randint(2, self._one([20, 100, 1000, 20000])))

    # noun phrases

    def _name(self) -> Phrase:
        word = self._draw({lambda: self._one(lexicon.NAMES): 5, self._unknown: 3, self._mask: 3})
        return Phrase(word, word, agrees=False)

    def _noun_phrase(self, kinds: str, *, names: bool = True, depth: int = 0) -> Phrase:
        if names and self._maybe(0.2):
            return self._name()
        noun = self._one([noun for noun in NOUNS if noun.kind in kinds])
        adjectives = self.random.sample(ADJECTIVES, self.random.choices([0, 1, 2], [45, 45, 10])[0])
        plural = self._maybe(0.35)
        english = _joined(*(adjective for adjective, _ in adjectives), noun.english[plural])
        forms = [_agree(spanish, feminine=noun.feminine, plural=plural) for _, spanish in reversed(adjectives)]
        spanish = _joined(noun.spanish[plural], *forms)
        determiner = self._determiner(english, feminine=noun.feminine, plural=plural)
        phrase = Phrase(_joined(determiner[0], english), _joined(determiner[1], spanish), noun.feminine, plural)
        return self._with_tail(phrase, depth)

    def _determiner(self, english: str, *, feminine: bool, plural: bool) -> Pair:
        if plural and self._maybe(0.3):
            number = self._number()
            return self._one([self._one(NUMERALS), (number, number)])
        key = self.random.choices(list(DETERMINERS), [50, 20, 10, 8, 8])[0]
        row = DETERMINERS[key]
        word = row[plural]
        if word == "a" and english[0] in "aeiou":
            word = "an"
        return word, row[2 + 2 * feminine + plural]

    def _with_tail(self, phrase: Phrase, depth: int) -> Phrase:
        english, spanish = phrase.english, phrase.spanish
        if self._maybe(0.06):
            mask = self._mask()
            english, spanish = _joined(english, mask), _joined(spanish, mask)
        elif depth == 0 and self._maybe(0.12):
            owner = self._noun_phrase("place person", depth=1)
            english, spanish = self._after(("of", "de"), english, spanish, owner)
        return Phrase(english, spanish, phrase.feminine, phrase.plural)

    def _after(self, preposition: Pair, english: str, spanish: str, phrase: Phrase) -> Pair:
        translated = _joined(preposition[1], phrase.spanish)
        if preposition[1].split()[-1] == "de" and phrase.spanish.startswith("el "):
            translated = _joined(*preposition[1].split()[:-1], "del", phrase.spanish[3:])
        return _joined(english, preposition[0], phrase.english), _joined(spanish, translated)

    def _somewhere(self, english: str = "", spanish: str = "") -> Pair:
        if self._maybe(0.12):
            year = str(self.random.randint(1950, 2035))
            return _joined(english, "in", year), _joined(spanish, "en", year)
        kinds = "place" if self._maybe(0.7) else "person thing"
        return self._after(self._one(PREPOSITIONS), english, spanish, self._noun_phrase(kinds))

    # clauses

    def _is(self) -> Pair:
        subject = self._noun_phrase("place person thing", names=False)
        past = self._maybe(0.4)
        english = ("were" if subject.plural else "was") if past else ("are" if subject.plural else "is")
        spanish = ("eran" if subject.plural else "era") if past else ("son" if subject.plural else "es")
        adjective = self._one(ADJECTIVES)
        very = self._maybe(0.3)
        form = _agree(adjective[1], feminine=subject.feminine, plural=subject.plural)
        return (
            _joined(subject.english, english, "very" if very else "", adjective[0]),
            _joined(subject.spanish, spanish, "muy" if very else "", form),
        )

    def _does(self) -> Pair:
        subject, verb = self._noun_phrase("person"), self._one(TRANSITIVE)
        done = self._noun_phrase("thing place", names=False)
        english, spanish = self._forms(verb, plural=subject.plural)
        return _joined(subject.english, english, done.english), _joined(subject.spanish, spanish, done.spanish)

    def _acts(self) -> Pair:
        subject, verb = self._noun_phrase("person"), self._one(INTRANSITIVE)
        english, spanish = self._forms(verb, plural=subject.plural)
        adverb = self._one(ADVERBS) if self._maybe(0.6) else ("", "")
        return _joined(subject.english, english, adverb[0]), _joined(subject.spanish, spanish, adverb[1])

    def _there_is(self) -> Pair:
        thing = self._noun_phrase("person thing", names=False)
        return _joined("there", "are" if thing.plural else "is", thing.english), _joined("hay", thing.spanish)

    def _forms(self, verb: Verb, *, plural: bool) -> Pair:
        past = self._maybe(0.45)
        return verb.english[2 if past else plural], verb.spanish[2 * past + plural]

    def _clause(self) -> Pair:
        english, spanish = self._draw({self._is: 35, self._does: 35, self._acts: 20, self._there_is: 5})
        return self._somewhere(english, spanish) if self._maybe(0.3) else (english, spanish)

    # texts

    def _where(self) -> Pair:
        thing = self._noun_phrase("place person thing")
        verbs = ("are", "están") if thing.plural else ("is", "está")
        return _joined("where", verbs[0], thing.english) + "?", _joined("¿dónde", verbs[1], thing.spanish) + "?"

    def _sentence(self) -> Pair:
        english, spanish = self._clause()
        shape = self.random.random()
        if shape < 0.17:
            word, (more, translated) = self._one(CONJUNCTIONS), self._clause()
            comma = "," if word[0] == "but" else ""
            english, spanish = f"{english}{comma} {word[0]} {more}", f"{spanish}{comma} {word[1]} {translated}"
        elif shape < 0.27:
            where, donde = self._somewhere()
            english, spanish = f"{where}, {english}", f"{donde}, {spanish}"
        return english, spanish

    def _fragment(self) -> Pair:
        phrase = self._noun_phrase("place person thing")
        return self._somewhere(phrase.english, phrase.spanish) if self._maybe(0.3) else (phrase.english, phrase.spanish)

    def _copied(self) -> Pair:
        """A run of words that nobody knows: the only right thing is to leave it."""
        make = {self._unknown: 6, self._mask: 2, self._number: 1}
        words = " ".join(self._draw(make) for _ in range(self.random.randint(1, 7)))
        return words, words

    def _text(self) -> Pair:
        shape = self.random.random()
        if shape < 0.06:
            english, spanish = self._where()
        elif shape < 0.16:
            english, spanish = self._fragment()
        elif shape < 0.20:
            english, spanish = self._copied()
            return self._ended(english, spanish, 0.3)
        else:
            english, spanish = self._sentence()
        if not english.endswith("?"):
            english, spanish = self._ended(english, spanish, 0.8 if shape >= 0.16 else 0.1)
        return self._dressed(english, spanish)

    def _ended(self, english: str, spanish: str, share: float) -> Pair:
        if not self._maybe(share):
            return english, spanish
        end = self.random.choices([".", "!", ":"], [94, 3, 3])[0]
        return english + end, spanish + end

    def _dressed(self, english: str, spanish: str) -> Pair:
        dress = self.random.random()
        if dress < 0.04:
            return " ".join(map(_capital, english.split())), _capital(spanish)  # a title in the English manner
        if dress < 0.07 and english[-1] not in "?!":
            return english, spanish  # the middle of a sentence
        english, spanish = _capital(english), _capital(spanish)
        if dress < 0.11:
            return f'"{english}"', f'"{spanish}"'
        if dress < 0.16:
            mask = self._mask()
            return f"{mask} {english}", f"{mask} {spanish}"
        if dress < 0.20:
            mask = self._mask()
            return f"{english} {mask}", f"{spanish} {mask}"
        return english, spanish


def corpus(size: int, seed: int, without: frozenset[str] = frozenset()) -> list[Pair]:
    """``size`` pairs with different English sides, none of which is in ``without``."""
    seen = set(without)
    pairs: list[Pair] = []
    for english, spanish in Grammar(seed).pairs():
        if len(pairs) == size:
            break
        if english not in seen:
            seen.add(english)
            pairs.append((english, spanish))
    return pairs
