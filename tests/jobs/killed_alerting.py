"""Kills a round of alerting before each of its statements: `python -m tests.jobs.killed_alerting DIR N`.

Every round runs in a child process on a copy of the database `before.db` in the directory; the child ends, as
if it were killed, before its statement of a number. Further rounds in another child go on with the database.
Prints one JSON object for each N-th number, until a round ends by itself: the bodies of all messages, and
those that were not noted as sent when the process was killed.
"""

import json
import os
import shutil
import sys
from collections.abc import Callable
from datetime import timedelta
from itertools import count
from pathlib import Path

import structlog
from sqlalchemy import event
from sqlalchemy.engine import Engine

from monitor.alerts.messages import Room
from monitor.events.severity import Severity
from storage.engine import Database
from tests.alert_job import an_alerting
from tests.builders import START

KILLED = 9
LATER = [timedelta(minutes=minutes) for minutes in (6, 12)]
"""Rounds after the process has died; a channel is used again after five minutes."""


class FileChannel:
    """Appends each message to a file, and a mark when it was noted as sent."""

    key = "file"
    room = Room(1_000_000, None, len, title_counts=False)

    def __init__(self, path: Path) -> None:
        self._path = path

    def send(self, title: str, body: str, severity: Severity, *, resolved: bool = False) -> None:
        self._write({"body": body})

    def noted(self) -> None:
        self._write({"noted": True})

    def _write(self, record: dict[str, object]) -> None:
        with self._path.open("a") as file:
            file.write(json.dumps(record) + "\n")


def run(directory: Path, *after: timedelta, statements: int | None = None) -> None:
    """Rounds at these times after START; the process ends before its statement of this number."""
    structlog.configure(processors=[], logger_factory=structlog.ReturnLoggerFactory())
    channel = FileChannel(directory / "messages")
    if statements is not None:
        _end_before(statements)
    database = Database(f"sqlite:///{directory / 'now.db'}")
    for duration in after:
        now = START + duration
        an_alerting(database, lambda now=now: now, [channel], heartbeat=channel.noted).run_once()  # type: ignore[misc]
    os._exit(0)


def _end_before(number: int) -> None:
    left = number

    def executed(*_: object) -> None:
        nonlocal left
        left -= 1
        if left <= 0:
            os._exit(KILLED)

    event.listen(Engine, "before_cursor_execute", executed)
    event.listen(Engine, "commit", executed)


def in_child(work: Callable[[], None]) -> int:
    """The exit code of a child process that does this work."""
    child = os.fork()
    if child == 0:
        try:
            work()
        finally:
            os._exit(1)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def main(directory: Path, step: int) -> None:
    """Kill a round before each of its statements."""
    for number in count(1, step):
        for old in directory.glob("now.db*"):
            old.unlink()
        (directory / "messages").unlink(missing_ok=True)
        shutil.copy(directory / "before.db", directory / "now.db")
        code = in_child(lambda number=number: run(directory, timedelta(0), statements=number))  # type: ignore[misc]
        lost = _not_noted(directory / "messages")
        later = in_child(lambda: run(directory, *LATER))
        sent = [record["body"] for record in _records(directory / "messages") if "body" in record]
        sys.stdout.write(json.dumps({"code": code, "later": later, "sent": sent, "lost": lost}) + "\n")
        if code != KILLED:
            return


def _records(path: Path) -> list[dict[str, str]]:
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


def _not_noted(path: Path) -> list[str]:
    records = _records(path)
    return [records[-1]["body"]] if records and "body" in records[-1] else []


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
