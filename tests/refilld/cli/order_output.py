"""The output of order commands, as JSON lines or on a terminal."""

import json
import os
import pty
import subprocess

from click.testing import Result

from tests.refilld.cli_world import COMMAND, CliWorld, bare, sold

WRONG_QUANTITY = sold(3, quantity=0)


def objects(result: Result) -> list[dict[str, object]]:
    assert result.exit_code == 0, result.output
    return [json.loads(line) for line in result.stdout.splitlines()]


def ids(result: Result) -> list[object]:
    return [order["order_id"] for order in objects(result)]


def on_a_terminal(cli: CliWorld, *words: object) -> str:
    """The output on a terminal."""
    ours, theirs = pty.openpty()
    with subprocess.Popen(
        [*COMMAND, *map(str, words)], cwd=cli.home, env=bare(cli.home, {"TERM": "xterm"}),
        stdin=theirs, stdout=theirs, stderr=theirs,
    ):  # fmt: skip
        os.close(theirs)
        seen = b"".join(iter(lambda: _read(ours), b""))
    os.close(ours)
    return seen.decode()


def _read(descriptor: int) -> bytes:
    try:
        return os.read(descriptor, 65_536)
    except OSError:  # Linux raises this when the last writer has closed
        return b""
