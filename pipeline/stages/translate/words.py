"""Words of any script, and which of them carry no meaning of their own."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import Final, NamedTuple

import langcodes
from langcodes.tag_parser import LanguageTagError

# Word characters are all but spaces and punctuation: \w would cut Hindi and Thai words at each vowel sign.
_NOT_WORD: Final = (
    r"\s!-/:-@\[-^`{-~\u00a1-\u00a9\u00ab-\u00b1\u00b4\u00b6-\u00b8\u00bb\u00bf\u00d7\u00f7"
    r"\u2010-\u205e\u3000-\u3003\u3008-\u3020\u3030\uff01-\uff0f\uff1a-\uff20\uff3b-\uff40\uff5b-\uff65"
    r"\u060c\u061b\u061f\u066a-\u066d\u06d4\u0964\u0965\U000f0000-\U0010fffd"
)
ATOM: Final = "[\U000f0000-\U0010fffd]"
"""The character that stands for something which is never translated; see ``inline``."""

# Scripts without spaces: every character counts as a word.
UNSPACED: Final = (
    r"\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u2e80-\u2fff\u3005-\u3007\u3041-\u30ff\u3400-\u9fff\uf900-\ufaff"
    r"\U00020000-\U0003ffff"
)

WORD: Final = re.compile(
    rf"{ATOM}|[{UNSPACED}][\u0e31\u0e34-\u0e3a\u0e47-\u0e4e]*|\d+(?:[.,:]\d+)*|"
    rf"[^{_NOT_WORD}{UNSPACED}]+(?:['’\-][^{_NOT_WORD}{UNSPACED}]+)*"
)
_PLAIN_QUOTES: Final = str.maketrans(dict.fromkeys("“”„«»", '"'))
_WORD_CHARACTER: Final = re.compile(rf"[^{_NOT_WORD}{UNSPACED}]")


class Word(NamedTuple):  # and no frozen dataclass, which takes four times as long to make: there are thousands
    """A word at ``start`` to ``end``; ``norm`` is what it shares with other ways to write it."""

    start: int
    end: int
    norm: str
    text: str


def words(text: str) -> list[Word]:
    """The words of a text, in order."""
    return [Word(m.start(), m.end(), norm(m[0]), m[0]) for m in WORD.finditer(text)]


def norm(text: str) -> str:
    """What a word shares with other ways to write it: capitals and curly apostrophes make no difference."""
    return text.casefold().replace("’", "'")


def is_atom(text: str) -> bool:
    """Whether a word stands for something that is never translated."""
    return text >= "\U000f0000"


def joins(before: str, after: str) -> bool:
    """Whether two neighbouring characters belong to one word, in a script that puts spaces between words."""
    return bool(_WORD_CHARACTER.match(before) and _WORD_CHARACTER.match(after))


_FUNCTION: Final[dict[str, frozenset[str]]] = {
    language: frozenset(text.split())
    for language, text in {
        "en": "a an the of in on at by for to from with and or but as is are was were be been it its this that "
        "these those so if than then we you he she they i our your his her their my us them who which what "
        "when where how why while will would can could has have had do does did about into over under after before "
        "between there",
        "pt": "a o as os um uma uns umas de do da dos das em no na nos nas num numa por pelo pela pelos pelas para "
        "pra com e ou mas nem como é são foi foram ser estar está isto isso este esta estes estas esse essa aquele "
        "aquela que se si ao aos à às eu tu você ele ela nós vós eles elas meu minha seu sua seus suas nosso "
        "nossa lhe lhes me te há tem têm já também sobre entre até após quando onde quem cujo dele dela deles",
        "es": "a el la los las lo un una unos unas de del en por para con y e o u pero ni como es son fue fueron ser "
        "está esto eso este esta estos estas ese esa aquel que no se al yo tú usted él ella nosotros ellos ellas mi "
        "su sus nuestro nuestra le les me te hay ha han ya también sobre entre hasta cuando donde quien",
        "fr": "à a le la les l un une des de du d en dans par pour avec et ou mais ni comme est sont était être ce "
        "cet cette ces que qui se s au aux je tu il elle nous vous ils elles mon ma mes son sa ses notre "
        "votre leur leurs lui y sur entre quand où dont sous ont",
        "de": "der die das den dem des ein eine einen einem einer eines und oder aber in im an am auf aus bei mit "
        "nach von vom zu zum zur für über unter als wie ist sind war waren sein es er sie wir ihr ich du "
        "sich auch noch dass wenn hat haben hatte wird werden",
        "it": "a il lo la i gli le l un uno una di del dello della dei degli delle d in nel nella nei nelle da dal "
        "dalla per con su sul sulla e o ma né come è sono era essere che si al alla ai alle io tu lui lei noi "
        "voi loro mio mia suo sua ha hanno anche tra fra quando dove chi",
        "nl": "de het een en of maar van in op aan bij met naar uit voor over onder als dan is zijn was waren ze hij "
        "zij wij we u jij ik er dat die dit deze om te door heeft hebben ook",
    }.items()
}


_ARTICLES: Final = {
    "en": frozenset(["the"]),
    "pt": frozenset(["o", "a", "os", "as"]),
    "es": frozenset(["el", "la", "los", "las"]),
    "fr": frozenset(["le", "la", "les", "l"]),
    "de": frozenset(["der", "die", "das", "den", "dem"]),
    "it": frozenset(["il", "lo", "la", "i", "gli", "le"]),
    "nl": frozenset(["de", "het"]),
}


_DEGREES: Final = {
    "en": frozenset(["more", "most", "less", "least"]),
    "pt": frozenset(["mais", "menos"]),
    "es": frozenset(["más", "menos"]),
    "fr": frozenset(["plus", "moins"]),
    "it": frozenset(["più", "meno"]),
}


@lru_cache(maxsize=256)
def base_language(tag: str) -> str:
    """The language subtag, for tables by language; empty when the tag can't be read."""
    try:
        return langcodes.get(tag).language or ""
    except LanguageTagError:
        return ""


