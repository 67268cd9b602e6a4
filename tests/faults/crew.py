"""The processes of a shop: started quickly by a fork server, killed with SIGKILL, and started again."""

import signal
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from multiprocessing.context import ForkServerProcess
from random import Random
from threading import Event
from time import monotonic
from typing import Any

from tests.faults.consumer import run_consumer
from tests.faults.daemon_process import run_daemon
from tests.faults.producer import run_producer
from tests.faults.shop import Shop
from tests.fork_server import fork_server

MAX_WAIT = 60.0
"""Seconds after which a wait fails; far more than any wait needs."""
PACE = 0.005


def until(found: Callable[[], object], what: Callable[[], str], pace: float = PACE) -> None:
    """Wait until the result is true; it is asked for at this pace, in seconds."""
    pause, end = Event(), monotonic() + MAX_WAIT
    while not found():
        assert monotonic() < end, f"waited {MAX_WAIT:.0f} seconds in vain for {what()}"
        pause.wait(pace)


@dataclass
class Crew:
    """The running processes by name, each with what starts it again."""

    shop: Shop
    seed: str
    lives: int = 0
    to_sell: int = 0
    """Orders that the producer sells, at least."""
    _bodies: dict[str, Callable[[], tuple[Callable[..., None], tuple[Any, ...], dict[str, Any]]]] = field(
        default_factory=dict
    )
    _running: dict[str, ForkServerProcess] = field(default_factory=dict)

    def daemon(self, number: int = 0) -> str:
        """Start a daemon, which listens on one of the shop's ports."""
        name = f"daemon-{number}"
        return self._add(name, lambda: (run_daemon, (self.shop, name, self.shop.ports[number]), {}))

    def consumer(self, number: int = 0, *, orderly: bool = False) -> str:
        """Start a consumer; an orderly one only completes."""
        name, how = f"consumer-{number}", {"orderly": orderly}
        return self._add(name, lambda: (run_consumer, (self.shop, name, self._life()), how))

    def producer(self, limit: int) -> str:
        """Start a producer, which sells so many orders in all its lives."""
        self.to_sell = limit
        return self._add("producer", lambda: (run_producer, (self.shop, "producer", self._life(), limit), {}))

    def _life(self) -> str:
        return f"{self.seed}/{self.lives}"

    def _add(self, name: str, body: Callable[[], Any]) -> str:
        self._bodies[name] = body
        self.start(name)
        return name

    def start(self, name: str) -> None:
        """Start a process, again if it was there before."""
        self.lives += 1
        function, arguments, named = self._bodies[name]()
        process = fork_server().Process(target=function, args=arguments, kwargs=named, name=name)
        process.start()
        self._running[name] = process

    def kill(self, name: str) -> None:
        """kill -9."""
        process = self._running.pop(name)
        assert process.exitcode is None, f"{name} has ended with {process.exitcode}: {self.tail(name)}"
        process.kill()
        process.join(MAX_WAIT)
        assert process.exitcode == -signal.SIGKILL

    def stop(self, name: str) -> int | None:
        """SIGTERM; returns the exit code."""
        process = self._running.pop(name)
        process.terminate()
        process.join(MAX_WAIT)
        return process.exitcode

    def ended(self, name: str) -> int | None:
        """Wait for the end of a process, and return its exit code."""
        process = self._running.pop(name)
        process.join(MAX_WAIT)
        return process.exitcode

    def consumers(self) -> list[int]:
        """The numbers of the consumers."""
        return [int(name.partition("-")[2]) for name in self._running if name.startswith("consumer")]

    def exit_code(self, name: str) -> int | None:
        """None while the process runs."""
        return self._running[name].exitcode

    def killed_at_random(self, names: list[str], random: Random) -> None:
        """Kill one of these after a few steps of anybody, at a moment within a step, and start it again."""
        self.until_steps(random.randint(1, 3))
        Event().wait(random.uniform(0, 0.01))
        name = random.choice(names)
        self.kill(name)
        self.start(name)

    def until_steps(self, number: int) -> None:
        """Wait until consumers and producers have noted something so many times."""
        for _ in range(number):
            before = self._size()
            until(lambda: self._size() != before, lambda: f"a step of {list(self._running)}")  # noqa: B023

    def _size(self) -> int:
        """Of the logs of consumers and producers."""
        return sum(path.stat().st_size for path in self.shop.place.glob("[cp]*.log"))

    def tail(self, name: str) -> str:
        return self.shop.log(name).read_text(encoding="utf-8")[-2000:]

    def end(self) -> None:
        """Kill everything that still runs."""
        for name in list(self._running):
            self._running[name].kill()
            self._running.pop(name).join(MAX_WAIT)


@contextmanager
def crew_of(shop: Shop, seed: str) -> Iterator[Crew]:
    """The processes of a shop, which end with the context."""
    crew = Crew(shop, seed)
    try:
        yield crew
    finally:
        crew.end()


@contextmanager
def reserved_ports(number: int) -> Iterator[tuple[int, ...]]:
    """Ports on which nobody else can listen while a daemon is started again."""
    found = [socket.socket() for _ in range(number)]
    for one in found:
        one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        one.bind(("127.0.0.1", 0))
    yield tuple(one.getsockname()[1] for one in found)
    for one in found:
        one.close()
