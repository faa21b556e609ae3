"""The glossary over the ledger: terms for the stages, and entries as they come in and go out."""

from __future__ import annotations

import hashlib
import json
import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from django.db import transaction

from pipeline.documents import Term
from pipeline.errors import Permanent
from pipeline.ledger.models import GlossaryTerm, GlossaryTranslation
from pipeline.ledger.models.glossary import LONGEST_NOTE, LONGEST_TERM

MOST_FORBIDDEN: Final = 20
SEPARATOR: Final = "|"
"""Between forbidden translations, in a file."""

MOST_TERMS: Final = 20_000
"""Of one pair of languages. Finding them costs the same however many they are, but memory and start-up grow."""

# Never seen, and lost before translation, so that a term with one of them would be found nowhere.
_INVISIBLE: Final = re.compile("[\xad\u200b\u200e\u200f\u061c\u2060\ufeff]")
_REFUSED: Final = re.compile(
    "[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u206f\ud800-\udfff\ue000-\uf8ff\ufff9-\uffff"
    "\U000e0000-\U0010ffff]"
)


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of a glossary: a term, and what it is to be in one language.

    ``target_language`` is empty for what holds in every language (only ``do_not_translate``). ``do_not_translate`` with
    a language keeps the term in that one. Texts are as :func:`checked` returns them.
    """

    source_language: str
    source: str
    target_language: str = ""
    target: str = ""
    do_not_translate: bool = False
    exact_case: bool = False
    forbidden: tuple[str, ...] = ()
    note: str = ""


@dataclass(frozen=True, slots=True)
class Changes:
    """How many entries an import added, changed, and found as they were."""

    added: int = 0
    changed: int = 0
    unchanged: int = 0


def checked(entry: Entry) -> Entry:
    """The entry with its texts normalised: NFC, single spaces, nothing invisible.

    Raises:
        Permanent: it can't be an entry; the message says why.
    """
    source = _text(entry.source, "The term", LONGEST_TERM)
    if not source:
        raise Permanent("There is no term.", "Give the word or words that are meant.")
    if not any(map(str.isalnum, source)):
        raise Permanent(f"“{source}” has neither a letter nor a digit.", "A term is a word, or several.")
    target = _text(entry.target, "The translation", LONGEST_TERM)
    if target and not any(map(str.isalnum, target)):
        raise Permanent(f"“{target}” has neither a letter nor a digit.", "A translation is a word, or several.")
    forbidden = tuple(
        dict.fromkeys(filter(None, (_text(f, "A forbidden translation", LONGEST_TERM) for f in entry.forbidden)))
    )
    if joined := [text for text in forbidden if SEPARATOR in text]:
        # In the file it stands between forbidden translations: this one would come back as several.
        raise Permanent(f"The forbidden translation “{joined[0]}” has a {SEPARATOR} in it.", "Give each by itself.")
    checked = replace(
        entry, source=source, target=target, forbidden=forbidden, note=_text(entry.note, "The note", LONGEST_NOTE)
    )
    _whole(checked)
    return checked


def _whole(entry: Entry) -> None:
    """Do the parts of an entry go together? Raises Permanent when they don't."""
    if len(entry.forbidden) > MOST_FORBIDDEN:
        raise Permanent(f"More than {MOST_FORBIDDEN} forbidden translations.", "Name the most frequent ones.")
    if entry.target_language and entry.target_language == entry.source_language:
        raise Permanent(f"Source and target language are both {entry.source_language}.", "Name two languages.")
    if entry.do_not_translate and entry.target and entry.target != entry.source:
        raise Permanent(
            "A term that is not to be translated has a translation.",
            "Give one, or say that it is not to be translated.",
        )
    if not entry.target_language and (entry.target or entry.forbidden):
        raise Permanent("A translation without a language.", "Name the target language, such as pt or pt-BR.")
    if not (entry.target or entry.forbidden or entry.do_not_translate):
        raise Permanent(
            f"Nothing is said of “{entry.source}”.",
            "Give a translation or a forbidden one, or say that it is not to be translated.",
        )
    wanted = (entry.source if entry.do_not_translate else entry.target).casefold()
    if wanted in {text.casefold() for text in entry.forbidden}:
        raise Permanent(
            f"“{entry.target or entry.source}” is both wanted and forbidden.", "Take it out of one of them."
        )


