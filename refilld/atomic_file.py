"""Files that are there whole or not at all."""

import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import IO, Never

import click

from refilld.terminal import printable


@contextmanager
def atomic_file(path: Path) -> Iterator[IO[str]]:
    """Write a file that takes its place, and its predecessor's, only once it is complete.

    It is for its owner alone. What is no regular file (a device, a pipe) is written to directly.
    """
    with cannot_be_written(str(path)):
        place = path.resolve()
        if place.exists() and not place.is_file():
            with place.open("w", encoding="utf-8") as file:
                yield file
            return
        unfinished = NamedTemporaryFile(  # noqa: SIM115 - it is closed before it is moved
            "w", encoding="utf-8", dir=place.parent, prefix=".refilld.", delete=False
        )
        try:
            with _ended_by_signals(), unfinished:
                yield unfinished
            Path(unfinished.name).replace(place)
        except BaseException:
            Path(unfinished.name).unlink(missing_ok=True)
            raise


@contextmanager
def cannot_be_written(name: str) -> Iterator[None]:
    """A fault of what is written to is one clear line."""
    try:
        yield
    except (OSError, RuntimeError) as error:  # the latter is a loop of symbolic links
        reason = getattr(error, "strerror", None) or str(error)
        raise click.ClickException(f"{printable(name)}: cannot be written: {reason}") from None


@contextmanager
def _ended_by_signals() -> Iterator[None]:
    """Let the signals that end a program do it in good order, so that nothing unfinished stays behind."""

    def end(number: int, _frame: object) -> Never:
        sys.exit(128 + number)

    before = {number: signal.signal(number, end) for number in (signal.SIGTERM, signal.SIGHUP)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
