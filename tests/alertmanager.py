"""Alertmanager of Debian, which `make test` installs."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from subprocess import Popen
from typing import Any
from urllib.request import Request, urlopen

from tests.prometheus import MAX_WAIT, UNPACKED, free_port, is_ready, program, wait_until

TEMPLATES = Path("/usr/share/prometheus/alertmanager/default.tmpl")
"""What the program reads at its start, wherever it lies itself."""
CONFIGURATION = "route: {receiver: nobody}\nreceivers: [{name: nobody}]\n"


@dataclass(frozen=True)
class RunningAlertmanager:
    """A running server."""

    url: str

    def alerts(self) -> dict[str, dict[str, Any]]:
        """The alerts that fire now, by alertname."""
        found = self._request("alerts")
        return {one["labels"]["alertname"]: one for one in found}

    def silence(self, silence: dict[str, Any]) -> None:
        self._request("silences", silence)

    def _request(self, path: str, body: object = None) -> Any:
        data = None if body is None else json.dumps(body).encode()
        request = Request(f"{self.url}/api/v2/{path}", data, {"Content-Type": "application/json"})
        with urlopen(request, timeout=MAX_WAIT) as answer:
            return json.load(answer)


@contextmanager
def alertmanager(folder: Path) -> Iterator[RunningAlertmanager]:
    """Run a server with an empty storage in a folder."""
    port, log = free_port(), folder / "alertmanager.log"
    (folder / "alertmanager.yml").write_text(CONFIGURATION)
    command = [
        program("prometheus-alertmanager"), f"--config.file={folder / 'alertmanager.yml'}",
        f"--storage.path={folder / 'data'}", f"--web.listen-address=127.0.0.1:{port}",
        "--cluster.listen-address=",
    ]  # fmt: skip
    if not TEMPLATES.exists():
        command = [*_with_files_of(UNPACKED.parent / "share"), *command]
    with log.open("w") as output:
        process = Popen(command, stdout=output, stderr=output)
    try:
        wait_until(lambda: is_ready(port, process, log), "Alertmanager")
        yield RunningAlertmanager(f"http://127.0.0.1:{port}")
    finally:
        process.kill()
        process.wait(MAX_WAIT)


def _with_files_of(folder: Path) -> list[str]:
    """Runs a command in a mount namespace of its own, in which /usr/share has what was unpacked."""
    script = 'mount -t tmpfs none /usr/share && cp -a "$0"/. /usr/share/ && exec "$@"'
    return ["unshare", "--mount", "sh", "-c", script, str(folder)]
