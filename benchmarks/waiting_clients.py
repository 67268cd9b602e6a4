"""Consumers that claim with a long poll, each on its own connection, all in one thread."""

import json
import selectors
import socket
from dataclasses import dataclass
from queue import SimpleQueue
from threading import Event, Thread
from time import perf_counter

_ENDS = b"\r\n\r\n"


@dataclass(frozen=True)
class Got:
    """A refill that a consumer got, and when."""

    refill_id: int
    lease_token: str
    at: float


def request(method: str, path: str, token: str, body: object = None) -> bytes:
    text = b"" if body is None else json.dumps(body).encode()
    head = f"{method} {path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\n"
    return f"{head}Content-Type: application/json\r\nContent-Length: {len(text)}\r\n\r\n".encode() + text


class WaitingClients:
    """Consumers that claim again after each answer, until they are stopped."""

    def __init__(self, port: int, token: str, number: int, wait_seconds: int = 30) -> None:
        self.got: SimpleQueue[Got] = SimpleQueue()
        self._claim = request("POST", "/api/v1/refills/claim", token, {"wait_seconds": wait_seconds})
        self._selector = selectors.DefaultSelector()
        self._stopped = Event()
        for _ in range(number):
            client = socket.create_connection(("127.0.0.1", port))
            client.sendall(self._claim)
            self._selector.register(client, selectors.EVENT_READ, bytearray())
        self._thread = Thread(target=self._run)
        self._thread.start()

    def stop(self) -> None:
        self._stopped.set()
        self._thread.join()
        for key in list(self._selector.get_map().values()):
            if isinstance(key.fileobj, socket.socket):
                key.fileobj.close()
        self._selector.close()

    def _run(self) -> None:
        while not self._stopped.is_set():
            for key, _ in self._selector.select(0.1):
                if isinstance(key.fileobj, socket.socket):
                    self._read(key.fileobj, key.data)

    def _read(self, client: socket.socket, received: bytearray) -> None:
        try:
            data = client.recv(65536)
        except ConnectionError:
            data = b""
        if not data:
            self._selector.unregister(client)
            client.close()
            return
        received += data
        head, _, body = bytes(received).partition(_ENDS)
        length = next(
            int(line[15:]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length")
        )
        if len(body) < length:
            return
        now = perf_counter()
        received.clear()
        client.sendall(self._claim)
        for refill in json.loads(body)["refills"]:
            self.got.put(Got(refill["refill_id"], refill["lease_token"], now))
