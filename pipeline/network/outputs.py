"""Outputs: where pages go, and what each type needs to know besides.

Secrets never stand in network.toml: it names the environment variables that hold them.
"""

from __future__ import annotations

import re
from typing import Annotated, Self

from pydantic import AfterValidator, Field, model_validator

from pipeline.network.values import Table, fault_of


def _web_address(url: str) -> str:
    if url and not re.match(r"https?://[^/\s@]+(?:/|$)", url):
        raise fault_of(f"“{url}” is no address.", "Give one that begins with https:// and has no password in it.")
    return url


def _variable(name: str) -> str:
    if not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", name):
        raise fault_of(
            "this can't be the name of an environment variable.",
            "Name the variable that holds the secret; the secret itself never stands here.",
        )
    return name


WebAddress = Annotated[str, AfterValidator(_web_address)]
Variable = Annotated[str, AfterValidator(_variable)]


class S3(Table):
    """A bucket of an S3-compatible store. ``{section}`` in ``prefix`` stands for the section's key.

    ``endpoint`` is empty for Amazon's own. ``access_key`` and ``secret_key`` name environment variables (the same names
    with ``_FILE`` may give files instead). The two ``…_cache`` are sent as Cache-Control.
    """

    bucket: str = Field(min_length=1)
    endpoint: WebAddress = ""
    region: str = "us-east-1"
    prefix: str = "{section}"
    access_key: Variable = "SECTIONWIRE_S3_ACCESS_KEY"
    secret_key: Variable = "SECTIONWIRE_S3_SECRET_KEY"  # noqa: S105 - a variable's name
    page_cache: str = "public, max-age=60"
    asset_cache: str = "public, max-age=31536000, immutable"
    timeout_seconds: float = Field(default=30, gt=0, le=600)


class Webhook(Table):
    """A receiver of signed requests. ``{section}`` in an address stands for the section's key.

    ``secret`` names the environment variable that holds the signing secret (or with ``_FILE``, a file). ``list_url``,
    where the receiver offers it, tells what it holds. ``allow_private``: it may stand inside the own network.
    """

    url: WebAddress = Field(min_length=1)
    list_url: WebAddress = ""
    secret: Variable = "SECTIONWIRE_WEBHOOK_SECRET"  # noqa: S105 - a variable's name
    timeout_seconds: float = Field(default=30, gt=0, le=600)
    allow_private: bool = False


class Output(Table):
    """A place where pages go. ``{section}`` in ``path`` and ``base_url`` stands for the section's key.

    ``path`` is relative to the installation's folder (SECTIONWIRE_HOME). ``settle_seconds`` is how long front pages and
    alternates wait for further changes before they are written again. The table of its type says the rest; a type of
    somebody else finds its own in ``options``.
    """

    type: str
    path: str = "outputs/{section}"
    base_url: str
    settle_seconds: float = Field(default=10, ge=0, le=3600)
    s3: S3 | None = None
    webhook: Webhook | None = None
    options: dict[str, str | int | float | bool] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _address_is_whole(self) -> Self:
        if not re.match(r"https?://[^/\s]+", self.base_url):
            raise fault_of(f"“{self.base_url}” is no address.", "Give one that begins with https://.", "base_url")
        return self

    @model_validator(mode="after")
    def _tables_fit_the_type(self) -> Self:
        for name, table in (("s3", self.s3), ("webhook", self.webhook)):
            if self.type == name and table is None:
                raise fault_of(
                    f"an output of type “{name}” needs a table of its own.", f"Add [outputs.NAME.{name}].", "type"
                )
            if self.type != name and table is not None:
                raise fault_of(
                    f"this output is a “{self.type}”, and has a table “{name}”.", "Remove it, or mend the type.", name
                )
        return self
