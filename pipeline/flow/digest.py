"""The daily e-mail of an editor: what waits for their decision, most urgent first, and what failed in their sections.

At most one a day for each person: a row is written before the e-mail is handed over, and taken back only when the mail
server has said that it took nothing. Where it is not known (the line broke), nothing is sent again that day: the next
digest says the same.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, tzinfo
from enum import StrEnum
from smtplib import SMTPException, SMTPRecipientsRefused, SMTPResponseException
from typing import Any, Final

from django.conf import settings
from django.contrib.auth.models import User
from django.core import signing
from django.core.mail import EmailMultiAlternatives, get_connection
from django.db import IntegrityError, transaction
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import translation

from pipeline.flow import installation, people, status, waiting
from pipeline.flow.people import Rights
from pipeline.flow.status import Place
from pipeline.ledger.models import Article, Delivery, DigestSent, Edition, Membership, Preference, Revision, Status
from pipeline.ledger.models import Translation as TranslationRow
from pipeline.network import Network

FROM_HOUR: Final = 6
"""Nobody gets a digest before this hour of the day, in the time zone of the first of their sections."""

LINES: Final = 20
"""So many articles are named, and so many failures; the rest is counted."""

KEPT: Final = timedelta(days=30)
"""How long it is known that a digest was sent."""

_SALT: Final = "sectionwire.digest"


@dataclass(frozen=True, slots=True)
class Line:
    """One edition that waits, as the e-mail names it."""

    title: str
    section: str
    language: str
    state: str
    characters: int
    since: datetime
    assigned_to: str
    address: str


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that failed."""

    title: str
    section: str
    language: str
    why: str


@dataclass(frozen=True, slots=True)
class Digest:
    """What a person is told: ``total`` counts all that waits, ``lines`` are the most urgent."""

    lines: tuple[Line, ...]
    total: int
    failed: tuple[Fault, ...]

    @property
    def more(self) -> int:
        """How many wait beside those that are named."""
        return self.total - len(self.lines)


class Outcome(StrEnum):
    """What has come of a person's digest; the words that an operator reads."""

    SENT = "sent"
    NOTHING = "nothing waits"
    ALREADY = "sent already today"
    EARLY = "too early in the day"
    OFF = "switched off"
    NO_ADDRESS = "no e-mail address"
    LATER = "to be tried again"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Told:
    """The outcome for one person; ``detail`` says why where something went wrong."""

    name: str
    outcome: Outcome
    waiting: int = 0
    failed: int = 0
    detail: str = ""


def send_due(net: Network, now: datetime, *, only: str = "") -> list[Told]:
    """Send everybody's digest that is due, each at most once a day; call it as often as you like.

    ``only`` names one person, who gets it whatever the hour. A failure with one person is no failure for the others:
    the result says what has come of each.
    """
    DigestSent.objects.filter(day__lt=(now - KEPT).date()).delete()
    connection = get_connection()
    try:
        return [_send(user, net, now, connection, whenever=bool(only)) for user in editors(only)]
    finally:
        connection.close()


def compose(user: User, net: Network) -> Digest:
    """What a person would be told now. What only another person can decide about is left out."""
    rights = people.rights(user)
    found = waiting.find(rights, waiting.Filters()).exclude(state=Edition.State.FOLLOWING)
    found = found.exclude(state=Edition.State.SECOND, first_approved_by=rights.name)
    names = {section.key: section.name for section in net.sections}
    lines = [_line(row, names) for row in waiting.rows(list(found[:LINES]), rights)]
    return Digest(tuple(lines), found.count(), tuple(_failed(rights, net, names)))


def written(user: User, digest: Digest, net: Network) -> EmailMultiAlternatives:
    """The e-mail, in the person's language: plain text, with simple HTML beside it."""
    off = installation.address(reverse("digest_off", args=[token(user)]))
    with translation.override(language_of(user)):
        context: dict[str, Any] = {
            "digest": digest,
            "organisation": net.organisation.name,
            "desk": installation.address(reverse("desk")),
            "off": off,
        }
        context["subject"] = " ".join(render_to_string("desk/mail/digest_subject.txt", context).split())
        text = render_to_string("desk/mail/digest.txt", context)
        html = render_to_string("desk/mail/digest.html", context)
    message = EmailMultiAlternatives(
        context["subject"],
        text.strip() + "\n",
        to=[user.email],
        headers={
            "List-Unsubscribe": f"<{off}>",
            "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
            "Auto-Submitted": "auto-generated",
        },
    )
    message.attach_alternative(html, "text/html")
    return message


def token(user: User) -> str:
    """The right to switch a person's digest off: it stands in their e-mails, and does not end."""
    return signing.Signer(salt=_SALT).sign(str(user.pk))


def owner(token: str) -> User | None:
    """Whose digest a token may switch off; ``None`` when it is none of ours, or the account is gone."""
    try:
        pk = signing.Signer(salt=_SALT).unsign(token)
    except signing.BadSignature:
        return None
    return User.objects.filter(pk=pk).first()


