"""`refilld serve` as a process, for `benchmarks/queue.py`."""

import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from time import sleep
from urllib.request import urlopen

from benchmarks.queue_shop import NOW
from benchmarks.queue_sides import Http, Opened
from storage import tokens
from storage.engine import Database
from storage.tokens import Scope


@contextmanager
def served(database: Database, url: str, directory: Path) -> Iterator[Opened]:
    """Serve a database; yields what opens a connection of a consumer."""
    with database.write() as tx:
        token = tokens.create(tx, "benchmark", [Scope.REFILLS_CONSUME], NOW, requests_per_minute=0)
    port = free_port()
    config = directory / "queue.toml"
    config.write_text(f'[database]\nurl = "{url}"\n[http]\nlisten = "127.0.0.1:{port}"\n')
    command = [sys.executable, "-m", "refilld", "--config", str(config), "serve"]
    with (directory / "serve.log").open("wb") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log)
        try:
            wait_for(port, process)
            yield lambda: Http(port, token)
        finally:
            process.terminate()
            process.wait(timeout=30)


def free_port() -> int:
    with closing(socket.create_server(("127.0.0.1", 0))) as listener:
        port: int = listener.getsockname()[1]
    return port


def wait_for(port: int, process: "subprocess.Popen[bytes]") -> None:
    """Wait until the server is alive, at most two minutes."""
    for _ in range(1200):
        try:
            with urlopen(f"http://127.0.0.1:{port}/healthz", timeout=10):
                return
        except OSError:
            if process.poll() is not None:
                break
            sleep(0.1)
    raise SystemExit("refilld serve does not start; see serve.log")
