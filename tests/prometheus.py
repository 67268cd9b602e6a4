"""Prometheus and promtool of Debian, which `make test` installs."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from socket import socket
from threading import Event
from time import monotonic
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.parse import urlencode
from urllib.request import urlopen

import pytest

UNPACKED = Path(sys.prefix, "programs", "usr", "bin")
"""Where `make test` unpacks them, without the service."""
MAX_WAIT = 20.0


def promtool(*arguments: object, text: str | None = None) -> "subprocess.CompletedProcess[str]":
    """Run promtool to its end."""
    command = [program("promtool"), *map(str, arguments)]
    return subprocess.run(command, input=text, capture_output=True, text=True, check=False)


@dataclass(frozen=True)
class Prometheus:
    """A running server."""

    port: int

    def query(self, expression: str) -> list[dict[str, Any]]:
        """The series that an expression has now; fails with the server's message if it is wrong."""
        asked = f"http://127.0.0.1:{self.port}/api/v1/query?{urlencode({'query': expression})}"
        try:
            with urlopen(asked, timeout=MAX_WAIT) as answer:
                found: list[dict[str, Any]] = json.load(answer)["data"]["result"]
        except HTTPError as error:
            pytest.fail(f"{expression}: {error.read().decode()}")
        return found

    def until(self, expression: str) -> None:
        """Wait until an expression has a series."""
        wait_until(lambda: bool(self.query(expression)), expression)


@contextmanager
def prometheus(folder: Path, configuration: str) -> Iterator[Prometheus]:
    """Run a server with this configuration and an empty storage in a folder."""
    port, log = free_port(), folder / "prometheus.log"
    (folder / "prometheus.yml").write_text(configuration)
    command = [
        program("prometheus"), f"--config.file={folder / 'prometheus.yml'}",
        f"--storage.tsdb.path={folder / 'data'}", f"--web.listen-address=127.0.0.1:{port}",
    ]  # fmt: skip
    with log.open("w") as output:
        process = subprocess.Popen(command, stdout=output, stderr=output)
    try:
        wait_until(lambda: is_ready(port, process, log), "Prometheus")
        yield Prometheus(port)
    finally:
        process.kill()
        process.wait(MAX_WAIT)


def is_ready(port: int, process: "subprocess.Popen[bytes]", log: Path) -> bool:
    assert process.poll() is None, log.read_text()
    with (
        suppress(URLError, ConnectionError),
        urlopen(f"http://127.0.0.1:{port}/-/ready", timeout=1) as answer,
    ):
        return bool(answer.status == 200)
    return False


def wait_until(found: Callable[[], bool], what: str) -> None:
    pause, end = Event(), monotonic() + MAX_WAIT
    while not found():
        assert monotonic() < end, f"waited {MAX_WAIT} seconds in vain for {what}"
        pause.wait(0.1)


def program(name: str) -> str:
    found = shutil.which(name, path=f"{os.environ.get('PATH', os.defpath)}{os.pathsep}{UNPACKED}")
    if found is None:
        pytest.fail(f"{name} is missing; `make test` installs it (Debian: apt-get install prometheus)")
    return found


def free_port() -> int:
    with socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