def switch_off(user: User) -> None:
    """Send a person no more digests, until they want them again."""
    Preference.objects.update_or_create(user=user, defaults={"digest": False})


def language_of(user: User) -> str:
    """The interface's language that a person has chosen, else English."""
    chosen = Preference.objects.filter(user=user).values_list("language", flat=True).first()
    return chosen if chosen and chosen in dict(settings.LANGUAGES) else settings.LANGUAGE_CODE


def editors(only: str = "") -> Sequence[User]:
    """Who decides in some section, by name; or only the one of this name."""
    deciding = Membership.objects.filter(role__in=[Membership.Role.EDITOR, Membership.Role.CHIEF])
    found = User.objects.filter(is_active=True, memberships__in=deciding).distinct().order_by("username")
    return list(found.filter(username=only) if only else found)


def _send(user: User, net: Network, now: datetime, connection: Any, *, whenever: bool) -> Told:
    name = user.get_username()
    if Preference.objects.filter(user=user, digest=False).exists():
        return Told(name, Outcome.OFF)
    if not user.email:
        return Told(name, Outcome.NO_ADDRESS)
    there = now.astimezone(_zone(user, net))
    if there.hour < FROM_HOUR and not whenever:
        return Told(name, Outcome.EARLY)
    if DigestSent.objects.filter(user=user, day=there.date()).exists():
        return Told(name, Outcome.ALREADY)
    digest = compose(user, net)
    counts = digest.total, len(digest.failed)
    if not digest.total and not digest.failed:
        return Told(name, Outcome.NOTHING)
    try:
        connection.open()
    except (SMTPException, OSError) as error:
        return Told(name, Outcome.LATER, *counts, f"the mail server can't be reached: {_plain(error)}")
    message = written(user, digest, net)  # before it counts as sent
    row = _claim(user, there.date(), now)
    if row is None:  # another process got there first
        return Told(name, Outcome.ALREADY)
    return _hand_over(row, message, connection, counts)


def _zone(user: User, net: Network) -> tzinfo:
    """That of the first of a person's sections, in the order of the network file; UTC when none is in it any more."""
    own = set(Membership.objects.filter(user=user).values_list("section", flat=True))
    return next((section.zone for section in net.sections if section.key in own), UTC)


def _claim(user: User, day: date, now: datetime) -> DigestSent | None:
    try:
        with transaction.atomic():
            return DigestSent.objects.create(user=user, day=day, at=now)
    except IntegrityError:
        return None


def _hand_over(row: DigestSent, message: EmailMultiAlternatives, connection: Any, counts: tuple[int, int]) -> Told:
    """Send what is claimed. Outside every transaction: a mail server may take its time."""
    name = row.user.get_username()
    try:
        message.connection = connection
        message.send()
    except (SMTPException, OSError, ValueError) as error:  # ValueError: an address that no e-mail can have
        connection.close()  # the next one begins anew
        if is_refused_for_now(error):
            row.delete()
            return Told(name, Outcome.LATER, *counts, _plain(error))
        row.fault = _plain(error)
        row.save(update_fields=["fault"])
        return Told(name, Outcome.FAILED, *counts, row.fault)
    return Told(name, Outcome.SENT, *counts)


def is_refused_for_now(error: Exception) -> bool:
    """Whether the server has said that it took nothing, and may take it later (RFC 5321, 4.2.1: codes 4yz)."""
    if isinstance(error, SMTPRecipientsRefused):
        return any(400 <= code < 500 for code, _said in error.recipients.values())
    return isinstance(error, SMTPResponseException) and 400 <= error.smtp_code < 500


def _plain(error: Exception) -> str:
    return " ".join(str(error).split())[:500] or type(error).__name__


def _line(row: waiting.Waiting, names: dict[str, str]) -> Line:
    edition = row.edition
    return Line(
        title=" ".join(row.title.split()),
        section=names.get(edition.section, edition.section),
        language=edition.language,
        state=edition.state,
        characters=row.characters,
        since=row.since,
        assigned_to=row.assigned_to,
        address=installation.address(reverse("edition", args=[edition.pk])),
    )


def _failed(rights: Rights, net: Network, names: dict[str, str]) -> Iterator[Fault]:
    """What stands as failed in the person's sections: the cells of the articles of which something failed."""
    own = Edition.objects.filter(section__in=rights.sections)
    for row in status.matrix(_articles_with_failures(own), net):
        for cell in row.cells:
            if cell.place == Place.FAILED and cell.section in rights.sections:
                yield Fault(" ".join(row.title.split()), names[cell.section], cell.language, cell.why)


def _articles_with_failures(own: Any) -> Sequence[Article]:
    failed = Status.FAILED
    ids = {
        *Delivery.objects.filter(status=failed, edition__in=own).values_list("edition__article_id", flat=True),
        *TranslationRow.objects.filter(status=failed, editions__in=own).values_list("article_id", flat=True),
        *Revision.objects.filter(status=failed, article__editions__in=own).values_list("article_id", flat=True),
    }
    return list(Article.objects.filter(pk__in=ids).order_by("-created_at", "-id")[:LINES])
