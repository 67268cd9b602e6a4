"""An installation of refilld: a folder, the real program, and a stand-in for Instagram.

The program runs as a separate process, forked from one that has imported it. HTTPS_PROXY and
REQUESTS_CA_BUNDLE direct it to the stand-in; nothing in the program is replaced. Commands that only prepare a
test or show the database run in the test's own process, because a process takes most of their time.
"""

import csv
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Event
from time import monotonic
from typing import Any, Self, TypeVar

from sqlalchemy import select, update

from refilld.demo.instagram import DemoInstagram, InstagramStandIn, Profile
from storage.engine import Database
from storage.schema import targets
from tests.forked_program import ForkedProgram
from tests.main_in_process import run_main

T = TypeVar("T")
MAX_WAIT = 30.0
"""Seconds after which a wait fails; far more than any wait needs."""
PACE = 0.05
QUICK = {
    "database.url": "sqlite:///refilld.db",
    "http.listen": "127.0.0.1:0",
    "sampling.tick": "1s",
    "sampling.every": "1s",
    "sources.instaloader.enabled": "true",
    "sources.instaloader.requests_per_hour": "1000000",
    "sources.instaloader.spacing": "0s",
    "sources.instaloader.first_pause": "1s",
    "terms.default.window": "1d",
    "terms.default.settle": "1s",
    "terms.default.confirm_after": "1s",
    "terms.default.cooldown": "0s",
    "services.followers.metric": "followers",
    "mass_drop.enabled": "false",  # here most targets fall at the same time
    "alerts.every": "1s",
    "alerts.group_wait": "0s",
}
"""Changes to the configuration of `refilld init` that make it a few thousand times faster."""


def now() -> datetime:
    return datetime.now(UTC)


def until(found: Callable[[], T], what: str, seconds: float = MAX_WAIT) -> T:
    """Wait until the result is true, and return it."""
    pause, end = Event(), monotonic() + seconds
    while not (answer := found()):
        assert monotonic() < end, f"waited {seconds} seconds in vain for {what}"
        pause.wait(PACE)
    return answer


def json_lines(text: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text.splitlines()]


@dataclass(frozen=True)
class Sold:
    """An order that was delivered ten minutes ago; its profile had `start` followers before."""

    order_id: str
    username: str
    start: int = 1000
    quantity: int = 500

    @property
    def link(self) -> str:
        return f"https://www.instagram.com/{self.username}/"

    @property
    def delivered_count(self) -> int:
        """The followers after the delivery."""
        return self.start + self.quantity


@dataclass
class Done:
    """A command that has ended."""

    code: int
    out: str
    err: str

    @property
    def complaint(self) -> str:
        """The lines of standard error that are not log lines."""
        return "\n".join(line for line in self.err.splitlines() if not line.startswith("{"))


