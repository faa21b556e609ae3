"""The forms: the text in one of three ways, and what is said of it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

from django import forms
from django.http import QueryDict
from django.utils.datastructures import MultiValueDict
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from pipeline.desk import sentences
from pipeline.desk.templatetags.desk import language
from pipeline.documents import Metadata
from pipeline.errors import Permanent
from pipeline.flow.submit import LONGEST_KEY, LONGEST_URL
from pipeline.network import Network, language_tag
from pipeline.stages.intake import fields

WAYS: Final[Mapping[str, Any]] = {
    "paste": pgettext_lazy("a way to submit", "Paste the text"),
    "file": pgettext_lazy("a way to submit", "Choose a file"),
    "address": pgettext_lazy("a way to submit", "Give an address"),
}

ENDINGS: Final = ".html,.htm,.xhtml,.md,.markdown,.json"

KINDS: Final = ("article", "news", "feature", "opinion", "statement", "guide")
"""Words for kinds that are offered beside those of the network's own rules."""

_YEARS: Final = (2000, 2199)
_MOMENT: Final = "%Y-%m-%dT%H:%M"


class TextForm(forms.Form):
    """The text, in one way; a title where the text itself has none."""

    title = forms.CharField(
        label=gettext_lazy("Title"),
        required=False,
        max_length=1000,
        help_text=gettext_lazy("Only if the text itself has none."),
    )

    def __init__(
        self,
        way: str,
        data: QueryDict | None = None,
        files: MultiValueDict[str, Any] | None = None,
        initial: dict[str, Any] | None = None,
    ) -> None:
        super().__init__(data, files, auto_id="submit-%s", initial=initial)
        own: dict[str, forms.Field] = {
            "paste": forms.CharField(
                label=_("Text of the article"),
                widget=forms.Textarea(attrs={"rows": 14}),
                strip=False,
                error_messages={"required": _("Put the article’s text in here.")},
            ),
            "file": forms.FileField(
                label=_("File"),
                allow_empty_file=True,  # intake says better what is wrong with it
                widget=forms.FileInput(attrs={"accept": ENDINGS}),
                error_messages={"required": _("Choose a file first.")},
            ),
            "address": forms.CharField(
                label=_("Address of the page"),
                max_length=LONGEST_URL,
                widget=forms.URLInput(attrs={"placeholder": "https://"}),
                error_messages={"required": _("Give the address of the page.")},
            ),
        }
        self.fields = {way: own[way], **self.fields}


def texts(given: str) -> tuple[str, ...]:
    """Several words or names, separated by commas or lines; each once."""
    return tuple(dict.fromkeys(part.strip() for line in given.splitlines() for part in line.split(",") if part.strip()))


