"""Runs the demonstration: the real daemon and a consumer against a stand-in for Instagram."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from secrets import token_urlsafe
from socket import socket
from tempfile import TemporaryDirectory, mkdtemp
from threading import Event, Thread

from monitor.errors import BadInputError
from refilld.daemon.signals import stop_on_signals
from refilld.demo.consumer import DemoConsumer
from refilld.demo.instagram import InstagramStandIn
from refilld.demo.shop import DemoShop
from refilld.demo.story import DemoStory
from refilld.demo.summary import print_summary
from refilld.terminal import console

SEED = 7
USER = "admin"
CONFIG = """\
# Written by refilld demo: intervals are much shorter than in real use. No source is enabled here, which
# refilld doctor reports: so no command in this folder sends requests to the real Instagram.
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
enabled = {mass_drop}
window = "2m"
share = 60                # half of the targets lose units by themselves here
hold = "10m"

[web]
buyer_pages = true

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


def run_demo(keep: str | None, *, stay: bool = False) -> None:
    """Run the demonstration, which ends by itself; with `stay` it goes on until SIGINT or SIGTERM."""
    with _folder(keep, stay=stay) as folder, ExitStack() as stack:
        shop = DemoShop(began=_now(), clock=_now)
        world = shop.world(Random(SEED))
        with _without_interrupts():
            standin = stack.enter_context(InstagramStandIn(world))
        run = DemoRun(folder, _free_port(), standin, token_urlsafe(12) if stay else "")
        try:
            run.prepare(shop)
            token = run.command("token", "create", "--scope", "refills:consume", "--name", "demo")
        except KeyboardInterrupt:
            if stay:
                return
            raise
        ending = Event()
        if stay:
            stack.enter_context(stop_on_signals(ending))
        process = stack.enter_context(run.daemon())
        stack.enter_context(run.consumer(shop, token))

        def wait(duration: timedelta) -> bool:
            return ending.wait(duration.total_seconds()) or process.poll() is not None

        story = DemoStory(world, shop, _print, wait)
        story.script()
        if stay:
            run.print_sign_in()
            story.go_on(Random(SEED))
        _print("refilld: stops (SIGTERM)")
        stack.close()
        print_summary(folder, explore=not stay or keep is not None)


@contextmanager
def _folder(keep: str | None, *, stay: bool) -> Iterator[Path]:
    """The folder of the run; what somebody has seen in the desk is removed, unless they keep it."""
    if stay and keep is None:
        with TemporaryDirectory(prefix="refilld-demo-") as temporary:
            yield Path(temporary)
        return
    folder = Path(keep or mkdtemp(prefix="refilld-demo-")).absolute()
    folder.mkdir(parents=True, exist_ok=True)
    if any(folder.iterdir()):
        raise BadInputError("--keep", f"{folder} is not empty; name a new folder")
    yield folder


@dataclass(frozen=True, slots=True)
class DemoRun:
    """One demonstration: its folder, the port of the daemon, and the stand-in."""

    folder: Path
    port: int
    standin: InstagramStandIn
    password: str = ""
    """Of the user who signs in to the desk; without one nobody does."""

    def prepare(self, shop: DemoShop) -> None:
        """Write configuration and orders, then set up the database with refilld's own commands."""
        _print("Instagram: a stand-in on loopback, its counts invented. Everything else is the real refilld:")
        _print("instaloader over TLS, the scheduled jobs, SQLite, the refill queue over HTTP.")
        config = CONFIG.format(
            folder=self.folder, port=self.port, mass_drop="true" if self.password else "false"
        )
        self.path.write_text(config, encoding="utf-8")
        shop.write(self.folder / "orders.csv")
        self.command("init")
        _print("$ refilld orders import orders.csv  →  " + self.command("orders", "import", "orders.csv"))
        if self.password:
            self.command("user", "add", USER, "--role", "admin", typed=self.password)

    def print_sign_in(self) -> None:
        """Print where the desk is, and how to sign in."""
        _print(f"The desk: http://127.0.0.1:{self.port}   user {USER}   password {self.password}")
        _print("The story goes on until Ctrl+C.")

    @property
    def path(self) -> Path:
        return self.folder / "refilld.toml"

    @property
    def _environment(self) -> dict[str, str]:
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("REFILLD_")}
        return inherited | SOURCE | self.standin.environment | {"REFILLD_CONFIG": str(self.path)}

    def command(self, *words: str, typed: str = "") -> str:
        """Run one refilld command with this standard input; return its output."""
        with _without_interrupts():
            done = subprocess.run(  # noqa: S603  # refilld itself
                [sys.executable, "-m", "refilld", *words], cwd=self.folder, env=self._environment,
                input=typed, stdout=subprocess.PIPE, check=True, text=True,
            )  # fmt: skip
        return done.stdout.strip()

    @contextmanager
    def daemon(self) -> Iterator["subprocess.Popen[str]"]:
        """Run the daemon; its log is printed in a readable form. SIGTERM at the end."""
        _print(f"$ refilld run   (http://127.0.0.1:{self.port}, {self.folder})")
        with _without_interrupts():
            process = subprocess.Popen(  # refilld itself
                [sys.executable, "-m", "refilld", "run"],
                cwd=self.folder, env=self._environment, stderr=subprocess.PIPE, text=True,
            )  # fmt: skip
        listener = Thread(target=self._listen, args=(process,), daemon=True)
        listener.start()
        try:
            yield process
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(timeout=60)
            listener.join(timeout=10)
            if process.stderr is not None:
                process.stderr.close()

    @contextmanager
    def consumer(self, shop: DemoShop, token: str) -> Iterator[None]:
        """Run the consumer of the refill queue."""
        stopping = Event()
        consumer = DemoConsumer(f"http://127.0.0.1:{self.port}", token, shop.deliver, _print)
        thread = Thread(target=consumer.run, args=(stopping,))
        thread.start()
        try:
            yield
        finally:
            stopping.set()
            thread.join(timeout=30)

    def _listen(self, process: "subprocess.Popen[str]") -> None:
        printed: set[str] = set()
        with (self.folder / "refilld.log").open("w", encoding="utf-8") as log:
            for line in process.stderr or ():
                log.write(line)
                if self.password and '"http.listening"' in line:
                    self.print_sign_in()
                text = _readable(line)
                if text and text not in printed:
                    _print(text)
                    printed.add(text)


@contextmanager
def _without_interrupts() -> Iterator[None]:
    """Hold SIGINT back; threads and programs that are started here never get it.

    A terminal sends it to all programs, and a thread that took it would interrupt the main one at once.
    """
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _readable(line: str) -> str | None:
    """A line of the daemon's log as a sentence; None when it is not shown."""
    try:
        event = json.loads(line)
    except ValueError:
        return line.rstrip()
    match event.get("event"):
        case "look.taken" if event.get("username") and event["count"] is not None:
            return f"{event['link']} goes by {event['username']} now"
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
