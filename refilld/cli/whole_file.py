"""Files that are there whole or not at all."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import IO

import click


@contextmanager
def whole_file(path: Path) -> Iterator[IO[str]]:
    """Write a file that takes its place, and its predecessor's, only once it is complete.

    It is for its owner alone. What is no regular file (a device, a pipe) is written to directly.
    """
    place = path.resolve()
    if place.exists() and not place.is_file():
        with place.open("w", encoding="utf-8") as file:
            yield file
        return
    unfinished = _beside(path, place)
    try:
        with unfinished:
            yield unfinished
        Path(unfinished.name).replace(place)
    except BaseException:
        Path(unfinished.name).unlink(missing_ok=True)
        raise


def _beside(path: Path, place: Path) -> IO[str]:
    try:
        return NamedTemporaryFile(
            "w", encoding="utf-8", dir=place.parent, prefix=f".{place.name}.", delete=False
        )
    except OSError as error:
        raise click.ClickException(f"{path}: cannot be written: {error.strerror}") from None
