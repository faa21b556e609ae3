"""How people reach the desk, how e-mail leaves, and who else may read the secrets."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from django.conf import settings

from pipeline.management.console import count
from pipeline.management.health.result import Result
from pipeline.masking import is_secret

_NEAR: Final = frozenset({"localhost", "127.0.0.1", "::1", "[::1]"})
_OF_CONTAINERS: Final = Path("/run/secrets")  # readable to all within a container, where there is nobody else


def desk() -> Iterator[Result]:
    """The desk's address, and whether what travels to it is protected."""
    try:
        url = urlsplit(settings.DESK_URL)
    except ValueError:
        url = urlsplit("")
    if url.scheme not in {"http", "https"} or not url.hostname:
        message = f"Its address, “{settings.DESK_URL}”, is no web address: links in e-mails lead nowhere."
        yield Result("fault", "desk", message, "Set SECTIONWIRE_URL=https://… to where people reach it.")
        return
    secure = bool(getattr(settings, "SESSION_COOKIE_SECURE", False))
    elsewhere = sorted({*settings.ALLOWED_HOSTS} - _NEAR)
    found = []
    if settings.DEBUG:
        found.append(("SECTIONWIRE_DEBUG is on: errors show settings and articles.", "Unset it where others can see."))
    if elsewhere and url.hostname in _NEAR:
        found.append(
            (
                f"The web answers as {elsewhere[0]}, but links in e-mails lead to {settings.DESK_URL}.",
                f"Set SECTIONWIRE_URL=https://{elsewhere[0]}",
            )
        )
    if url.scheme == "https" and not secure:
        found.append(("The desk is at https://, but cookies also go over plain HTTP.", "Set SECTIONWIRE_HTTPS=1"))
    if url.scheme == "http" and url.hostname not in _NEAR:
        found.append(
            (
                f"The desk's address {settings.DESK_URL} is not encrypted: passwords can be read on the way.",
                "Put a proxy with TLS in front of it; set SECTIONWIRE_URL=https://… and SECTIONWIRE_HTTPS=1",
            )
        )
    if url.hostname not in {*settings.ALLOWED_HOSTS, *_NEAR} and "*" not in settings.ALLOWED_HOSTS:
        found.append(
            (f"The web does not answer as {url.hostname}, its own address.", f"Add {url.hostname} to SECTIONWIRE_HOSTS")
        )
    if secure and not settings.TRUSTED_PROXIES:
        found.append(
            (
                "Behind a proxy everybody seems to come from the same address.",
                "Set SECTIONWIRE_PROXIES to their number, so that only who guesses passwords is shut out.",
            )
        )
    yield from (Result("notice", "desk", message, remedy) for message, remedy in found)
    if not found:
        yield Result("ok", "desk", f"It is at {settings.DESK_URL}.")


def email() -> Iterator[Result]:
    """Whether e-mail goes anywhere."""
    if settings.EMAIL_BACKEND.endswith("console.EmailBackend"):
        remedy = "Set SECTIONWIRE_EMAIL_URL=smtp+tls://user:password@host:587"
        yield Result("notice", "e-mail", "None is sent: it is printed to the log.", remedy)
    elif settings.DEFAULT_FROM_EMAIL.endswith("@localhost"):
        remedy = "Set SECTIONWIRE_EMAIL_FROM=desk@your.domain"
        message = f"It is sent from {settings.DEFAULT_FROM_EMAIL}, which receivers refuse."
        yield Result("notice", "e-mail", message, remedy)
    else:
        yield Result("ok", "e-mail", f"It is sent from {settings.DEFAULT_FROM_EMAIL}.")


def secrets() -> Iterator[Result]:
    """The files that hold secrets: nobody else may read or change them."""
    fine = 0
    files = [
        Path(path) for name, path in sorted(os.environ.items()) if path and name.endswith("_FILE") and is_secret(name)
    ]
    for file in files:
        try:
            mode = file.stat().st_mode
        except OSError as error:
            yield Result(
                "fault", "secrets", f"{file} can't be read: {error.strerror}.", "Mend the variable, or the file."
            )
            continue
        if _OF_CONTAINERS in file.parents:
            fine += 1
        elif mode & (stat.S_IWGRP | stat.S_IWOTH) or (mode & stat.S_IROTH and _is_in_the_open(file)):
            yield Result("notice", "secrets", f"Others may read or change {file}.", f"Run: chmod 600 {file}")
        else:
            fine += 1
    if fine:
        yield Result("ok", "secrets", f"Nobody else can read or change {count(fine, 'file')} with secrets.")


def _is_in_the_open(file: Path) -> bool:
    """Whether everybody may enter each folder on the way to a file."""
    return all(folder.stat().st_mode & stat.S_IXOTH for folder in file.resolve().parents)