@dataclass
class Running:
    """A running daemon; leaving the context kills it if the test did not stop it."""

    process: "subprocess.Popen[str] | ForkedProgram"
    log: Path

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        if self.process.poll() is None:
            self.kill()

    @property
    def events(self) -> list[dict[str, Any]]:
        """The complete lines of its log so far."""
        return json_lines(self.log.read_text(encoding="utf-8").rpartition("\n")[0])

    def logged(self, event: str, **fields: object) -> list[dict[str, Any]]:
        wanted = {"event": event, **fields}
        text = self.log.read_text(encoding="utf-8").rpartition("\n")[0]
        lines = json_lines("\n".join(line for line in text.split("\n") if event in line))
        return [line for line in lines if wanted.items() <= line.items()]

    def until_logged(self, event: str, at_least: int = 1, **fields: object) -> list[dict[str, Any]]:
        """Wait for so many lines of the log."""

        def found() -> list[dict[str, Any]]:
            lines = self.logged(event, **fields)
            ended = self.process.poll()
            assert ended is None or len(lines) >= at_least, f"ended with {ended}: {self.log.read_text()}"
            return lines if len(lines) >= at_least else []

        return until(found, f"{event} {fields} in {self.log}")

    @property
    def port(self) -> int:
        """The port on which it listens; waits until it does."""
        return int(self.until_logged("http.listening")[0]["port"])

    def stop(self) -> int:
        """Stop it with SIGTERM, and return the exit code."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(MAX_WAIT)

    def kill(self) -> None:
        self.process.kill()
        self.process.wait(MAX_WAIT)


@dataclass
class Installation:
    """One folder with a configuration, a database and an orders file."""

    folder: Path
    standin: InstagramStandIn
    world: DemoInstagram
    settings: dict[str, str] = field(default_factory=QUICK.copy)
    """Keys of the configuration that are set by environment variables."""
    environ: dict[str, str] = field(default_factory=dict)
    """Further environment variables."""
    forked: bool = True
    """Whether a process is forked; started from its program file, it takes one or two seconds longer."""
    starts: int = 0

    @property
    def environment(self) -> dict[str, str]:
        """A clean environment, independent of the machine."""
        overlay = {f"REFILLD_{key.replace('.', '__').upper()}": text for key, text in self.settings.items()}
        base = {"PATH": os.environ.get("PATH", os.defpath), "HOME": str(self.folder), "LC_ALL": "C.UTF-8"}
        return {**base, **self.proxy_environment, **overlay, **self.environ}

    @property
    def proxy_environment(self) -> Mapping[str, str]:
        """The variables that direct the program to the stand-ins."""
        return self.standin.environment

    def refilld(self, *words: str, seconds: float = 60) -> Done:
        """Run a command to its end, with any exit code."""
        with TemporaryDirectory() as folder:
            with self._started(words, Path(folder, "err")) as running:
                code = running.process.wait(seconds)
            return Done(code, running.log.with_suffix(".out").read_text(), running.log.read_text())

    def command(self, *words: str) -> str:
        """Run a command that has to succeed, and return its output."""
        done = self.refilld(*words)
        assert done.code == 0, f"refilld {' '.join(words)}: {done}"
        return done.out

    def rows(self, *words: str) -> list[dict[str, Any]]:
        """The output of a command with --json."""
        return json_lines(self.command(*words, "--json"))

    def here(self, *words: str) -> str:
        """As `command`, in this process."""
        done = run_main(*words, cwd=self.folder, **self.environment)
        assert done.returncode == 0, done
        return done.stdout

    def shown(self, *words: str) -> list[dict[str, Any]]:
        """The output of a list in this process."""
        return self.rows_here(*words, "list")

    def rows_here(self, *words: str) -> list[dict[str, Any]]:
        """The output of a command with --json, in this process."""
        return json_lines(self.here(*words, "--json"))

    def refills(self, **fields: object) -> list[dict[str, Any]]:
        return [row for row in self.shown("refills") if fields.items() <= row.items()]

    def records(self) -> list[dict[str, Any]]:
        """The drops, and the alerts that are not about drops."""
        return self.shown("drops")

    def drops(self) -> list[dict[str, Any]]:
        return [row for row in self.records() if row["record"] == "drop"]

    def alerts(self, kind: str) -> list[dict[str, Any]]:
        """The alerts of one kind; there are none about drops."""
        return [row for row in self.records() if row.get("kind") == kind]

    def states(self) -> dict[str, dict[str, Any]]:
        """The output of `sources list`, by source."""
        return {row["source"]: row for row in self.shown("sources")}

    def source(self) -> dict[str, Any]:
        return self.states()["instaloader"]

    def daemon(self, *words: str) -> Running:
        """Start the daemon with a new log file."""
        self.starts += 1
        return self._started(["run", *words], self.folder / f"run-{self.starts}.log")

    def _started(self, words: Sequence[str], log: Path) -> Running:
        """Start a process whose standard error is this file, and whose output is the same one with `.out`."""
        out = log.with_suffix(".out")
        if self.forked:
            return Running(ForkedProgram(words, self.folder, self.environment, out, log), log)
        with log.open("w") as stderr, out.open("w") as stdout:
            process = subprocess.Popen(
                [sys.executable, "-m", "refilld", *words], cwd=self.folder, env=self.environment,
                stdout=stdout, stderr=stderr, stdin=subprocess.DEVNULL, text=True,
            )  # fmt: skip
        return Running(process, log)

    def expire_look_claims(self) -> int:
        """End the claims of interrupted looks, which otherwise last ten minutes; return their number."""
        database = Database(f"sqlite:///{self.folder / 'refilld.db'}")
        taken = select(targets.c.target_id).where(targets.c.claimed_until > now())
        with database.write() as tx:
            found = tx.execute(taken).all()
            tx.execute(update(targets).values(claimed_until=None))
        database.close()
        return len(found)

    def sell(self, orders: Sequence[Sold]) -> None:
        """Deliver orders in the simulated Instagram, and import them."""
        for order in orders:
            self.count(order.username, order.delivered_count)
        self.write_orders(orders)
        self.here("orders", "import", "orders.csv")

    def write_orders(self, orders: Sequence[Sold]) -> None:
        """Write orders.csv as a panel exports it."""
        with (self.folder / "orders.csv").open("w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(("ID", "Link", "Start count", "Quantity", "Service", "Status", "Completed at"))
            for number, order in enumerate(orders):
                completed = now() - timedelta(minutes=10) + timedelta(seconds=number)
                cells = (order.order_id, order.link, order.start, order.quantity, "followers", "Completed")
                writer.writerow((*cells, f"{completed:%Y-%m-%dT%H:%M:%SZ}"))

    def count(self, username: str, followers: int) -> None:
        """Set the followers of a profile."""
        self.world.profiles[username] = Profile(followers)

    def followers(self, username: str) -> int:
        count = self.world.profiles[username].followers
        assert isinstance(count, int)
        return count

    def change(self, username: str, **attributes: Any) -> None:
        self.world.profiles[username] = replace(self.world.profiles[username], **attributes)

    def looks(self, username: str | None = None) -> int:
        """The number of requests to Instagram, for one profile or in total."""
        asked = [request.path.strip("/") for request in self.standin.requests]
        return len(asked) if username is None else asked.count(username)


@contextmanager
def installed(folder: Path, **settings: str) -> Iterator[Installation]:
    """An installation with its own Instagram stand-in; `refilld init` has not run yet."""
    world = DemoInstagram(now)
    with InstagramStandIn(world, remember=100_000) as standin:
        place = Installation(folder, standin, world)
        place.settings |= settings
        yield place
