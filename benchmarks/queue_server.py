"""`refilld serve` as a process, for the benchmarks of the queue."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from threading import Event
from time import perf_counter

from benchmarks.queue_shop import NOW
from benchmarks.queue_sides import Http, Opened
from storage import tokens
from storage.engine import Database
from storage.tokens import Scope

IDLE = 0.05
"""Seconds of the processor in a second that an idle process uses, at most."""
CONFIGURATION = """
[database]
url = "{url}"
[http]
listen = "127.0.0.1:0"
requests_per_minute = 0
[services.followers]
metric = "followers"
"""


class Server:
    """A running `refilld serve`."""

    def __init__(self, url: str, directory: Path) -> None:
        configuration = directory / "refilld.toml"
        configuration.write_text(CONFIGURATION.format(url=url))
        configuration.chmod(0o600)
        self._log = (directory / "log").open("w")
        command = [sys.executable, "-m", "refilld", "--config", str(configuration), "serve"]
        self.process = subprocess.Popen(command, stderr=self._log)
        self.port = self._port(directory / "log")

    def _port(self, log: Path) -> int:
        pause = Event()
        while self.process.poll() is None:
            for line in log.read_text().splitlines():
                if "http.listening" in line:
                    return int(json.loads(line)["port"])
            pause.wait(0.1)
        raise SystemExit(log.read_text())

    def memory(self) -> float:
        """Resident memory in MB."""
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        return int(status.split("VmRSS:")[1].split()[0]) / 1024

    def until_idle(self) -> None:
        """Wait until it has done everything that it was asked for."""
        pause, used = Event(), -1.0
        while self._processor_time() - used > IDLE:
            used = self._processor_time()
            pause.wait(1)

    def _processor_time(self) -> float:
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def close(self) -> float:
        """Stop it; returns the seconds that it took."""
        begun = perf_counter()
        self.process.terminate()
        self.process.wait(60)
        self._log.close()
        return perf_counter() - begun


@contextmanager
def served(database: Database, url: str, directory: Path) -> Iterator[Opened]:
    """Serve a database; yields what opens a connection of a consumer."""
    with database.write() as tx:
        token = tokens.create(tx, "benchmark", [Scope.REFILLS_CONSUME], NOW)
    with closing(Server(url, directory)) as server:
        yield lambda: Http(server.port, token)
