"""Whatever is sent, each operation answers as its description says: Schemathesis makes up the calls."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis
from django.core.handlers.wsgi import WSGIHandler
from django.core.signals import request_finished, request_started
from django.db import close_old_connections, transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from schemathesis import GenerationMode
from schemathesis.checks import CHECKS, load_all_checks

from tests.integration.calls import token
from tests.integration.test_api_permissions import things as things

load_all_checks()

LEFT_OUT = {
    "positive_data_acceptance",  # a text may be no article, and a language none of ours
    "use_after_free",  # these three follow links between operations, of which we declare none
    "ensure_resource_availability",
    "object_level_authorization",
    "missing_required_header",  # no operation has one beside Authorization; ignored_auth tests that
}
IN_BODIES = "negative_data_rejection"
"""In an address everything is text, so that an object in the place of a text looks like one."""


def checked(operation: Any) -> list[Any]:
    """What is looked at in each answer of an operation."""
    left_out = LEFT_OUT if len(operation.body) else LEFT_OUT | {IN_BODIES}
    return [CHECKS.get_one(name) for name in CHECKS.get_all_names() if name not in left_out]


@pytest.fixture
def one_connection() -> Iterator[None]:
    """The end of a request does not end the connection that the test's transaction is in."""
    signals = (request_started, request_finished)
    for signal in signals:
        signal.disconnect(close_old_connections)
    yield
    for signal in signals:
        signal.connect(close_old_connections)


BOUNDED = settings(
    max_examples=4,
    deadline=None,
    database=None,
    derandomize=True,
    suppress_health_check=list(HealthCheck),
)


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # of libraries that Schemathesis stands on
def test_every_operation_keeps_to_its_description(things, one_connection, settings):
    """No 5xx, no status, content type, header or body that is not described; what is wrong is refused."""
    settings.API_RATE = 0
    schema = schemathesis.openapi.from_wsgi("/api/v1/openapi.json", WSGIHandler())
    secret = token("read submit review operate", None, name="everything").secret
    operations = [result.ok() for result in schema.get_all_operations()]
    assert len(operations) > 20
    for operation in operations:
        keeps(operation, things, {"Authorization": f"Bearer {secret}"})


def keeps(operation: Any, things: dict[str, object], headers: dict[str, str]) -> None:
    """Call one operation with what fits its description and what does not, half of the time of things that are there.

    Nothing of it stays.
    """
    checks = checked(operation)

    @BOUNDED
    @given(
        case=st.one_of(*(operation.as_strategy(generation_mode=mode) for mode in GenerationMode)), real=st.booleans()
    )
    def keeps_to_it(case: Any, real: bool) -> None:
        if real and isinstance(case.path_parameters, dict):
            for name in case.path_parameters:
                case.path_parameters[name] = things[name]
        with transaction.atomic():
            case.call_and_validate(headers=headers, checks=checks)
            transaction.set_rollback(True)

    keeps_to_it()
