"""Which sections wait when a server gives no answer: those that it serves, and no other."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from pipeline.flow.patience import Patience
from pipeline.network import Output


def patience(**options: Any) -> Patience:
    """The patience of one claim with an output."""
    output = Output(base_url="https://{section}.example", **options)
    return Patience(None, SimpleNamespace(outputs={"cms": output}), "cms")


@pytest.mark.parametrize(
    ("options", "others_wait"),
    [
        ({"type": "webhook", "webhook": {"url": "https://cms.example/{section}/in"}}, True),
        ({"type": "webhook", "webhook": {"url": "https://{section}.cms.example/in"}}, False),
        ({"type": "s3", "s3": {"bucket": "pages"}}, True),
        ({"type": "folder"}, False),
        ({"type": "folder", "path": "outputs/all"}, True),
        ({"type": "wiki", "options": {"host": "wiki.example"}}, True),
    ],
)
def test_only_what_the_same_server_serves_waits(options, others_wait):
    """Portugal's gave no answer: it is not asked again in this claim, and Brazil's only if it is another one."""
    tried = patience(**options)
    assert tried.asks("portugal")
    assert tried.asks("brazil")
    tried.no_answer("portugal", 1)
    assert not tried.asks("portugal")
    assert tried.asks("brazil") is not others_wait


def test_an_output_that_the_network_file_no_longer_has_is_no_fault_of_patience():
    """Whoever sends to it says so."""
    gone = Patience(None, SimpleNamespace(outputs={}), "cms")
    gone.no_answer("portugal", 1)
    assert not gone.asks("portugal")
