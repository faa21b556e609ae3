"""Secrets in text that people will read: in logs, and in the reasons that the ledger keeps.

Two nets: *known* secrets, the very values that this process was given, are taken out wherever they stand, however they
are written; and *shapes* take out what nobody told us of: passwords in addresses, headers of authorisation, our tokens,
signing secrets.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Final
from urllib.parse import quote, unquote, urlsplit

MASK: Final = "•••"

SHORTEST: Final = 8
"""A known secret that is shorter would take ordinary words out of the text."""

_FILE_LIMIT: Final = 10_000

_NAMES: Final = r"(?:[a-z0-9]+[_-])*(?:password|passwd|pwd|secret|secret[_-]?key|access[_-]?key|api[_-]?key|token)"
_IS: Final = r"(?:\\?[\"'])?\s*(?:=>|=|:)\s*(?:b?\\?[\"'])?"  # in name=value, "name": "value", name => b'value'
_QUOTED: Final = r"(?<=\")(?:[^\"\\]|\\[^\"'])*|(?<=')(?:[^'\\]|\\[^\"'])*"
_SHAPES: Final = (
    # postgresql://user:password@host, also with a password that has an @ or a / of its own
    (re.compile(r"(?i)\b([a-z][a-z0-9+.-]{1,30}://[^\s/:@\"'<>]*):[^\s\"'<>]*@"), rf"\1:{MASK}@"),
    # redis://password@host means a name, but people write it; in http://name@host it is really one
    (re.compile(r"(?i)\b((?:rediss?|valkeys?)://)[^\s/:@\"'<>]+@"), rf"\1{MASK}@"),
    (
        re.compile(rf"(?i)((?:proxy-)?authorization|(?:set-)?cookie|x-api-key)({_IS})(?:{_QUOTED}|[^\"'\r\n\\]+)"),
        rf"\1\2{MASK}",
    ),
    (re.compile(r"(?i)\b(Bearer|Basic|Digest)(\s+|%20|\+)(?=\S*[0-9=+/._-])[A-Za-z0-9._~+/=:%-]{6,}"), rf"\1\2{MASK}"),
    (re.compile(r"\b(swt_|whsec_)[A-Za-z0-9_+/=%-]+"), rf"\1{MASK}"),
    (re.compile(rf"(?i)\b({_NAMES})({_IS})(?!{MASK})(?:{_QUOTED}|[^\s\"'&,;)\]}}\\]+)"), rf"\1\2{MASK}"),
    (re.compile(r"(?i)([?&](?:sig|signature|x-amz-[a-z-]+|access_token|auth|key)=)[^\s&\"'<>]+"), rf"\1{MASK}"),
    (re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(?:-----END [A-Z ]*PRIVATE KEY-----|$)", re.DOTALL), MASK),
    (re.compile(r"\bv1a?,[A-Za-z0-9+/]{20,}={0,2}"), MASK),  # signatures of Standard Webhooks
)
"""What secrets look like, and what stands there instead. What surrounds them stays: JSON stays JSON."""

_SECRET_NAME: Final = re.compile(r"(?i)(password|passwd|secret|token|credential|private_?key|api_?key|access_?key)")
_ADDRESS_NAME: Final = re.compile(r"(?i)(_url|_dsn|_uri)$")


_known: Callable[[str], str] | None = None


def remember(secrets: Iterable[str]) -> None:
    """From now on, take these very secrets out as well: the ones that this process was given."""
    global _known
    _known = masker(secrets)


def mask(text: str) -> str:
    """The text without what is, or looks like, a secret.

    >>> mask("could not connect to redis://:hunter2@broker:6379/0")
    'could not connect to redis://:•••@broker:6379/0'
    """
    if _known is not None:
        text = _known(text)
    for shape, instead in _SHAPES:
        text = shape.sub(instead, text)
    return text


def masker(secrets: Iterable[str]) -> Callable[[str], str]:
    """What takes these very secrets out of a text: as they are, in an address, in JSON, in a ``repr``.

    Those shorter than :data:`SHORTEST` are left to the shapes.
    """
    forms: set[str] = set()
    for secret in secrets:
        if len(secret) >= SHORTEST:
            forms.update({secret, quote(secret, safe=""), quote(secret), repr(secret)[1:-1], unquote(secret)})
            forms.update({json.dumps(secret)[1:-1], json.dumps(secret, ensure_ascii=False)[1:-1]})
    if not forms:
        return lambda text: text
    # The longest first: one secret may be the beginning of another.
    pattern = re.compile("|".join(re.escape(form) for form in sorted(forms, key=len, reverse=True)))
    return lambda text: pattern.sub(MASK, text)


def found_in(environment: Mapping[str, str]) -> set[str]:
    """The secrets that an environment holds: by the names of its variables, and in the addresses that it gives.

    A variable whose name ends in ``_FILE`` names a file with the secret. What can't be read is left out: whoever needs
    it will say so.
    """
    secrets: set[str] = set()
    for name, value in environment.items():
        base = name.removesuffix("_FILE")
        if not value or not is_secret(name):
            continue
        text = _content(value) if name.endswith("_FILE") else value.strip()
        secrets.update({password_in(text)} if _ADDRESS_NAME.search(base) else {text})
    return secrets - {""}


def is_secret(variable: str) -> bool:
    """Whether a variable of this name holds a secret, or an address that may have one in it.

    >>> is_secret("DATABASE_URL_FILE"), is_secret("SECTIONWIRE_LOG")
    (True, False)
    """
    base = variable.removesuffix("_FILE")
    return bool(_SECRET_NAME.search(base) or _ADDRESS_NAME.search(base))


def password_in(address: str) -> str:
    """The password in an address, or nothing.

    >>> password_in("postgresql://ana:tides@host/db")
    'tides'
    """
    try:
        return urlsplit(address).password or ""
    except ValueError:
        return ""


def _content(path: str) -> str:
    try:
        with Path(path).open(encoding="utf-8") as file:
            return file.read(_FILE_LIMIT).strip()
    except (OSError, UnicodeDecodeError, ValueError):
        return ""
