"""Runs of `refilld doctor --json` and their findings."""

import json
from datetime import timedelta
from typing import Any

from click.testing import Result

from tests.refilld.cli_world import CliWorld

HOUR = timedelta(hours=1)


DAY = timedelta(days=1)


def configure(cli: CliWorld, text: str) -> None:
    with (cli.home / "refilld.toml").open("a") as file:
        file.write(text)


def doctor(cli: CliWorld, *words: str) -> Result:
    return cli.run("doctor", "--json", *words)


def rows(result: Result) -> list[dict[str, Any]]:
    """The findings, without the last line, which says what to do first."""
    assert result.exit_code in {0, 1, 3}, result.output
    found = [json.loads(line) for line in result.stdout.splitlines()]
    assert [row["id"] for row in found].index("summary") == len(found) - 1
    return found[:-1]


def found(cli: CliWorld, check: str, *words: str) -> dict[str, Any]:
    """The one finding of a check."""
    (row,) = [row for row in rows(doctor(cli, *words)) if row["id"] == check]
    return row


def checks(cli: CliWorld, *levels: str) -> set[str]:
    return {row["id"] for row in rows(doctor(cli)) if row["level"] in levels}
