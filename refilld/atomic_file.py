"""Write a file completely or not at all."""

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
    """Write to a temporary file that replaces `path` once it is complete.

    The new file is readable by its owner only. A device or a pipe is written to directly. Raises
    ClickException when the file cannot be written.
    """
    with cannot_be_written(str(path)):
        target = path.resolve()
        if target.exists() and not target.is_file():
            with target.open("w", encoding="utf-8") as file:
                yield file
            return
        temporary = NamedTemporaryFile(  # noqa: SIM115 - it is closed before it is moved
            "w", encoding="utf-8", dir=target.parent, prefix=".refilld.", delete=False
        )
        try:
            with exit_on_signals(), temporary:
                yield temporary
            Path(temporary.name).replace(target)
        except BaseException:
            Path(temporary.name).unlink(missing_ok=True)
            raise


@contextmanager
def cannot_be_written(name: str) -> Iterator[None]:
    """Turn an error of writing into a ClickException with one line."""
    try:
        yield
    except (OSError, RuntimeError) as error:  # RuntimeError: a loop of symbolic links
        reason = getattr(error, "strerror", None) or str(error)
        raise click.ClickException(f"{printable(name)}: cannot be written: {reason}") from None


@contextmanager
def exit_on_signals() -> Iterator[None]:
    """Turn SIGTERM and SIGHUP into SystemExit, so that the temporary file is removed."""

    def end(number: int, _frame: object) -> Never:
        sys.exit(128 + number)

    before = {number: signal.signal(number, end) for number in (signal.SIGTERM, signal.SIGHUP)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
