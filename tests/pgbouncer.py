"""PgBouncer in transaction mode, in front of the PostgreSQL server of the tests."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Event
from time import monotonic

import pytest
from sqlalchemy import make_url

PORT = 6432
SESSIONS = 2
"""Connections to the server for each database: few, so that clients share them."""
MAX_WAIT = 10.0


@contextmanager
def pgbouncer(url: str) -> Iterator[str]:
    """Give SQLAlchemy's URL of the same database, reached through PgBouncer on a Unix socket."""
    program = shutil.which("pgbouncer", path=f"{os.environ.get('PATH', os.defpath)}:/usr/sbin")
    if program is None:
        pytest.fail("pgbouncer is missing; `make test` installs it (Debian: apt-get install pgbouncer)")
    account = "nobody" if os.geteuid() == 0 else None
    with tempfile.TemporaryDirectory(prefix="refilld-pgbouncer-") as name:
        home = Path(name)
        configuration = home / "pgbouncer.ini"
        configuration.write_text(_configuration(home, url))
        if account:
            for path in (home, configuration):
                shutil.chown(path, user=account)
        process = subprocess.Popen(
            [program, "--quiet", configuration], user=account, stderr=subprocess.DEVNULL
        )
        try:
            _wait_for(home / f".s.PGSQL.{PORT}", process)
            through = make_url(url).set(host=None, port=None, password=None)
            yield through.set(query={"host": name, "port": str(PORT)}).render_as_string()
        finally:
            process.kill()
            process.wait(MAX_WAIT)


def _configuration(home: Path, given: str) -> str:
    url = make_url(given)
    host = url.host or url.query["host"]
    server = f"host={host} port={url.port or 5432} user={url.username}"
    return f"""
[databases]
* = {server}{f" password={url.password}" if url.password else ""}
[pgbouncer]
unix_socket_dir = {home}
listen_port = {PORT}
logfile = {home / "log"}
auth_type = any
pool_mode = transaction
default_pool_size = {SESSIONS}
"""


def _wait_for(socket: Path, process: "subprocess.Popen[bytes]") -> None:
    pause, end = Event(), monotonic() + MAX_WAIT
    while not socket.exists():
        if process.poll() is not None or monotonic() > end:
            pytest.fail(f"pgbouncer did not start: {(socket.parent / 'log').read_text()}")
        pause.wait(0.01)
