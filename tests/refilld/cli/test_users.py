"""`refilld user`: the people who sign in to the pages."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from refilld.cli.context import CommandContext
from refilld.cli.users import user
from refilld.services import passwords, users
from storage import event_list
from storage.event_list import EventFilter
from tests.pages import rows_of_list
from tests.refilld.cli_world import CliWorld
from tests.refilld.queue_world import QueueWorld

PASSWORD = "correct horse battery"


class Users:
    """Runs `refilld user …` in a directory with a configuration."""

    def __init__(self, cli: CliWorld) -> None:
        self.world: QueueWorld = cli.world
        self._config = cli.home / "refilld.toml"

    def run(self, *words: str, typed: str = "") -> Result:
        context = CommandContext(self._config, self.world.clock)
        return CliRunner().invoke(user, words, input=typed, obj=context)

    def hash_of(self, name: str) -> str:
        with self.world.database.read() as tx:
            return users.existing(tx, name).password_hash

    def listed(self) -> list[dict[str, object]]:
        return [json.loads(line) for line in self.run("list", "--json").stdout.splitlines()]


@pytest.fixture
def people(cli: CliWorld) -> Users:
    return Users(cli)


def test_a_password_is_read_from_standard_input_or_a_file(people: Users, tmp_path: Path) -> None:
    made = people.run("add", "Alice", "--role", "admin", typed=f"{PASSWORD}\n")
    assert (made.exit_code, made.stdout) == (0, "user alice is added with the role admin\n")
    assert passwords.verified(people.hash_of("alice"), PASSWORD)
    file = tmp_path / "password"
    file.write_text(f"{PASSWORD}!\r\nanother line\n")
    changed = people.run("passwd", "alice", "--password-file", str(file))
    assert (changed.exit_code, changed.stdout) == (
        0,
        "user alice has a new password; their sessions have ended\n",
    )
    assert passwords.verified(people.hash_of("alice"), f"{PASSWORD}!")


def test_no_command_takes_a_password_as_an_argument(people: Users) -> None:
    options = [name for command in user.commands.values() for one in command.params for name in one.opts]
    assert [name for name in options if "pass" in name] == ["--password-file", "--password-file"]
    assert people.run("passwd", "alice", PASSWORD).exit_code == 2


@pytest.mark.parametrize(
    ("name", "typed", "words"),
    [
        ("alice", "short", "password: must have 12 to 200 characters"),
        ("alice", "", "password: must have 12 to 200 characters"),
        ("alice", "aaaaaaaaaaaa", "password: is too easy to guess"),
        ("two words", PASSWORD, "name: has up to 64 letters"),
        ("\N{CYRILLIC SMALL LETTER A}lice", PASSWORD, "name: has up to 64 letters"),
    ],
)
def test_what_cannot_be_used_is_refused_in_one_line(people: Users, name: str, typed: str, words: str) -> None:
    assert words in str(people.run("add", name, "--role", "viewer", typed=typed).exception)
    assert people.listed() == []


def test_users_are_changed_and_each_change_is_in_the_audit_trail(people: Users) -> None:
    people.run("add", "bob", "--role", "viewer", typed=PASSWORD)
    assert people.run("role", "BOB", "operator").stdout.startswith("user bob has the role operator now")
    assert people.run("role", "bob", "operator").stdout == "user bob has the role operator already\n"
    assert people.run("disable", "bob").exit_code == 0
    assert "disabled already" in str(people.run("disable", "bob").exception)
    assert people.listed()[0]["disabled_at"] == "2026-03-01T12:00:00Z"
    assert people.run("enable", "bob").exit_code == 0
    assert "no second factor" in str(people.run("remove-totp", "bob").exception)
    assert "no user nobody" in str(people.run("enable", "nobody").exception)
    with people.world.database.read() as tx:
        kinds = [str(row.kind) for row in rows_of_list(event_list.page, tx, EventFilter(jobs=False), 9)]
    assert kinds == ["user.enabled", "user.disabled", "user.role_changed", "user.added"]


def test_the_list_shows_no_secret(people: Users) -> None:
    people.run("add", "bob", "--role", "viewer", typed=PASSWORD)
    (row,) = people.listed()
    assert (row["name"], row["role"], row["sessions"], row["second_factor"]) == ("bob", "viewer", 0, False)
    assert "argon2" not in people.run("list", "--wide").stdout
