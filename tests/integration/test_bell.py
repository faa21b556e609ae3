"""The bell: rung once for many rows, never in the way of a submission, and rung again by the sweep."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from threading import Thread

import pytest
import redis
from django.db import transaction

from pipeline.flow import bell as flow_bell
from pipeline.ledger.models import Revision
from tests.flow.conftest import hand_in
from workers import bell, tasks

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _no_broker_afterwards(home, settings) -> Iterator[None]:
    """Whatever a test rings at, the next one begins without a broker."""
    yield
    bell.use_broker("")


@pytest.fixture
def valkey(broker: str) -> Iterator[redis.Redis]:
    """An empty real broker at which this process rings."""
    client = redis.Redis.from_url(broker)
    client.flushall()
    bell.use_broker(broker)
    yield client
    client.close()


class SilentServer:
    """Accepts connections and never says a word; counts them."""

    def __init__(self) -> None:
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.connections: list[socket.socket] = []
        self.thread = Thread(target=self._accept, daemon=True)
        self.thread.start()

    def _accept(self) -> None:
        while True:
            try:
                self.connections.append(self.socket.accept()[0])
            except OSError:
                return

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.socket.getsockname()[1]}/0"

    def close(self) -> None:
        self.socket.shutdown(socket.SHUT_RDWR)
        self.socket.close()
        self.thread.join()
        for connection in self.connections:
            connection.close()


def test_a_submission_rings_its_lane(valkey):
    """One message, which says only that there is work."""
    hand_in(1)
    assert valkey.llen("prepare") == 1
    assert b"Tide report" not in valkey.lindex("prepare", 0)


def test_many_rows_of_one_transaction_ring_once(valkey):
    """And nothing is rung before it is committed."""
    with transaction.atomic():
        for number in range(5):
            hand_in(number)
        assert valkey.llen("prepare") == 0
    assert valkey.llen("prepare") == 1


def test_what_is_rolled_back_rings_nobody(valkey):
    """There is no work."""
    with transaction.atomic():
        hand_in(1)
        transaction.set_rollback(True)
    assert valkey.llen("prepare") == 0


def test_a_command_that_works_by_itself_rings_nobody(valkey):
    """Muffled."""
    with flow_bell.muffled():
        hand_in(1)
    assert valkey.llen("prepare") == 0


def test_a_silent_broker_does_not_keep_an_article_from_the_ledger(home):
    """It is asked once; the other submissions don't wait for it."""
    server = SilentServer()
    try:
        bell.use_broker(server.url)
        for number in range(4):
            hand_in(number)
        asked = len(server.connections)
        hand_in(5)
        assert len(server.connections) == asked
    finally:
        server.close()
    assert Revision.objects.filter(status="ready").count() == 5


def test_a_broker_that_is_down_does_not_keep_an_article_from_the_ledger(home):
    """Nobody listens there."""
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        bell.use_broker(f"redis://127.0.0.1:{closed.getsockname()[1]}/0")
        hand_in(1)
    assert Revision.objects.get().status == "ready"


def test_the_sweep_rings_lanes_with_due_work_and_no_others(valkey):
    """What a lost message left behind is found again; a queue that is long enough is left alone."""
    with flow_bell.muffled():
        hand_in(1)
    tasks.sweep()
    assert valkey.llen("prepare") == 1
    assert valkey.llen("publish.site") == 0
    for _ in range(5):
        tasks.sweep()
    assert valkey.llen("prepare") == tasks.SHORT_QUEUE
