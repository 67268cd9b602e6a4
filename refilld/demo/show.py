"""`refilld demo`: the real daemon, told through what happens to a pretended Instagram."""

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
# Written by refilld demo: the real program on settings a thousand times quicker than in earnest.
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
enabled = false           # here half the world leaks at once; in earnest that is a fault of the platform

[alerts]
every = "2s"
"""


# Only in the demo's own environment: the folder left behind must not look at the real Instagram.
SOURCE = {
    "REFILLD_SOURCES__INSTALOADER__ENABLED": "true",
    "REFILLD_SOURCES__INSTALOADER__REQUESTS_PER_HOUR": "200000",
    "REFILLD_SOURCES__INSTALOADER__SPACING": "0s",
    "REFILLD_SOURCES__INSTALOADER__FIRST_PAUSE": "2s",
}


def run_demo(keep: str | None) -> None:
    """Run the whole story; it ends by itself."""
    folder = Path(keep or mkdtemp(prefix="refilld-demo-")).absolute()
    folder.mkdir(parents=True, exist_ok=True)
    if any(folder.iterdir()):
        raise BadInputError("--keep", f"{folder} is not empty; name a new folder")
    shop = DemoShop(began=_now(), clock=_now)
    with InstagramStandIn(shop.world(Random(SEED))) as standin:
        stage = Stage(folder, _free_port(), standin)
        stage.prepare(shop)
        with stage.daemon(), stage.consumer(shop):
            stage.play()
    print_summary(folder)


@dataclass(frozen=True, slots=True)
class Stage:
    """Where the demo plays: a folder, a port, and the stand-in."""

    folder: Path
    port: int
    standin: InstagramStandIn

    def prepare(self, shop: DemoShop) -> None:
        """Write configuration and orders, and set the real program up with its own commands."""
        _say("Instagram: a stand-in on loopback, its counts invented. Everything else is the real refilld:")
        _say("instaloader over TLS, the scheduled jobs, SQLite, the refill queue over HTTP.")
        config = CONFIG.format(folder=self.folder, port=self.port)
        self.path.write_text(config, encoding="utf-8")
        shop.write(self.folder / "orders.csv")
        self.command("init")
        _say("$ refilld orders import orders.csv  →  " + self.command("orders", "import", "orders.csv"))

    @property
    def path(self) -> Path:
        return self.folder / "refilld.toml"

    @property
    def _environment(self) -> dict[str, str]:
        quiet = {name: value for name, value in os.environ.items() if not name.startswith("REFILLD_")}
        return quiet | SOURCE | self.standin.environment | {"REFILLD_CONFIG": str(self.path)}

    def command(self, *words: str) -> str:
        """Run one command of refilld to its end; gives what it printed."""
        done = subprocess.run(  # noqa: S603  # our own program
            [sys.executable, "-m", "refilld", *words],
            cwd=self.folder, env=self._environment, stdout=subprocess.PIPE, check=True, text=True,
        )  # fmt: skip
        return done.stdout.strip()

    @contextmanager
    def daemon(self) -> Iterator[None]:
        """The real daemon, from its start to its orderly end; its log is told as it happens."""
        _say(f"$ refilld run   (http://127.0.0.1:{self.port}, {self.folder})")
        process = subprocess.Popen(  # our own program
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
        """The shop's fulfilment at the other end of the queue."""
        token = self.command("token", "create", "--scope", "refills:consume", "--name", "demo")
        stopping = Event()
        consumer = DemoConsumer(f"http://127.0.0.1:{self.port}", token, shop.deliver, _say)
        thread = Thread(target=consumer.run, args=(stopping,))
        thread.start()
        try:
            yield
        finally:
            stopping.set()
            thread.join(timeout=30)

    def play(self) -> None:
        """Let time pass, and at their times the things that befall a monitor happen."""
        world, curtain = self.standin.world, Event()
        if not isinstance(world, DemoInstagram):
            raise TypeError("the demo plays in a small world")
        curtain.wait(10)
        _say("Instagram: shy.1 goes private")
        world.profiles["shy.1"] = replace(world.profiles["shy.1"], private=True)
        _say("Instagram: leaking.1 is renamed, to slowly.leaking")
        world.rename("leaking.1", "slowly.leaking")
        curtain.wait(7)
        _say("Instagram: an outage, 429 to everything for 5 seconds")
        world.outage = RATE_LIMITED
        curtain.wait(5)
        _say("Instagram: the outage is over")
        world.outage = None
        curtain.wait(SECONDS - 22)
        _say("refilld: asked to stop (SIGTERM)")

    def _listen(self, process: "subprocess.Popen[str]") -> None:
        with (self.folder / "refilld.log").open("w", encoding="utf-8") as log:
            for line in process.stderr or ():
                log.write(line)
                told = _told(line)
                if told:
                    _say(told)


def _told(line: str) -> str | None:
    """What a line of the daemon's log says to a person; None where it is nothing to tell."""
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


def _say(text: str) -> None:
    stamp = datetime.now().astimezone().strftime("%H:%M:%S")
    console().print(f"{stamp}  {text}", markup=False)


def _now() -> datetime:
    return datetime.now(UTC)


def _free_port() -> int:
    with socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
