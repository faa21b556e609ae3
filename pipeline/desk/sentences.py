"""Sentences that the ledger keeps in English — findings, reasons, events — in the interface's language.

They are written once, by stages that know no interface, and read by people of many languages. Here each is known by its
form; one that is not, or has no translation, is shown as it was written, and marked as English.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from typing import Any, Final

from django.utils.translation import get_language_bidi, gettext, gettext_noop

from pipeline.desk import noted, words
from pipeline.errors import PipelineError
from pipeline.flow.status import Place
from pipeline.ledger.models import Edition

_KNOWN: Final = (
    # findings
    gettext_noop("The segment has no translation."),
    gettext_noop("The translation of the segment is empty."),
    gettext_noop("The segment could not be translated. Translate it by hand."),
    gettext_noop("The translation is the same as the source."),
    gettext_noop("A date differs: “%(ours)s” in the source, “%(theirs)s” in the translation."),
    gettext_noop("Web addresses differ from the source (%(parts)s)."),
    gettext_noop("E-mail addresses differ from the source (%(parts)s)."),
    gettext_noop("Addresses differ from the source (%(parts)s)."),
    gettext_noop("Numbers differ from the source (%(parts)s)."),
    gettext_noop("missing: %(lost)s; not in the source: %(added)s"),
    gettext_noop("missing: %(lost)s"),
    gettext_noop("not in the source: %(added)s"),
    gettext_noop("The translation seems to be in %(language)s."),
    gettext_noop("The whole text seems to be in %(language)s: the engine may lack this language."),
    gettext_noop("The translation is unusually short (%(parts)s): look whether something is missing."),
    gettext_noop("The translation is unusually long (%(parts)s): look whether something is added or repeated."),
    gettext_noop("%(ours)s characters for %(theirs)s"),
    gettext_noop("One link or emphasis was placed by position only: look whether the right words are marked."),
    gettext_noop("%(count)s links or emphases were placed by position only: look whether the right words are marked."),
    gettext_noop("“%(mark)s” is missing."),
    gettext_noop("There are two spaces in a row."),
    gettext_noop("There is a space before “%(mark)s”."),
    gettext_noop("There is no space after “%(mark)s”."),
    gettext_noop("French sets a no-break space before “%(mark)s”."),
    gettext_noop("French sets a no-break space after “%(mark)s”."),
    gettext_noop("The quotation marks are lost."),
    gettext_noop("A quotation mark is missing, or one is too many."),
    gettext_noop("“%(mark)s” is not a quotation mark of the language, which sets %(marks)s."),
    gettext_noop("Repeated: “%(words)s”."),
    gettext_noop("The translation says the same again and again."),
    gettext_noop("The source begins with a capital letter, the translation does not."),
    gettext_noop("“%(term)s” is not to be translated: it should stand here as it is."),
    gettext_noop("“%(term)s” should be “%(target)s” here."),
    gettext_noop("“%(term)s” should not be “%(found)s” here: use “%(target)s”."),
    gettext_noop("“%(term)s” should not be “%(found)s” here."),
    # why something stands where it does
    gettext_noop("waits for an editor of %(section)s"),
    gettext_noop("follows %(section)s, which has not approved it yet"),
    gettext_noop("a check blocks it: %(parts)s"),
    gettext_noop("%(parts)s (and %(count)s more)"),
    gettext_noop("waits to be cleaned and segmented"),
    gettext_noop("was not asked for when the article came in"),
    gettext_noop("returned by %(name)s: %(why)s"),
    gettext_noop("rejected by %(name)s: %(why)s"),
    gettext_noop("withdrawn by %(name)s: %(why)s"),
    gettext_noop("approved by %(name)s, waits for a second person"),
    gettext_noop("was changed after %(name)s had approved it"),
    gettext_noop("the section's own wording was changed after the approval"),
    gettext_noop("%(count)s segment changed under the section's own wording"),
    gettext_noop("%(count)s segments changed under the section's own wording"),
    gettext_noop("a person wrote what is published; a newer machine translation is proposed"),
    gettext_noop("urgent correction by %(name)s, not yet reviewed: %(why)s"),
    gettext_noop("the urgent correction was taken back by %(name)s: an editor decides"),
    gettext_noop("the decision was taken back by %(name)s: an editor decides"),
    gettext_noop("the article is withdrawn"),
    gettext_noop("came in while it was withdrawn: an editor decides"),
    gettext_noop(
        "no worker has a model from %(source)s to %(target)s. Install one: sectionwire models install %(tags)s"
    ),
    gettext_noop("a newer version is %(place)s: %(parts)s"),
    gettext_noop("a change is %(place)s: %(parts)s"),
    gettext_noop("revision %(number)s is %(place)s"),
    gettext_noop("goes out on %(moment)s"),
    gettext_noop("%(section)s is retired"),
    # what happened
    gettext_noop("revision %(number)s came in as %(name)s"),
    gettext_noop("came in as published history"),
    gettext_noop("came in with existing translations: %(languages)s"),
    gettext_noop("version %(number)s approved"),
    gettext_noop("version %(number)s approved once"),
    gettext_noop("version %(number)s restored as version %(new)s"),
    gettext_noop("published at %(address)s"),
    gettext_noop("withdrawn: %(why)s"),
    gettext_noop("taken over from %(section)s"),
    gettext_noop("reinstated"),
    gettext_noop("the slug is “%(new)s”, and was “%(old)s”"),
    gettext_noop("the slug is “%(new)s”"),
    gettext_noop("revision %(number)s is labelled as a correction: %(why)s"),
    gettext_noop("held back: %(parts)s"),
    gettext_noop("until %(sections)s are approved"),
    gettext_noop("until %(sections)s are approved, at the latest %(moment)s"),
    gettext_noop("the barrier is open: what is approved goes out"),
    gettext_noop("to be translated into %(language)s again: %(why)s"),
    gettext_noop("own wording of %(segment)s"),
    gettext_noop("a picture of its own"),
    gettext_noop("the section's own picture given up"),
    gettext_noop("“%(text)s” is no address of a picture."),
    gettext_noop("Give one that begins with https://."),
    gettext_noop("The picture has no description."),
    gettext_noop("Say what it shows: some readers hear the page."),
    gettext_noop("the section's own wording of %(segment)s given up"),
    gettext_noop("the section's own wording of %(segment)s kept"),
    gettext_noop("the approval of version %(number)s taken back"),
    gettext_noop("the first approval taken back"),
    gettext_noop("the decision against it taken back"),
    gettext_noop("urgent correction, not yet reviewed: version %(number)s published: %(why)s"),
    gettext_noop("urgent correction taken back: version %(number)s again"),
    # what runs of schedules say
    gettext_noop("The run before is still at work: this one comes after it."),
    gettext_noop("The run before had not even begun: it stands for this one as well."),
    gettext_noop("There is no such schedule in network.toml any more."),
    gettext_noop("Nobody was there at that time, and this schedule makes up for nothing (catch_up)."),
    gettext_noop("%(name)s has paused the schedule."),
    gettext_noop("%(name)s has stopped it."),
    gettext_noop("%(name)s has stopped it before it began."),
    gettext_noop("Stopped: %(count)s of %(all)s left out: %(names)s."),
    gettext_noop("No worker serves %(lanes)s: start one with sectionwire worker --lanes %(kinds)s"),
    gettext_noop("Once that is mended: sectionwire %(command)s"),
    gettext_noop("The source %(name)s is being fetched by another process."),
    gettext_noop("The output has lost it."),
    gettext_noop("Somebody else has written there."),
    gettext_noop("An earlier state of it stands there."),
    gettext_noop("It stands there, and nobody wants it."),
    gettext_noop("The action “repair” puts it right; or: sectionwire publish verify --repair"),
    # what can't be done, and what to do about it
    gettext_noop("%(edition)s has nothing that waits for a decision."),
    gettext_noop("It is %(state)s: %(parts)s."),
    gettext_noop("It is %(state)s."),
    gettext_noop("%(edition)s has changed since you saw it: version %(number)s waits now."),
    gettext_noop("Read that one and decide again."),
    gettext_noop("%(edition)s can't be approved yet: %(parts)s."),
    gettext_noop("Take the new wording or keep your own, segment by segment."),
    gettext_noop("Give up the section's own wording of these segments first."),
    gettext_noop("%(edition)s is withdrawn: %(parts)s."),
    gettext_noop("Reinstate it first: sectionwire withdraw --undo."),
    gettext_noop("%(section)s is retired and publishes nothing new."),
    gettext_noop("Remove retired from its part of network.toml."),
    gettext_noop("A decision against an article needs a reason."),
    gettext_noop("Say in a sentence what is wrong with it."),
    gettext_noop("%(edition)s is published already and can't be rejected."),
    gettext_noop("Return the new version with a note instead."),
    gettext_noop("%(count)s finding blocks it: %(messages)s."),
    gettext_noop("%(count)s findings block it: %(messages)s."),
    gettext_noop('Have the text mended, or dismiss them with a reason: --dismiss "…".'),
    gettext_noop("Other articles took the same addresses at the same moment."),
    gettext_noop("%(edition)s was approved by %(name)s already: a second person must."),
    gettext_noop("Ask a colleague to read and approve it."),
    gettext_noop("%(section)s publishes nothing ahead of its review."),
    gettext_noop("Approve it, or set urgent = true for the section in the network file."),
    gettext_noop("An urgent correction needs a note."),
    gettext_noop("Say in a sentence what was wrong."),
    gettext_noop("%(edition)s has no correction that waits."),
    gettext_noop("%(edition)s is not published yet: there is nothing to correct."),
    gettext_noop("Have it approved."),
    gettext_noop("%(edition)s is published like this already."),
    gettext_noop("Confirm it, or take it back."),
    gettext_noop("%(edition)s has a finding that blocks."),
    gettext_noop("Mend the text, or have the article reviewed."),
    gettext_noop("%(edition)s is published already, or on its way: it can't be taken back."),
    gettext_noop("Correct the text and approve it again."),
    gettext_noop("%(edition)s has no decision that could be taken back."),
    gettext_noop("It is %(state)s: decide on what waits."),
    gettext_noop("%(edition)s has no text yet."),
    gettext_noop("It is being prepared or translated: come back later."),
    gettext_noop("This segment is not there any more."),
    gettext_noop("The article has a new revision: load the page again."),
    gettext_noop("The section has no wording of its own for this segment."),
    gettext_noop("Load the page again."),
    gettext_noop("The text has %(count)s characters."),
    gettext_noop("A segment has %(most)s at most."),
    gettext_noop("The text is empty."),
    gettext_noop("A segment can be changed, but not left out."),
    gettext_noop("The text does not keep the links and marks of the source: %(parts)s."),
    gettext_noop("Put each of them where it belongs; none may be lost or doubled."),
    gettext_noop("A newer translation has come in meanwhile."),
    gettext_noop("What you typed is still in the form: load the page again."),
    gettext_noop("A finding is dismissed for a reason."),
    gettext_noop("Say in a sentence why it is no fault."),
    gettext_noop("Finding %(number)s is of version %(version)s, and there is a newer one."),
    gettext_noop("Finding %(number)s is %(how)s."),
    gettext_noop("Nothing is left to do about it."),
    gettext_noop("See what is open now: sectionwire findings %(article)s"),
    gettext_noop("Only what was dismissed can be opened again."),
    gettext_noop("Finding %(number)s would block a text that is approved already."),
    gettext_noop("Correct the text instead: the new version replaces it."),
    gettext_noop("There is no finding %(number)s."),
    gettext_noop("See them: sectionwire findings --state all"),
    gettext_noop("A slug has letters or digits."),
    gettext_noop("Give some words, such as river-gauges."),
    gettext_noop("Another page of %(section)s has or had the slug “%(slug)s”."),
    gettext_noop("This one is free: %(slug)s"),
    gettext_noop("Another article took the slug “%(slug)s” at the same moment."),
    gettext_noop("A withdrawal needs a reason."),
    gettext_noop("Say in a sentence why readers shall not find it any more."),
    gettext_noop("There is no edition of %(article)s for %(section)s."),
    gettext_noop("There is no edition of %(article)s for %(section)s in %(language)s."),
    gettext_noop("See where it is: sectionwire status"),
    gettext_noop("%(article)s is not withdrawn from %(section)s."),
    gettext_noop("%(article)s is not withdrawn."),
    gettext_noop("%(article)s is withdrawn."),
    gettext_noop("A language goes with a section."),
    gettext_noop("Name the section as well."),
    gettext_noop("There is nothing to do."),
    gettext_noop("%(edition)s was never published."),
    gettext_noop("Approve the version that waits instead."),
    gettext_noop("Version %(number)s says what is published now."),
    gettext_noop("There is nothing to restore."),
    gettext_noop("%(edition)s has no version %(number)s."),
    gettext_noop("Its versions: %(versions)s."),
    gettext_noop("A correction needs a note."),
    gettext_noop("%(article)s has no text that could be a correction."),
    gettext_noop("Hand in a mended text first."),
    gettext_noop("Correct it once it is translated."),
    gettext_noop("The note has %(count)s characters."),
    gettext_noop("Readers are told in %(most)s at most."),
)

_LONGEST: Final = 2_000
"""Characters of a sentence that is looked at: the time that a pattern takes grows faster than its text."""

_SENTENCES_WITHIN: Final = "parts"
"""The part of a sentence that is a sentence of ours again."""

_WORDS_WITHIN: Final[Mapping[str, Mapping[str, Any]]] = {
    "state": {state.label: words.STATES[state] for state in Edition.State},
    "place": {place.value: words.PLACES[place] for place in Place},
    **noted.WITHIN,
}
"""Parts of sentences that are words of ours."""


@cache
def _patterns() -> tuple[tuple[re.Pattern[str], str], ...]:
    """Each known sentence as a pattern; a name stands for whatever stands there."""
    found = []
    for known in (*_KNOWN, *noted.KNOWN):
        pieces = re.split(r"%\((\w+)\)s", known)
        pattern = "".join(f"(?P<{piece}>.+?)" if at % 2 else re.escape(piece) for at, piece in enumerate(pieces))
        found.append((re.compile(pattern, re.DOTALL), known))
    return tuple(found)


def failure(error: PipelineError) -> str:
    """A failure in the interface's language: what is wrong, and what to do."""
    return " ".join(translated(part) or part for part in (error.message, error.remedy) if part)


def translated(sentence: str) -> str | None:
    """A sentence of the ledger in the interface's language; ``None`` where it has to stay as it is."""
    if len(sentence) > _LONGEST:
        return None
    for pattern, known in _patterns():
        match = pattern.fullmatch(sentence)
        if match is None:
            continue
        said = gettext(known)
        if said == known:
            return None  # English, or a language that lacks it
        values = match.groupdict()
        if within := values.get(_SENTENCES_WITHIN):
            values[_SENTENCES_WITHIN] = translated(within) or within
        for name, known_words in _WORDS_WITHIN.items():
            if name in values:
                values[name] = str(known_words.get(values[name], values[name]))
        if get_language_bidi():  # a name or a note in Latin letters must not turn the sentence around it
            values = {name: f"\u2068{value}\u2069" for name, value in values.items()}
        return said % values
    return None