@lru_cache(maxsize=256)
def script(tag: str) -> str:
    """The script of a BCP 47 tag, likely or said: ``Latn``, ``Arab``, ``Hans``; empty when the tag can't be read."""
    try:
        return langcodes.get(tag).maximize().script or ""
    except LanguageTagError:
        return ""


def is_function(norm: str, language: str) -> bool:
    """Whether a word only ties others together. Unknown languages have none."""
    return norm in _FUNCTION.get(base_language(language), ())


def is_article(norm: str, language: str) -> bool:
    """Whether a word is a definite article, which one language sets where another does without."""
    return norm in _ARTICLES.get(base_language(language), ())


def is_degree(norm: str, language: str) -> bool:
    """Whether a word makes a comparative of the next one, for which other languages have an ending."""
    return norm in _DEGREES.get(base_language(language), ())


def trimmed(found: Sequence[Word], language: str) -> tuple[int, int]:
    """The range of ``found`` without function words at its ends; the whole of it when nothing else is in it."""
    start, end = 0, len(found)
    while start < end and is_function(found[start].norm, language):
        start += 1
    while end > start and is_function(found[end - 1].norm, language):
        end -= 1
    return (start, end) if start < end else (0, len(found))


def mark_start(text: str, at: int) -> int:
    """Where the marks begin that stand right before a word at ``at``."""
    while at and not text[at - 1].isspace() and not joins(text[at - 1], "a"):
        at -= 1
    return at


def mark_end(text: str, at: int) -> int:
    """Where the marks end that stand right after a word."""
    while at < len(text) and not text[at].isspace() and not joins(text[at], "a"):
        at += 1
    return at


def shared_marks(ours: str, theirs: str) -> int:
    """How many of the target's marks, from the word outwards, the source's span has as well.

    Marks may change places at the end of a quotation: ``tide,”`` is ``maré”,`` in Portuguese.
    """
    mine, other = (text.translate(_PLAIN_QUOTES) for text in (ours, theirs))
    if '"' in mine and '"' in other:
        return other.index('"') + 1
    length = 0
    for one, two in zip(mine, other, strict=False):
        if one != two:
            break
        length += 1
    return length
