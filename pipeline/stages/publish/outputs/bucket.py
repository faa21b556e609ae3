"""The few things that an output does with a bucket, and what to do when one of them fails."""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Final, Literal

from obstore.exceptions import AlreadyExistsError, BaseError, PreconditionError
from obstore.store import S3Store

from pipeline.errors import Permanent, Transient, Unreachable
from pipeline.network.outputs import S3
from pipeline.stages.publish.outputs import media, secrets

if TYPE_CHECKING:
    from obstore import UpdateVersion  # it has no such name at run time

_STATUS: Final = re.compile(r"status code: (\d{3})")
_CODE: Final = re.compile(r"<Code>([^<]{1,100})</Code>")
_MESSAGE: Final = re.compile(r"<Message>([^<]{1,200})</Message>")
_LATER: Final = frozenset({408, 425, 429, *range(500, 600)})
_CREDENTIALS: Final = frozenset({401, 403})
_WRONG_PLACE: Final = ("redirect", "AuthorizationHeaderMalformed", "IllegalLocationConstraint", "NoSuchBucket")


@dataclass(frozen=True, slots=True)
class Found:
    """An object, or the lack of one: then its ETag is empty."""

    data: bytes = b""
    etag: str = ""

    @property
    def digest(self) -> str:
        """The SHA-256 of what is there, or nothing."""
        return hashlib.sha256(self.data).hexdigest() if self.etag else ""


class Bucket:
    """One bucket below a prefix. Every method raises:

    Transient: it may work later.
    Permanent: a person must act.
    """

    def __init__(self, options: S3, prefix: str) -> None:
        """Nothing is reached, and no secret read, before the first use."""
        self._options, self._prefix = options, prefix
        self.name = f"The bucket {options.bucket}"

    def read(self, name: str) -> Found:
        """What stands at a name."""
        with self._explained():
            try:
                answer = self._store().get(name)
                return Found(bytes(answer.bytes()), answer.meta["e_tag"] or "")
            except FileNotFoundError as error:
                self._refuse_missing_bucket(error)
                return Found()

    def has(self, name: str) -> bool:
        """Whether something stands at a name."""
        with self._explained():
            try:
                self._store().head(name)
            except FileNotFoundError:
                return False
            return True

    def write(self, name: str, data: bytes, cache: str) -> None:
        """Write, whatever stands there."""
        with self._explained():
            self._store().put(name, data, attributes=_attributes(name, cache), use_multipart=False)

    def swap(self, name: str, data: bytes, etag: str, cache: str) -> str:
        """Write in the place of what has this ETag (empty: of nothing). Gives the new one, or none if it is another."""
        with self._explained():
            try:
                mode: UpdateVersion | Literal["create"] = {"e_tag": etag} if etag else "create"
                result = self._store().put(name, data, attributes=_attributes(name, cache), mode=mode)
            except (PreconditionError, AlreadyExistsError):
                return ""
            if not result["e_tag"]:
                raise Permanent(
                    f"{self.name} gives no ETags, without which a delayed send could undo a newer one.",
                    "Use a store that does.",
                )
            return result["e_tag"]

    def remove(self, name: str) -> None:
        """Remove what stands there, if anything does."""
        with self._explained():
            try:
                self._store().delete(name)
            except FileNotFoundError as error:
                self._refuse_missing_bucket(error)

    def list(self, prefix: str) -> Iterator[str]:
        """The names below a prefix, a thousand at a time."""
        with self._explained():
            for batch in self._store().list(prefix, chunk_size=1000):
                yield from (each["path"] for each in batch)

    def _store(self) -> S3Store:
        key, secret = secrets.read(self._options.access_key), secrets.read(self._options.secret_key)
        return _open(self._options, self._prefix, key, secret, os.getpid())

    def _refuse_missing_bucket(self, error: FileNotFoundError) -> None:
        if "NoSuchBucket" in str(error):
            raise self._permanent("NoSuchBucket") from error

    def _permanent(self, why: str) -> Permanent:
        return Permanent(
            f"There is no such bucket as {self._options.bucket} at {self._options.endpoint or 'Amazon'} ({why}).",
            "Look at bucket, region and endpoint of the output in network.toml; then: sectionwire retry.",
        )

    @contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except FileNotFoundError as error:  # a write into a bucket that is not there
            raise self._permanent("NoSuchBucket") from error
        except BaseError as error:
            raise self._explain(str(error).partition("\n\nDebug source:")[0]) from error

    def _explain(self, text: str) -> Transient | Permanent:
        """What a refusal means. The store's own words are kept, but for what it repeats of a signed request."""
        found = _STATUS.search(text)
        status = int(found[1]) if found else 0
        said = ": ".join(match[1] for match in (_CODE.search(text), _MESSAGE.search(text)) if match)
        why = f"{status} {said}".strip() if status else "no answer"
        if any(word in text for word in _WRONG_PLACE):
            return self._permanent(said or "the store refers elsewhere")
        if status in _CREDENTIALS:
            options = self._options
            return Permanent(
                f"{self.name} refuses our credentials ({why}).",
                f"Look at {options.access_key} and {options.secret_key} in the environment of the publishing worker, "
                "and at what they may do (read, write, delete, list); then: sectionwire retry.",
            )
        if status and status not in _LATER:
            return Permanent(
                f"{self.name} refuses the request ({why}).",
                "Look at the output in network.toml, and ask the store's log.",
            )
        return (Transient if status else Unreachable)(
            f"{self.name} at {self._options.endpoint or 'Amazon'} could not be reached ({why})."
        )


def _attributes(name: str, cache: str) -> dict[str, str]:
    return {"Content-Type": media.content_type(name), "Cache-Control": cache}


@lru_cache(maxsize=64)
def _open(options: S3, prefix: str, key: str, secret: str, process: int) -> S3Store:  # noqa: ARG001 - connections don't survive a fork
    timeout = f"{options.timeout_seconds}s"
    return S3Store(
        options.bucket,
        prefix=prefix or None,
        endpoint=options.endpoint or None,
        region=options.region,
        access_key_id=key,
        secret_access_key=secret,
        client_options={"allow_http": options.endpoint.startswith("http://"), "timeout": timeout},
        retry_config={"max_retries": 0},  # the ledger tries again
    )
