"""Claims that wait on real connections: they occupy no thread, and nothing is claimed for whoever is gone."""

import json
import socket
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from http.client import HTTPResponse
from threading import Event
from time import monotonic
from typing import Any

import pytest

from refilld.api import connection
from refilld.api.server import GRACE, THREADS, HttpServer
from storage.tokens import Scope
from tests.refilld.queue_world import QueueWorld

MAX_WAIT = 20.0
EMPTY: dict[str, Any] = {"refills": []}


@dataclass
class Consumers:
    """Consumers of one server, each on its own connection."""

    world: QueueWorld
    server: HttpServer
    stack: ExitStack
    token: str
    pause: Event = field(default_factory=Event)

    def connect(self) -> socket.socket:
        client = socket.create_connection(("127.0.0.1", self.server.port), timeout=MAX_WAIT)
        return self.stack.enter_context(client)

    def send(self, client: socket.socket, **body: Any) -> None:
        text = json.dumps(body).encode()
        client.sendall(
            b"POST /api/v1/refills/claim HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
            b"Authorization: Bearer %s\r\nContent-Length: %d\r\n\r\n%s"
            % (self.token.encode(), len(text), text)
        )

    def wait(self, number: int) -> list[socket.socket]:
        """So many claims, which all wait."""
        clients = [self.connect() for _ in range(number)]
        for client in clients:
            self.send(client, wait_seconds=30)
        self.until_waiting(number)
        return clients

    def until_waiting(self, number: int) -> None:
        """Wait until so many claims wait, no more and no less."""
        end = monotonic() + MAX_WAIT
        while self.waiting() != number:
            assert monotonic() < end
            self.pause.wait(0.01)

    def waiting(self) -> int:
        return len([one for one in list(self.server._server.active_channels.values()) if one.deferred])


@pytest.fixture
def consumers(world: QueueWorld) -> Iterator[Consumers]:
    server = HttpServer(world.app(), "127.0.0.1", 0)
    server.start()
    with ExitStack() as stack:
        yield Consumers(world, server, stack, world.token(Scope.REFILLS_CONSUME))
        world.stopping.set()
        server.stop()


class Unbuffered:
    """A connection of which a response reads no more than itself; the next one may have come already."""

    def __init__(self, client: socket.socket) -> None:
        self._client = client

    def makefile(self, _mode: str) -> socket.SocketIO:
        return self._client.makefile("rb", buffering=0)


def answer(client: socket.socket) -> Any:
    with HTTPResponse(Unbuffered(client)) as response:  # type: ignore[arg-type]
        response.begin()
        assert response.status == 200
        return json.load(response)


def test_more_claims_wait_than_there_are_threads(consumers: Consumers) -> None:
    """Others are served meanwhile, and each gets its own refill."""
    clients = consumers.wait(THREADS + 4)
    consumers.send(other := consumers.connect())
    assert answer(other) == EMPTY
    consumers.world.queue(*map(str, range(THREADS + 4)))
    orders = {answer(client)["refills"][0]["order_id"] for client in clients}
    assert len(orders) == THREADS + 4


def test_a_connection_can_be_used_again_after_a_wait(consumers: Consumers) -> None:
    (client,) = consumers.wait(1)
    consumers.world.queue("1")
    assert len(answer(client)["refills"]) == 1
    consumers.send(client)
    assert answer(client) == EMPTY
    consumers.send(client, wait_seconds=30)
    consumers.until_waiting(1)
    consumers.world.queue("2")
    assert len(answer(client)["refills"]) == 1


def test_waiting_claims_end_when_the_process_stops(consumers: Consumers) -> None:
    """With an empty list instead of a broken connection, and long before the grace is over."""
    clients = consumers.wait(THREADS + 4)
    began = monotonic()
    consumers.world.stopping.set()
    consumers.server.stop()
    assert monotonic() - began < GRACE
    assert [answer(client) for client in clients] == [EMPTY] * len(clients)


@pytest.mark.parametrize("reset", [False, True])
def test_nothing_is_claimed_for_a_client_that_closed_its_connection(
    consumers: Consumers, reset: bool
) -> None:
    """Orderly, or because its host was killed."""
    (client,) = consumers.wait(1)
    if reset:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
    client.close()
    consumers.until_waiting(0)
    (refill_id,) = consumers.world.queue("1")
    consumers.send(other := consumers.connect())
    assert [refill["refill_id"] for refill in answer(other)["refills"]] == [refill_id]


def test_a_client_that_sends_a_further_request_does_not_wait(consumers: Consumers) -> None:
    """Its connection is not read until the first answer, so nobody would notice that it is gone."""
    (client,) = consumers.wait(1)
    consumers.send(client)
    assert answer(client) == EMPTY
    assert answer(client) == EMPTY


def test_waiting_claims_leave_their_address_its_connections(
    consumers: Consumers, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A host with many workers, and a proxy, can still send completions."""
    clients = consumers.wait(4)
    monkeypatch.setattr(connection, "PER_PEER", 2)
    for other in [consumers.connect() for _ in range(2)]:
        consumers.send(other)
        assert answer(other) == EMPTY
    consumers.world.queue(*map(str, range(4)))
    assert all(answer(client)["refills"] for client in clients)


def test_waiting_claims_count_among_all_connections(
    consumers: Consumers, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A further connection is closed, and none of theirs."""
    clients = consumers.wait(2)
    monkeypatch.setattr(connection, "IN_ALL", 2)
    assert consumers.connect().recv(1) == b""
    consumers.world.queue("1", "2")
    assert all(answer(client)["refills"] for client in clients)
