"""Who calls: a token, its rights, and how often it may."""

from __future__ import annotations

import math
from http import HTTPStatus
from typing import Final, cast

from django.conf import settings
from django.http import HttpRequest
from ninja.security import HttpBearer

from pipeline.api.problems import ProblemError
from pipeline.errors import Permanent, Transient
from pipeline.flow import installation, tokens
from pipeline.flow.tokens import Caller, Right
from pipeline.ledger.models import ApiToken
from pipeline.network import Network

SHARE_AT_ONCE: Final = 10
"""A token may make a tenth of a minute's calls at once, and ten at least."""


class ApiRequest(HttpRequest):
    """A call that was let in."""

    auth: Caller
    network: Network


class Bearer(HttpBearer):
    """Lets tokens in that have a right, within their rate."""

    def __init__(self, right: Right) -> None:
        super().__init__()
        self.right = right

    def authenticate(self, request: HttpRequest, token: str) -> Caller | None:
        """The caller, or ``None`` when nobody knows the token.

        Raises:
            ProblemError: the token has been used too often, or is not good for this.
        """
        row = tokens.known(token)
        if row is None:
            return None
        _refuse_haste(row)
        net = network()
        cast("ApiRequest", request).network = net
        caller = tokens.caller(row, net)
        if self.right not in caller.may:
            raise ProblemError(
                HTTPStatus.FORBIDDEN,
                f"This token has no right to {self.right}.",
                f"Use one that has: sectionwire tokens create NAME --right {self.right}",
            )
        return caller


def network() -> Network:
    """The network of this installation.

    Raises:
        Transient: the network file is broken; what is wrong with it is the operator's to see.
    """
    try:
        return installation.network()
    except Permanent as error:
        raise Transient("The network file of this installation is broken; its operator sees why.") from error


def must(caller: Caller, right: Right, section: str) -> None:
    """Refuse who may see a section's things but not do this there.

    Raises:
        ProblemError: they may not.
    """
    if not caller.may_in(right, section):
        raise ProblemError(
            HTTPStatus.FORBIDDEN,
            f"This token may not {right} for the section {section}.",
            "Use one that may: sectionwire tokens create NAME --section KEY --right RIGHT",
        )


def _refuse_haste(row: ApiToken) -> None:
    rate = settings.API_RATE
    if not rate:
        return
    wait = tokens.spend(row, rate, max(SHARE_AT_ONCE, rate // SHARE_AT_ONCE))
    if wait:
        raise ProblemError(
            HTTPStatus.TOO_MANY_REQUESTS,
            f"This token may make {rate} calls a minute.",
            "Wait for as long as Retry-After says; webhooks spare you asking.",
            headers={"Retry-After": str(math.ceil(wait))},
        )