class AboutForm(forms.Form):
    """What is said of an article; begins with what the text says of itself."""

    title = forms.CharField(label=gettext_lazy("Title"), max_length=1000)
    language = forms.ChoiceField(label=gettext_lazy("Written in"))
    summary = forms.CharField(
        label=gettext_lazy("Summary"),
        required=False,
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=gettext_lazy("The teaser on front pages and in feeds: one to three sentences."),
    )
    kind = forms.CharField(
        label=gettext_lazy("Kind"),
        required=False,
        max_length=80,
        help_text=gettext_lazy("Sections choose by it what they take."),
    )
    tags = forms.CharField(
        label=gettext_lazy("Tags"),
        required=False,
        max_length=1000,
        help_text=gettext_lazy("Separated by commas. Sections choose by them as well."),
    )
    authors = forms.CharField(
        label=gettext_lazy("Authors"),
        required=False,
        max_length=1000,
        help_text=gettext_lazy("Separated by commas."),
    )
    series = forms.CharField(label=gettext_lazy("Series"), required=False, max_length=300)
    part = forms.IntegerField(label=gettext_lazy("Part"), required=False, min_value=1, max_value=9999)
    image = forms.CharField(
        label=gettext_lazy("Address of the teaser image"),
        required=False,
        max_length=LONGEST_URL,
        widget=forms.URLInput(),
    )
    image_alt = forms.CharField(
        label=gettext_lazy("What can be seen on it"),
        required=False,
        max_length=1000,
        help_text=gettext_lazy("For those who do not see the image; it is translated too."),
    )
    embargo = forms.DateTimeField(
        label=gettext_lazy("Embargo: not before"),
        required=False,
        input_formats=[_MOMENT, f"{_MOMENT}:%S"],
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format=_MOMENT),
        help_text=gettext_lazy("Nothing is published before this time, anywhere."),
    )
    zone = forms.ChoiceField(label=gettext_lazy("Time zone of the embargo"), required=False)
    key = forms.CharField(
        label=gettext_lazy("Key"),
        required=False,
        max_length=LONGEST_KEY,
        help_text=gettext_lazy(
            "Your own short name of the article. Submit it again with the same key, and it becomes the next revision "
            "of the same article instead of a new one."
        ),
    )
    canonical_url = forms.CharField(
        label=gettext_lazy("Canonical address"),
        required=False,
        max_length=LONGEST_URL,
        widget=forms.URLInput(),
        help_text=gettext_lazy("Where the original stands, or will stand."),
    )
    urgent = forms.BooleanField(
        label=gettext_lazy("Urgent: ahead of everything that waits"),
        required=False,
    )

    def __init__(
        self,
        data: Mapping[str, Any] | None,
        known: Metadata,
        net: Network,
        *,
        zone: str,
        urgent: bool,
        series: Iterable[str] = (),
    ) -> None:
        super().__init__(data, initial=_initial(known, zone, urgent=urgent), auto_id="about-%s")
        self.known, self.net = known, net
        self.series_names = sorted(set(series))
        self.kind_names = kinds(net)
        languages, zones = self.fields["language"], self.fields["zone"]
        assert isinstance(languages, forms.ChoiceField)
        assert isinstance(zones, forms.ChoiceField)
        languages.choices = [("", "—"), *((tag, f"{language(tag)} ({tag})") for tag in written(net, known.language))]
        zones.choices = [(name, name) for name in _zones(net, zone)]
        self.fields["kind"].widget.attrs["list"] = "kinds"
        self.fields["series"].widget.attrs["list"] = "series-names"

    def clean_language(self) -> str:
        """A language in which articles are written here."""
        tag = str(self.cleaned_data["language"])
        try:
            return self.net.check_source(tag)
        except Permanent as error:
            raise forms.ValidationError(sentences.failure(error)) from error

    def clean(self) -> dict[str, Any]:
        """The embargo in its zone, as a moment."""
        cleaned = super().clean() or self.cleaned_data
        given = cleaned.get("embargo")
        if given is not None and not _YEARS[0] <= given.year <= _YEARS[1]:
            self.add_error(
                "embargo", _("Give a year from %(first)s to %(last)s.") % {"first": _YEARS[0], "last": _YEARS[1]}
            )
        elif given is not None:
            try:
                cleaned["embargo"] = _in_zone(given, str(cleaned.get("zone") or "UTC"))
            except ValueError:
                self.add_error("embargo", _("The clocks there are put forward then: there is no such time that day."))
        return cleaned

    def metadata(self) -> Metadata:
        """What is known of the article now; what has no field here stays as it is."""
        given = self.cleaned_data
        plain = {name: given[name] for name in ("title", "language", "summary", "series", "image", "image_alt", "key")}
        said = replace(
            self.known,
            **plain,
            kind=given["kind"] or "article",
            tags=texts(given["tags"]),
            authors=texts(given["authors"]),
            part=given["part"],
            embargo=given["embargo"],
            canonical_url=given["canonical_url"],
        )
        return fields.tidy(said)


def _in_zone(given: datetime, zone: str) -> datetime:
    """The moment at which clocks in a zone show what the form says; the first, where they show it twice.

    Raises:
        ValueError: they never do.
    """
    there = given.replace(tzinfo=ZoneInfo(zone))
    moment = there.astimezone(UTC)
    if moment.astimezone(ZoneInfo(zone)).replace(tzinfo=None) != there.replace(tzinfo=None):
        raise ValueError(zone)
    return moment


def _initial(known: Metadata, zone: str, *, urgent: bool) -> dict[str, Any]:
    names = ("title", "language", "summary", "kind", "series", "part", "image", "image_alt", "key", "canonical_url")
    embargo = known.embargo.astimezone(ZoneInfo(zone)).replace(tzinfo=None) if known.embargo else None
    return {
        **{name: getattr(known, name) for name in names},
        "tags": ", ".join(known.tags),
        "authors": ", ".join(known.authors),
        "embargo": embargo,
        "zone": zone,
        "urgent": urgent,
    }


def written(net: Network, also: str = "") -> list[str]:
    """The languages that are offered: those of the network, and what the article says of itself."""
    tags = [*net.organisation.source_languages, *net.bases]
    tags += [each.tag for section in net.sections for each in section.languages]
    with suppress(ValueError):  # what is no language is asked for anew
        tags += [language_tag(also)]
    return list(dict.fromkeys(tags))


def kinds(net: Network) -> list[str]:
    """The words for kinds that are offered; any other will do."""
    ruled = [word for section in net.sections for word in (*section.targets.kinds, *section.targets.not_kinds)]
    return sorted({*KINDS, *ruled, *(word for rule in net.barriers for word in rule.kinds)})


def _zones(net: Network, own: str) -> Sequence[str]:
    return list(dict.fromkeys([own, *sorted({section.time_zone for section in net.sections}), "UTC"]))
