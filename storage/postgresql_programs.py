"""Running pg_dump and pg_restore, without a password on their command lines."""

import os
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO

from sqlalchemy import Connection
from sqlalchemy.engine import URL

from storage.errors import TransferError, UnreachableError

_SECRETS = {"password", "sslpassword"}


@dataclass(frozen=True, slots=True)
class Login:
    """How PostgreSQL's programs reach a database."""

    conninfo: str
    """Without secrets, because every user of the machine can read command lines."""
    password: str | None = field(repr=False)
    """None where ~/.pgpass or the server's settings do without."""


def login(url: URL) -> Login:
    """The login of a database URL."""
    from psycopg.conninfo import make_conninfo  # noqa: PLC0415 - an extra

    _, parameters = url.get_dialect()().create_connect_args(url)
    shown = {name: value for name, value in parameters.items() if name not in _SECRETS}
    return Login(make_conninfo("", **shown), parameters.get("password"))


def server_version(connection: Connection) -> int:
    """The major version of the server."""
    return int(connection.exec_driver_sql("SHOW server_version_num").scalar_one()) // 10_000


def require_program(name: str, major: int) -> None:
    """Raise UnreachableError unless the program is installed, in the server's version or a newer one."""
    package = f"apt install postgresql-client-{major}" if major else "apt install postgresql-client"
    if shutil.which(name) is None:
        raise UnreachableError(f"{name} is not installed; install the client programs: {package}")
    answer = subprocess.run([name, "--version"], capture_output=True, text=True, check=False)  # noqa: S603
    found = answer.stdout.split()[2:3]
    version = found[0].partition(".")[0] if found else ""
    if not version.isdigit() or int(version) < major:
        has = " ".join(found) or "no version"
        raise UnreachableError(f"{name} is of PostgreSQL {has}, the server of {major}; install: {package}")


def run(*words: str | Path, password: str | None = None) -> str:
    """Run a program to its end; returns its output, or raises TransferError with its first message."""
    answer = subprocess.run(  # noqa: S603 - the words are this package's own
        words, env=_environment(password), stdin=subprocess.DEVNULL, capture_output=True, check=False
    )
    if answer.returncode != 0:
        raise _failed(words, answer.stderr)
    return answer.stdout.decode(errors="replace")


@contextmanager
def output_of(*words: str | Path) -> Iterator[IO[bytes]]:
    """Run a program and give its output as it comes; raises TransferError at the end if it failed."""
    with TemporaryFile() as messages:
        process = subprocess.Popen(  # noqa: S603 - the same
            words, env=_environment(None), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=messages
        )
        with process as running:
            if running.stdout is None:
                raise TransferError(f"{words[0]} has no output")
            try:
                yield running.stdout
            except BaseException:
                running.kill()
                raise
        if process.returncode != 0:
            messages.seek(0)
            raise _failed(words, messages.read())


def _environment(password: str | None) -> dict[str, str]:
    """In UTC and English, so that what the programs write can be read."""
    secret = {} if password is None else {"PGPASSWORD": password}
    return {**os.environ, **secret, "LC_ALL": "C", "TZ": "UTC"}


def _failed(words: Sequence[str | Path], stderr: bytes) -> TransferError:
    """The message of the program, without its own prefix."""
    lines = [line.strip() for line in stderr.decode(errors="replace").splitlines() if line.strip()]
    message = next((line for line in lines if "error:" in line), lines[0] if lines else "failed")
    return TransferError(f"{words[0]}: {message.rpartition('error:')[2].strip()}")