def _text(text: str, what: str, longest: int) -> str:
    text = unicodedata.normalize("NFC", " ".join(_INVISIBLE.sub("", text).split()))
    if found := _REFUSED.search(text):
        raise Permanent(
            f"{what} has a character that no text has (U+{ord(found[0]):04X}).", "Type it again, without pasting."
        )
    if len(text) > longest:
        raise Permanent(f"{what} has {len(text):,} characters; {longest} are the most (“{text[:30]}…”).", "Shorten it.")
    return text


def put(entries: Iterable[Entry], by: str, now: Callable[[], datetime]) -> Changes:
    """Lay down entries, each over what the glossary has of this term and language; all, or none where it raises.

    What is not among them stays as it is. An empty note leaves the one that is there. Exact case belongs to the term:
    one entry that says so is enough, and only one for all languages, without such beside it, takes it away again.
    """
    counts = {"added": 0, "changed": 0, "unchanged": 0}
    entries = list(entries)
    exact = {(entry.source_language, entry.source) for entry in entries if entry.exact_case}
    with transaction.atomic():
        known = _Known(by, now())
        for entry in entries:
            counts[known.put(replace(entry, exact_case=(entry.source_language, entry.source) in exact))] += 1
    return Changes(**counts)


class _Known:
    """The glossary during an import: read once, written where something changes."""

    def __init__(self, by: str, now: datetime) -> None:
        self.by, self.now = by, now
        self.terms = {(term.language, term.source): term for term in GlossaryTerm.objects.all()}
        self.folded = {(t.language, t.folded): t for t in self.terms.values() if not t.exact_case}
        self.translations = {(row.term_id, row.language): row for row in GlossaryTranslation.objects.all()}

    def put(self, entry: Entry) -> str:
        """Returns what became of it: a field of :class:`Changes`."""
        term, outcome = self._term(entry if not entry.target_language else replace(entry, note=""))
        if entry.target_language:
            mine = self._translation(term, entry)
            outcome = outcome if mine == "unchanged" else mine if outcome != "added" else outcome
        if outcome == "changed":
            GlossaryTerm.objects.filter(pk=term.pk).update(changed_by=self.by, changed_at=self.now)
        return outcome

    def _term(self, entry: Entry) -> tuple[GlossaryTerm, str]:
        folded = entry.source.casefold()
        term = self.terms.get((entry.source_language, entry.source))
        if term is None and not entry.exact_case:
            term = self.folded.get((entry.source_language, folded))
        everywhere = entry.do_not_translate and not entry.target_language
        if term is None:
            term = GlossaryTerm.objects.create(
                language=entry.source_language,
                source=entry.source,
                folded=folded,
                do_not_translate=everywhere,
                exact_case=entry.exact_case,
                note=entry.note,
                created_by=self.by,
                created_at=self.now,
                changed_by=self.by,
                changed_at=self.now,
            )
            self._keep(term)
            return term, "added"
        before = (term.source, term.do_not_translate, term.exact_case, term.note)
        self._forget(term)
        term.do_not_translate = everywhere or term.do_not_translate
        term.exact_case = entry.exact_case or (term.exact_case and bool(entry.target_language))
        term.source, term.note = entry.source, entry.note or term.note
        self._no_twin(term)
        self._keep(term)
        if before == (term.source, term.do_not_translate, term.exact_case, term.note):
            return term, "unchanged"
        term.save()
        return term, "changed"

    def _no_twin(self, term: GlossaryTerm) -> None:
        twin = self.folded.get((term.language, term.folded))
        if twin and not term.exact_case:
            raise Permanent(
                f"“{term.source}” and “{twin.source}” differ only in capitals.",
                "Give one of them as meant in exact case, or remove it: sectionwire glossary remove.",
            )

    def _keep(self, term: GlossaryTerm) -> None:
        self.terms[term.language, term.source] = term
        if not term.exact_case:
            self.folded[term.language, term.folded] = term

    def _forget(self, term: GlossaryTerm) -> None:
        self.terms.pop((term.language, term.source), None)
        if self.folded.get((term.language, term.folded)) is term:
            del self.folded[term.language, term.folded]

    def _translation(self, term: GlossaryTerm, entry: Entry) -> str:
        target = entry.source if entry.do_not_translate else entry.target
        key = term.pk, entry.target_language
        row = self.translations.get(key)
        outcome = "changed" if row else "added"
        row = row or GlossaryTranslation(term=term, language=entry.target_language)
        wanted = (target, list(entry.forbidden), entry.note or row.note)
        if outcome == "changed" and (row.target, row.forbidden, row.note) == wanted:
            return "unchanged"
        row.target, row.forbidden, row.note = wanted
        row.save()
        self.translations[key] = row
        return outcome


