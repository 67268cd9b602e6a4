"""Runs the demonstration: the real daemon and a consumer against a stand-in for Instagram."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from socket import socket
from tempfile import mkdtemp
from threading import Event, Thread

from monitor.errors import BadInputError
from refilld.demo.consumer import DemoConsumer
from refilld.demo.instagram import RATE_LIMITED, DemoInstagram, InstagramStandIn
from refilld.demo.shop import DemoShop
from refilld.demo.summary import print_summary
from refilld.terminal import console

SECONDS = 36
SEED = 7
CONFIG = """\
# Written by refilld demo: intervals are much shorter than in real use.
[database]
url = "sqlite:///{folder}/refilld.db"

[http]
listen = "127.0.0.1:{port}"

[sampling]
tick = "1s"
every = "12s"

[terms.default]
window = "1d"
settle = "1s"
confirm_after = "3s"
cooldown = "6s"

[services.followers]
metric = "followers"

[services.likes]
metric = "likes"

[mass_drop]
enabled = false           # many targets lose units at once here

[alerts]
every = "2s"
"""


# Set in the environment only: a later `refilld run` in the folder must not read the real Instagram.
SOURCE = {
    "REFILLD_SOURCES__INSTALOADER__ENABLED": "true",
    "REFILLD_SOURCES__INSTALOADER__REQUESTS_PER_HOUR": "200000",
    "REFILLD_SOURCES__INSTALOADER__SPACING": "0s",
    "REFILLD_SOURCES__INSTALOADER__FIRST_PAUSE": "2s",
}


def run_demo(keep: str | None) -> None:
    """Run the demonstration, which ends by itself."""
    folder = Path(keep or mkdtemp(prefix="refilld-demo-")).absolute()
    folder.mkdir(parents=True, exist_ok=True)
    if any(folder.iterdir()):
        raise BadInputError("--keep", f"{folder} is not empty; name a new folder")
    shop = DemoShop(began=_now(), clock=_now)
    with InstagramStandIn(shop.world(Random(SEED))) as standin:
        run = DemoRun(folder, _free_port(), standin)
        run.prepare(shop)
        with run.daemon(), run.consumer(shop):
            run.run_events()
    print_summary(folder)


@dataclass(frozen=True, slots=True)
class DemoRun:
    """One demonstration: its folder, the port of the daemon, and the stand-in."""

    folder: Path
    port: int
    standin: InstagramStandIn

    def prepare(self, shop: DemoShop) -> None:
        """Write configuration and orders, then set up the database with refilld's own commands."""
        _print("Instagram: a stand-in on loopback, its counts invented. Everything else is the real refilld:")
        _print("instaloader over TLS, the scheduled jobs, SQLite, the refill queue over HTTP.")
        config = CONFIG.format(folder=self.folder, port=self.port)
        self.path.write_text(config, encoding="utf-8")
        shop.write(self.folder / "orders.csv")
        self.command("init")
        _print("$ refilld orders import orders.csv  →  " + self.command("orders", "import", "orders.csv"))

    @property
    def path(self) -> Path:
        return self.folder / "refilld.toml"

    @property
    def _environment(self) -> dict[str, str]:
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("REFILLD_")}
        return inherited | SOURCE | self.standin.environment | {"REFILLD_CONFIG": str(self.path)}

    def command(self, *words: str) -> str:
        """Run one refilld command; return its output."""
        done = subprocess.run(  # noqa: S603  # refilld itself
            [sys.executable, "-m", "refilld", *words],
            cwd=self.folder, env=self._environment, stdout=subprocess.PIPE, check=True, text=True,
        )  # fmt: skip
        return done.stdout.strip()

    @contextmanager
    def daemon(self) -> Iterator[None]:
        """Run the daemon; its log is printed in a readable form. SIGTERM at the end."""
        _print(f"$ refilld run   (http://127.0.0.1:{self.port}, {self.folder})")
        process = subprocess.Popen(  # refilld itself
            [sys.executable, "-m", "refilld", "run"],
            cwd=self.folder, env=self._environment, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip
        listener = Thread(target=self._listen, args=(process,), daemon=True)
        listener.start()
        try:
            yield
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(timeout=60)
            listener.join(timeout=10)
            if process.stderr is not None:
                process.stderr.close()

    @contextmanager
    def consumer(self, shop: DemoShop) -> Iterator[None]:
        """Run the consumer of the refill queue."""
        token = self.command("token", "create", "--scope", "refills:consume", "--name", "demo")
        stopping = Event()
        consumer = DemoConsumer(f"http://127.0.0.1:{self.port}", token, shop.deliver, _print)
        thread = Thread(target=consumer.run, args=(stopping,))
        thread.start()
        try:
            yield
        finally:
            stopping.set()
            thread.join(timeout=30)

    def run_events(self) -> None:
        """Run the scripted events: a private profile, a renamed profile, an outage."""
        world, never = self.standin.world, Event()
        if not isinstance(world, DemoInstagram):
            raise TypeError("the demo needs a DemoInstagram")
        never.wait(10)
        _print("Instagram: shy.1 goes private")
        world.profiles["shy.1"] = replace(world.profiles["shy.1"], private=True)
        _print("Instagram: leaking.1 is renamed, to slowly.leaking")
        world.rename("leaking.1", "slowly.leaking")
        never.wait(7)
        _print("Instagram: an outage, 429 to everything for 5 seconds")
        world.outage = RATE_LIMITED
        never.wait(5)
        _print("Instagram: the outage is over")
        world.outage = None
        never.wait(SECONDS - 22)
        _print("refilld: stops (SIGTERM)")

    def _listen(self, process: "subprocess.Popen[str]") -> None:
        with (self.folder / "refilld.log").open("w", encoding="utf-8") as log:
            for line in process.stderr or ():
                log.write(line)
                text = _readable(line)
                if text:
                    _print(text)


def _readable(line: str) -> str | None:
    """A line of the daemon's log as a sentence; None when it is not shown."""
    try:
        event = json.loads(line)
    except ValueError:
        return line.rstrip()
    match event.get("event"):
        case "look.taken" if event.get("username") and event["count"] is not None:
            return f"{event['link']} goes by {event['username']} now: count {event['count']}"
        case "drop.decided":
            numbers = f"count {event['count']}, whole at {event['line']}, owed {event['claim']}"
            action = f"{event['decision']} {event['quantity'] or ''}".strip()
            return f"order {event['order_id']}: {numbers} → {action} ({event['reason']})"
        case "source.paused":
            return f"source {event['source']} refuses us ({event['reason']}): paused until {event['until']}"
        case "daemon.started" | "daemon.stopped" | "job.failed" | "jobs.stuck":
            return f"refilld: {event['event']}"
    return None


def _print(text: str) -> None:
    stamp = datetime.now().astimezone().strftime("%H:%M:%S")
    console().print(f"{stamp}  {text}", markup=False)


def _now() -> datetime:
    return datetime.now(UTC)


def _free_port() -> int:
    with socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
