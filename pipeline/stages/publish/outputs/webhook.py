"""Pages as signed requests to a receiver: a newsroom's own system, which puts them where it wants.

Requests are signed by Standard Webhooks. ``webhook-id`` and ``Idempotency-Key`` are the same whenever a sequence of a
key is sent again; ``Sectionwire-Sequence`` is the fencing token. See docs/outputs.md for the receiver's part.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import asdict
from datetime import UTC, datetime
from http import HTTPStatus
from pathlib import Path
from typing import Any, Final
from urllib.parse import urljoin, urlsplit

from standardwebhooks.webhooks import Webhook

from pipeline import outbound
from pipeline.documents import Page, Sent
from pipeline.errors import Permanent
from pipeline.network import Output as OutputConfig
from pipeline.stages.publish import site
from pipeline.stages.publish.outputs import media, redirects, secrets
from pipeline.stages.publish.outputs.contract import Held, Unverifiable, digest_of
from pipeline.stages.publish.outputs.files import by_path, check_path

_SHORTEST_SECRET: Final = 24  # bytes, as Standard Webhooks asks
_LIST_LIMIT: Final = 20_000_000  # bytes of one page of a receiver's list
_DIGEST: Final = re.compile(r"[0-9a-f]{64}")
_LONGEST_URL: Final = 2_000
_PROBE_SECONDS: Final = 2.0
_REFUSES_SECRET: Final = frozenset({HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN})
_sent_assets: set[tuple[str, str, str]] = set()  # by address, section and name: once for each process


class WebhookOutput:
    """Sends each page to ``config.webhook.url``; a 2xx answer confirms it."""

    chooses_addresses = True

    def __init__(self, config: OutputConfig, section: str, home: Path) -> None:  # noqa: ARG002 - nothing stands in home
        """``section`` stands for ``{section}`` in the addresses."""
        assert config.webhook is not None  # network.toml was validated
        self._options, self._section = config.webhook, section
        self._base_url = config.base_url.replace("{section}", section)
        self._url = config.webhook.url.replace("{section}", section)
        self._list_url = config.webhook.list_url.replace("{section}", section)

    def address(self, path: str) -> str:
        return site.address(self._base_url, path)

    def put_assets(self, assets: Mapping[str, bytes]) -> None:
        """Each is sent once by each process; names carry a digest of the content, and so they need no sequence."""
        for name, data in assets.items():
            known = (self._url, self._section, check_path(name))
            if known not in _sent_assets:
                digest = hashlib.sha256(data).hexdigest()
                about = {"path": name, "url": self.address(name), "digest": digest}
                self._post("asset", name, 0, {**about, "file": _file(name, data)})
                _sent_assets.add(known)

    def put(self, path: str, files: Mapping[str, bytes], key: str, sequence: int, page: Page | None = None) -> Sent:
        by_path(path, files)  # what a folder would refuse, no receiver has to deal with
        html = files.get(site.INDEX)
        digest = digest_of(files)
        fields = {
            "path": path,
            "url": self.address(path),
            "digest": digest,
            "html": html.decode(errors="replace") if html is not None else None,
            "files": [_file(name, data) for name, data in files.items() if name != site.INDEX],
            **_about(page),
        }
        return self._confirmed(self._post("put", key, sequence, fields), self.address(path), digest)

    def redirect(self, path: str, to: str, key: str, sequence: int) -> Sent:
        by_path(path, {site.INDEX: b""})
        digest = hashlib.sha256(redirects.checked(to).encode()).hexdigest()
        fields = {"path": path, "url": self.address(path), "to": to, "digest": digest}
        return self._confirmed(self._post("redirect", key, sequence, fields), self.address(path), digest)

    def remove(self, key: str, sequence: int) -> Sent:
        return self._confirmed(self._post("remove", key, sequence, {}), "", "")

    def probe(self) -> None:
        """That the receiver answers, and does not refuse our signature; whatever else it says to HEAD.

        Raises besides:
            Permanent: there is no secret to sign with, or it is not the receiver's.
        """
        moment = str(datetime.now(UTC).timestamp())
        accepted = frozenset(range(300, 500)) - _REFUSES_SECRET
        self._request("HEAD", self._url, self._signed(f"probe_{moment}", ""), b"", accept=accepted, most=_PROBE_SECONDS)

    def held(self) -> Iterator[Held]:
        """What the receiver's list says, a page of it at a time. Raises besides:

        Unverifiable: the receiver offers no list.
        """
        if not self._list_url:
            raise Unverifiable(
                f"What {outbound.shown(self._url)} holds can't be verified: it offers no list.",
                "Let the receiver offer one, and set list_url of the output in network.toml.",
            )
        url, seen = self._list_url, set[str]()
        while url:
            seen.add(url)
            rows, following = self._list(url)
            for row in rows:
                yield self._held(row)
            url = _next(url, following)
            if url in seen:
                raise self._odd("its list leads back to itself")

    def _list(self, url: str) -> tuple[list[Any], str]:
        moment = str(datetime.now(UTC).timestamp())
        answer = self._request("GET", url, self._signed(f"list_{moment}", ""), b"", limit=_LIST_LIMIT)
        data = _object(answer.content)
        rows, following = data.get("pages"), data.get("next") or ""
        if not isinstance(rows, list) or not isinstance(following, str):
            raise self._odd('its list is no JSON object with "pages"')
        return rows, following

    def _held(self, row: Any) -> Held:
        try:
            key, sequence, digest = row["key"], row["sequence"], row["digest"]
        except (TypeError, KeyError):
            key = sequence = digest = None
        if not (
            isinstance(key, str) and type(sequence) is int and isinstance(digest, str) and _DIGEST.fullmatch(digest)
        ):
            raise self._odd("its list has a page without key, sequence and digest")
        path, url = str(row.get("path", "")), str(row.get("url", ""))
        return Held(key, sequence, path, url, digest, digest)

    def _odd(self, why: str) -> Permanent:
        return Permanent(
            f"{outbound.shown(self._list_url)} can't be understood: {why}.", "Mend the receiver; see docs/outputs.md."
        )

    def _post(self, action: str, key: str, sequence: int, fields: Mapping[str, Any]) -> outbound.Answer:
        body = {"action": action, "section": self._section, "key": key, "sequence": sequence, **fields}
        text = json.dumps(body)
        name = "\n".join((self._url, self._section, action, key, str(sequence)))
        identifier = f"msg_{hashlib.sha256(name.encode(errors='surrogatepass')).hexdigest()[:40]}"
        headers = {
            **self._signed(identifier, text),
            "Content-Type": "application/json",
            "Idempotency-Key": identifier,
            "Sectionwire-Sequence": str(sequence),
        }
        answer = self._request("POST", self._url, headers, text.encode(), accept={HTTPStatus.CONFLICT})
        if answer.status == HTTPStatus.CONFLICT and not _sequence_of(answer) > sequence:
            raise outbound.Refused(
                f"{outbound.shown(self._url)} answered with 409, but with no higher sequence.",
                "Let the receiver answer 409 only with the sequence that it has; see docs/outputs.md.",
                answer.status,
            )
        return answer

    def _request(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str],
        content: bytes,
        *,
        limit: int = outbound.LIMIT,
        accept: Collection[int] = (),
        most: float = 600.0,
    ) -> outbound.Answer:
        options = self._options
        try:
            return outbound.request(
                method,
                url,
                headers=headers,
                content=content or None,
                limit=limit,
                timeout=min(options.timeout_seconds, most),
                allow_private=options.allow_private,
                accept=accept,
            )
        except outbound.Refused as error:
            if error.status not in _REFUSES_SECRET:
                raise
            raise outbound.Refused(
                error.message,
                f"See that {options.secret} in the publishing worker's environment is the receiver's secret; then: "
                "sectionwire retry.",
                error.status,
            ) from error

    def _signed(self, identifier: str, text: str) -> dict[str, str]:
        now = datetime.now(UTC)
        signature = self._signer().sign(identifier, now, text)
        return {
            "webhook-id": identifier,
            "webhook-timestamp": str(int(now.timestamp())),
            "webhook-signature": signature,
        }

    def _signer(self) -> Webhook:
        secret = secrets.read(self._options.secret)
        try:
            key = base64.b64decode(secret.removeprefix("whsec_"), validate=True)
        except (binascii.Error, ValueError):
            key = b""
        if len(key) < _SHORTEST_SECRET:
            raise Permanent(
                f"The secret in {self._options.secret} is no signing secret.",
                "Give whsec_ and the base64 of 24 to 64 random bytes, the same as the receiver's.",
            )
        return Webhook(key)

    def _confirmed(self, answer: outbound.Answer, url: str, digest: str) -> Sent:
        """What an answer confirms: ours, unless it says that it stands elsewhere, or that other bytes stand there."""
        said = _object(answer.content)
        notes = []
        if found := said.get("url"):
            if isinstance(found, str) and len(found) <= _LONGEST_URL and redirects.is_address(found):
                url = found
            else:
                notes.append("the receiver's url is no address and was not taken over")
        if isinstance(theirs := said.get("digest"), str) and _DIGEST.fullmatch(theirs):
            digest = theirs
        if answer.status == HTTPStatus.CONFLICT:
            return Sent(url, digest, written=False, detail=f"sequence {_sequence_of(answer)} is there already")
        return Sent(url, digest, written=True, detail="; ".join(notes))


def _about(page: Page | None) -> dict[str, Any]:
    """What is known of an article's page beside its bytes; for other pages, nothing."""
    if page is None:
        return {"language": None, "metadata": None, "provenance": None, "alternates": []}
    return {
        "language": page.language,
        "metadata": {
            **{name: _plain(value) for name, value in asdict(page.metadata).items()},
            "published_at": page.published_at.isoformat(),
            "updated_at": page.updated_at.isoformat(),
        },
        "provenance": {name: _plain(value) for name, value in asdict(page.provenance).items()},
        "alternates": [asdict(alternate) for alternate in page.alternates],
    }