def remove(source_language: str, source: str, target_language: str = "") -> int:
    """Take a term out, or only what it is in one language. Returns how many entries are gone.

    Capitals count where two terms differ only in them.
    """
    with transaction.atomic():
        terms = GlossaryTerm.objects.filter(language=source_language)
        found = terms.filter(source=source) or terms.filter(folded=source.casefold(), exact_case=False)
        if not target_language:
            number = sum(max(1, term.translations.count() + term.do_not_translate) for term in found)
            terms.filter(pk__in=[term.pk for term in found]).delete()
            return number
        rows = GlossaryTranslation.objects.filter(term__in=list(found), language=target_language)
        number, _ = rows.delete()
        empty = terms.filter(pk__in=[t.pk for t in found], do_not_translate=False, translations__isnull=True)
        empty.delete()
        return number


def entries(source_language: str = "", target_language: str = "", word: str = "") -> Iterator[Entry]:
    """The glossary, sorted by term and language; only of some language, or terms with ``word`` in them."""
    terms = GlossaryTerm.objects.order_by("language", "folded", "source").prefetch_related("translations")
    if source_language:
        terms = terms.filter(language=source_language)
    if word:
        terms = terms.filter(folded__contains=word.casefold())
    for term in terms:
        if term.do_not_translate:
            yield _entry(term, None)
        for row in sorted(term.translations.all(), key=lambda row: row.language):
            if target_language in ("", row.language):
                yield _entry(term, row)


def _entry(term: GlossaryTerm, row: GlossaryTranslation | None) -> Entry:
    kept = row is None or row.target == term.source
    return Entry(
        source_language=term.language,
        source=term.source,
        target_language=row.language if row else "",
        target=row.target if row and not kept else "",
        do_not_translate=kept,
        exact_case=term.exact_case,
        forbidden=tuple(row.forbidden) if row else (),
        note=row.note if row else term.note,
    )


def terms(source: str, target: str) -> tuple[Term, ...]:
    """The terms that hold from one base into another (BCP 47), as the stages take them."""
    return (*_translated(source, target), *_kept(source, target))


def digest(held: Iterable[Term]) -> str:
    """Tells which terms held: SHA-256 of what they ask for, in whatever order; empty where there are none.

    Notes ask for nothing.
    """
    asked = sorted([term.source, term.target, term.exact_case, sorted(term.forbidden)] for term in held)
    return hashlib.sha256(json.dumps(asked, ensure_ascii=False).encode()).hexdigest() if asked else ""


def own_terms(source: str, target: str) -> tuple[Term, ...]:
    """Only those that a section's own language has on top of its base."""
    return _translated(source, target)


def _translated(source: str, target: str) -> tuple[Term, ...]:
    rows = GlossaryTranslation.objects.filter(term__language=source, language=target).select_related("term")
    return tuple(
        Term(row.term.source, row.target, row.term.exact_case, tuple(row.forbidden), row.note or row.term.note)
        for row in rows.order_by("term__folded", "term__source")[:MOST_TERMS]
    )


def _kept(source: str, target: str) -> tuple[Term, ...]:
    kept = GlossaryTerm.objects.filter(language=source, do_not_translate=True).exclude(translations__language=target)
    return tuple(
        Term(term.source, term.source, term.exact_case, (), term.note)
        for term in kept.order_by("folded", "source")[:MOST_TERMS]
    )


def languages() -> list[tuple[str, str, int]]:
    """Source and target language of what there is, with the number of entries; an empty target means all."""
    counts: dict[tuple[str, str], int] = {}
    for entry in entries():
        pair = (entry.source_language, entry.target_language)
        counts[pair] = counts.get(pair, 0) + 1
    return [(source, target, number) for (source, target), number in sorted(counts.items())]
