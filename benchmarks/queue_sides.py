"""The compared sides of `benchmarks/queue.py`: each claims and completes refills in its own way."""

import json
import socket
from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Any, Protocol

from benchmarks.queue_raw import RawPostgreSQL, RawSQLite
from benchmarks.queue_shop import NOW
from storage import leases
from storage.column_types import microseconds
from storage.engine import Database

HOUR = timedelta(hours=1)
Lease = tuple[int, str]


class Queue(Protocol):
    """A consumer's side of the queue."""

    def claim(self, limit: int) -> Sequence[Lease]: ...

    def complete(self, done: Sequence[Lease]) -> None: ...

    def close(self) -> None: ...


class Storage:
    """The functions that the HTTP interface calls."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def claim(self, limit: int) -> Sequence[Lease]:
        with self._database.write(single=True) as tx:
            rows = leases.claim(tx, NOW, limit=limit, lease=HOUR, consumer="benchmark")
        return [(row.refill_id, row.lease_token) for row in rows]

    def complete(self, done: Sequence[Lease]) -> None:
        if len(done) == 1:
            with self._database.write(single=True) as tx:
                assert leases.complete_now(tx, leases.Complete(*done[0]), NOW)
            return
        with self._database.write() as tx:
            answers = leases.act(tx, [leases.Complete(*lease) for lease in done], NOW)
        assert all(isinstance(answer, leases.LeaseAnswer) and answer.changed for answer in answers)

    def close(self) -> None:
        """The database is shared."""


class Raw:
    """The driver alone."""

    def __init__(self, raw: RawSQLite | RawPostgreSQL) -> None:
        self._raw = raw
        self.close = raw.close

    def claim(self, limit: int) -> Sequence[Lease]:
        return self._raw.claim(microseconds(NOW), limit)

    def complete(self, done: Sequence[Lease]) -> None:
        self._raw.complete(microseconds(NOW), list(done))


class Http:
    """A consumer with a connection that it keeps; the client costs as little as possible."""

    def __init__(self, port: int, token: str) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port), timeout=60)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._head = f"Host: localhost\r\nAuthorization: Bearer {token}\r\nContent-Type: application/json\r\n"
        self.close = self._socket.close

    def claim(self, limit: int) -> Sequence[Lease]:
        found = self._post("claim", {"limit": limit, "lease_seconds": 3600, "consumer": "benchmark"})
        return [(row["refill_id"], row["lease_token"]) for row in found["refills"]]

    def complete(self, done: Sequence[Lease]) -> None:
        if len(done) == 1:
            ((refill_id, token),) = done
            found = [self._post(f"{refill_id}/complete", {"lease_token": token})]
        else:
            rows = [{"action": "complete", "refill_id": i, "lease_token": token} for i, token in done]
            found = self._post("batch", {"actions": rows})["results"]
        assert all(one["state"] == "completed" for one in found)

    def _post(self, path: str, body: object) -> Any:
        sent = json.dumps(body).encode()
        head = f"POST /api/v1/refills/{path} HTTP/1.1\r\n{self._head}Content-Length: {len(sent)}\r\n\r\n"
        self._socket.sendall(head.encode() + sent)
        answer, found, rest = b"", b"", b""
        while not found:
            answer += self._received()
            head_read, found, rest = answer.partition(b"\r\n\r\n")
        length = int(head_read.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0])
        while len(rest) < length:
            rest += self._received()
        assert head_read.startswith(b"HTTP/1.1 200"), answer
        return json.loads(rest)

    def _received(self) -> bytes:
        data = self._socket.recv(1 << 18)
        assert data, "the server has closed the connection"
        return data


Opened = Callable[[], Queue]