def _plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, datetime) else value


def _file(name: str, data: bytes) -> dict[str, str]:
    """A file in JSON: as text where it is text, else in base64."""
    about = {"name": name, "type": media.content_type(name)}
    try:
        return {**about, "text": data.decode()}
    except UnicodeDecodeError:
        return {**about, "base64": base64.b64encode(data).decode()}


def _object(content: bytes) -> dict[str, Any]:
    """The JSON object in an answer; an empty one where it has none: a receiver need not say anything."""
    try:
        data = json.loads(content)
    except (ValueError, RecursionError):
        return {}
    return data if isinstance(data, dict) else {}


def _sequence_of(answer: outbound.Answer) -> int:
    found = _object(answer.content).get("sequence")
    return found if type(found) is int else -1


def _next(url: str, following: str) -> str:
    """The address of the list's next page, on the same server: our signature is for nobody else.

    Raises:
        Permanent: it leads to another, or nowhere.
    """
    if not following:
        return ""
    try:
        there = urljoin(url, following)
        same = urlsplit(url)[:2] == urlsplit(there)[:2]
    except ValueError as error:
        raise Permanent(f"{outbound.shown(url)} leads on to no address.", "Mend the receiver's list.") from error
    if not same:
        raise Permanent(f"{outbound.shown(url)} leads on to another server.", "Mend the receiver's list.")
    return there
