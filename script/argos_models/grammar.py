"""A toy grammar that derives English, Spanish and Portuguese from one tree: sentences, headlines, fragments, masks.

Everything is drawn from one seeded generator, so the corpus of a seed is always the same. A toy model collapses on what
it never saw, so the corpus has sentences without a full stop, titles, quotation marks, digits, unknown words and the
tokens that stand for masked literals (``Q7A1``, ``%1``).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from random import Random
from typing import NamedTuple, TypeVar

from . import lexicon
from .inflection import (
    portuguese_adjective,
    portuguese_joined,
    portuguese_plural,
    spanish_adjective,
    spanish_joined,
    spanish_plural,
)

T = TypeVar("T")


class Text(NamedTuple):
    """The same in the three languages."""

    en: str
    es: str
    pt: str

    def and_then(self, other: Text) -> Text:
        """Both, with a space between them where there is something to part."""
        return Text(*map(_joined, self, other))

    def with_each(self, change: Callable[[str], str]) -> Text:
        return Text(*map(change, self))


NOTHING = Text("", "", "")


@dataclass(frozen=True)
class Noun:
    singular: Text
    plural: Text
    feminine: tuple[bool, bool]  # in Spanish, in Portuguese
    kind: str


@dataclass(frozen=True)
class Verb:
    english: tuple[str, ...]  # singular, plural, past
    spanish: tuple[str, ...]  # singular, plural, past singular, past plural
    portuguese: tuple[str, ...]

    def form(self, *, past: bool, plural: bool) -> Text:
        place = 2 * past + plural
        return Text(self.english[2 if past else plural], self.spanish[place], self.portuguese[place])


@dataclass(frozen=True)
class Phrase:
    """A noun phrase: its texts, and what agrees with it."""

    text: Text
    feminine: tuple[bool, bool] = (False, False)
    plural: bool = False


def _rows(table: str) -> list[list[str]]:
    entries = table.replace("\n", ";").split(";")
    return [[cell.strip() for cell in entry.split("|")] for entry in entries if entry.strip()]


def _noun(row: list[str]) -> Noun:
    singular, plural = row[0].split()
    (spanish, spanish_gender), (portuguese, portuguese_gender) = row[1].split(), row[2].split()
    return Noun(
        Text(singular, spanish, portuguese),
        Text(plural, spanish_plural(spanish), portuguese_plural(portuguese)),
        (spanish_gender == "f", portuguese_gender == "f"),
        row[3],
    )


def _verbs(table: str) -> list[Verb]:
    return [Verb(*(tuple(word.replace("_", " ") for word in cell.split()) for cell in row)) for row in _rows(table)]


def _texts(table: str) -> list[Text]:
    return [Text(*row) for row in _rows(table)]


NOUNS = [_noun(row) for row in _rows(lexicon.NOUNS)]
ADJECTIVES = _texts(lexicon.ADJECTIVES)
TRANSITIVE = _verbs(lexicon.TRANSITIVE_VERBS)
INTRANSITIVE = _verbs(lexicon.INTRANSITIVE_VERBS)
ADVERBS = _texts(lexicon.ADVERBS)
PREPOSITIONS = _texts(lexicon.PREPOSITIONS)
NUMERALS = _texts(lexicon.NUMERALS)
CONJUNCTIONS = _texts(lexicon.CONJUNCTIONS)
DETERMINERS = {  # English singular, plural; then each: masculine singular, plural, feminine singular, plural
    "the": ("the the", "el los la las", "o os a as"),
    "a": ("a some", "un unos una unas", "um uns uma umas"),
    "this": ("this these", "este estos esta estas", "este estes esta estas"),
    "my": ("my my", "mi mis mi mis", "o_meu os_meus a_minha as_minhas"),
    "our": ("our our", "nuestro nuestros nuestra nuestras", "o_nosso os_nossos a_nossa as_nossas"),
}


def _joined(*parts: str) -> str:
    return " ".join(part for part in parts if part)


def _before(preposition: Text, text: Text) -> Text:
    return Text(
        _joined(preposition.en, text.en),
        spanish_joined(preposition.es, text.es),
        portuguese_joined(preposition.pt, text.pt),
    )


def _capital(text: str) -> str:
    start = 1 if text[:1] == "¿" else 0
    return text[:start] + text[start : start + 1].upper() + text[start + 1 :]


def _agreeing(adjective: Text, feminine: tuple[bool, bool], *, plural: bool) -> Text:
    return Text(
        adjective.en,
        spanish_adjective(adjective.es, feminine=feminine[0], plural=plural),
        portuguese_adjective(adjective.pt, feminine=feminine[1], plural=plural),
    )


class Grammar:
    """Draws texts: ``next(Grammar(1).texts())``."""

    def __init__(self, seed: int) -> None:
        self.random = Random(seed)  # noqa: S311  # a corpus must be the same on every run

    def texts(self) -> Iterator[Text]:
        """Texts without end; one may come twice."""
        while True:
            yield self._text()

    def plain(self) -> Iterator[Text]:
        """Whole sentences without end, as an article has them: each begins with a capital and ends with a full stop."""
        while True:
            yield self._sentence().with_each(lambda text: f"{_capital(text)}.")

    def _one(self, items: list[T]) -> T:
        return self.random.choice(items)

    def _maybe(self, share: float) -> bool:
        return self.random.random() < share

    def _draw(self, choices: Mapping[Callable[[], T], float]) -> T:
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
        return Phrase(Text(word, word, word))

    def _noun_phrase(self, kinds: str, *, names: bool = True, depth: int = 0) -> Phrase:
        if names and self._maybe(0.2):
            return self._name()
        noun = self._one([noun for noun in NOUNS if noun.kind in kinds])
        adjectives = self.random.sample(ADJECTIVES, self.random.choices([0, 1, 2], [45, 45, 10])[0])
        plural = self._maybe(0.35)
        text = noun.plural if plural else noun.singular
        for adjective in reversed(adjectives):
            form = _agreeing(adjective, noun.feminine, plural=plural)
            text = Text(_joined(form.en, text.en), _joined(text.es, form.es), _joined(text.pt, form.pt))
        text = self._determiner(text.en, noun.feminine, plural=plural).and_then(text)
        return self._with_tail(Phrase(text, noun.feminine, plural), depth)

    def _determiner(self, english: str, feminine: tuple[bool, bool], *, plural: bool) -> Text:
        if plural and self._maybe(0.3):
            number = self._number()
            numeral = self._one([self._one(NUMERALS), Text(number, number, number)])
            return numeral._replace(pt=numeral.pt.split()[-1 if feminine[1] else 0])
        key = self.random.choices(list(DETERMINERS), [50, 20, 10, 8, 8])[0]
        forms = [form.split() for form in DETERMINERS[key]]
        word = forms[0][plural]
        if word == "a" and english[0] in "aeiou":
            word = "an"
        return Text(word, forms[1][2 * feminine[0] + plural], forms[2][2 * feminine[1] + plural].replace("_", " "))

    def _with_tail(self, phrase: Phrase, depth: int) -> Phrase:
        text = phrase.text
        if self._maybe(0.06):
            text = text.and_then(Text(*[self._mask()] * 3))
        elif depth == 0 and self._maybe(0.12):
            owner = self._noun_phrase("place person", depth=1)
            text = text.and_then(_before(Text("of", "de", "de"), owner.text))
        return Phrase(text, phrase.feminine, phrase.plural)

    def _somewhere(self) -> Text:
        if self._maybe(0.12):
            year = str(self.random.randint(1950, 2035))
            return _before(Text("in", "en", "em"), Text(year, year, year))
        kinds = "place" if self._maybe(0.7) else "person thing"
        return _before(self._one(PREPOSITIONS), self._noun_phrase(kinds).text)

    # clauses

    def _is(self) -> Text:
        subject = self._noun_phrase("place person thing", names=False)
        past = self._maybe(0.4)
        verb = Verb(
            ("is", "are", "were" if subject.plural else "was"),
            ("es", "son", "era", "eran"),
            ("é", "são", "era", "eram"),
        )
        adjective = self._one(ADJECTIVES)
        very = Text("very", "muy", "muito") if self._maybe(0.3) else NOTHING
        form = _agreeing(adjective, subject.feminine, plural=subject.plural)
        return subject.text.and_then(verb.form(past=past, plural=subject.plural)).and_then(very).and_then(form)

    def _does(self) -> Text:
        subject, verb = self._noun_phrase("person"), self._one(TRANSITIVE)
        done = self._noun_phrase("thing place", names=False)
        form = verb.form(past=self._maybe(0.45), plural=subject.plural)
        predicate = form.and_then(done.text)._replace(pt=portuguese_joined(form.pt, done.text.pt))
        return subject.text.and_then(predicate)

    def _acts(self) -> Text:
        subject, verb = self._noun_phrase("person"), self._one(INTRANSITIVE)
        form = verb.form(past=self._maybe(0.45), plural=subject.plural)
        adverb = self._one(ADVERBS) if self._maybe(0.6) else NOTHING
        return subject.text.and_then(form).and_then(adverb)

    def _there_is(self) -> Text:
        thing = self._noun_phrase("person thing", names=False)
        return Text("there are" if thing.plural else "there is", "hay", "há").and_then(thing.text)

    def _clause(self) -> Text:
        text = self._draw({self._is: 35, self._does: 35, self._acts: 20, self._there_is: 5})
        return text.and_then(self._somewhere()) if self._maybe(0.3) else text

    # texts

    def _where(self) -> Text:
        thing = self._noun_phrase("place person thing")
        asked = (
            Text("where are", "¿dónde están", "onde estão")
            if thing.plural
            else Text("where is", "¿dónde está", "onde está")
        )
        return asked.and_then(thing.text).with_each(lambda text: f"{text}?")

    def _sentence(self) -> Text:
        text = self._clause()
        shape = self.random.random()
        if shape < 0.17:
            word, more = self._one(CONJUNCTIONS), self._clause()
            if word.en == "but":
                text = text.with_each(lambda clause: f"{clause},")
            text = text.and_then(word).and_then(more)
        elif shape < 0.27:
            text = self._somewhere().with_each(lambda where: f"{where},").and_then(text)
        return text

    def _fragment(self) -> Text:
        text = self._noun_phrase("place person thing").text
        return text.and_then(self._somewhere()) if self._maybe(0.3) else text

    def _copied(self) -> Text:
        """A run of words that nobody knows: the only right thing is to leave it."""
        make = {self._unknown: 6, self._mask: 2, self._number: 1}
        words = " ".join(self._draw(make) for _ in range(self.random.randint(1, 7)))
        return Text(words, words, words)

    def _text(self) -> Text:
        shape = self.random.random()
        if shape < 0.06:
            text = self._where()
        elif shape < 0.16:
            text = self._fragment()
        elif shape < 0.20:
            return self._ended(self._copied(), 0.3)
        else:
            text = self._sentence()
        if not text.en.endswith("?"):
            text = self._ended(text, 0.8 if shape >= 0.16 else 0.1)
        return self._dressed(text)

    def _ended(self, text: Text, share: float) -> Text:
        if not self._maybe(share):
            return text
        end = self.random.choices([".", "!", ":"], [94, 3, 3])[0]
        return text.with_each(lambda each: each + end)

    def _dressed(self, text: Text) -> Text:
        dress = self.random.random()
        capital = text.with_each(_capital)
        if dress < 0.04:
            return capital._replace(en=" ".join(map(_capital, text.en.split())))  # a title in the English manner
        if dress < 0.07 and text.en[-1] not in "?!":
            return text  # the middle of a sentence
        if dress < 0.11:
            return capital.with_each(lambda each: f'"{each}"')
        if dress < 0.16:
            return Text(*[self._mask()] * 3).and_then(capital)
        if dress < 0.20:
            return capital.and_then(Text(*[self._mask()] * 3))
        return capital


def corpus(size: int, seed: int) -> list[Text]:
    """``size`` texts with different English sides."""
    found: dict[str, Text] = {}
    for text in Grammar(seed).texts():
        found.setdefault(text.en, text)
        if len(found) == size:
            break
    return list(found.values())
