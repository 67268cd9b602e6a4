"""Tokens are shown once, stored as digests, and revoked immediately."""

import json
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from refilld.cli.context import CommandContext
from refilld.cli.tokens import COMMANDS, token
from storage import token_uses, tokens
from storage.engine import Database
from storage.errors import NotFoundError
from storage.token_uses import TokenUse
from storage.tokens import Scope
from tests.refilld.queue_world import NOW, QueueWorld, queue_world

Run = Callable[..., Result]


@pytest.fixture
def world(tmp_path: Path) -> Iterator[QueueWorld]:
    with queue_world(tmp_path) as world:
        yield world


@pytest.fixture
def run(world: QueueWorld, tmp_path: Path) -> Run:
    """Run `refilld token …` on the world's database."""
    config = tmp_path / "refilld.toml"
    config.write_text(f'[database]\nurl = "sqlite:///{world.path}"\n')

    def run(*words: object) -> Result:
        return CliRunner().invoke(token, list(map(str, words)), obj=CommandContext(config, world.clock))

    return run


def scopes_of(world: QueueWorld, made: str) -> frozenset[Scope] | None:
    with world.database.read() as connection:
        found = tokens.found(connection, made)
        return None if found is None else frozenset(found.scopes)


def test_the_group_is_registered() -> None:
    """With the documented names."""
    (group,) = COMMANDS
    assert group.name == "token"
    assert set(group.commands) == {"create", "list", "rotate", "revoke"}


def test_create_prints_the_token_only(world: QueueWorld, run: Run) -> None:
    """So that a shell can put it into a file."""
    result = run("create", "--scope", "refills:consume", "--scope", "refills:manage", "--name", "robot")
    assert result.stderr == ""
    (made,) = result.stdout.splitlines()
    assert made.startswith(tokens.PREFIX)
    assert scopes_of(world, made) == frozenset({Scope.REFILLS_CONSUME, Scope.REFILLS_MANAGE})


def test_a_key_of_a_panel_is_told_to_open_all_orders(run: Run) -> None:
    """Before it is handed to a reseller; what a shell reads stays the key alone."""
    result = run("create", "--scope", "panel:use")
    assert len(result.stdout.splitlines()) == 1
    assert "all orders" in result.stderr
    assert "never for a reseller or customer" in result.stderr
    assert "never for a reseller" in " ".join(run("create", "--help").stdout.split())


def test_two_tokens_are_never_the_same(run: Run) -> None:
    """Even with the same name and scopes."""
    made = {run("create", "--scope", "metrics:read", "--name", "same").stdout for _ in range(5)}
    assert len(made) == 5


def test_the_database_does_not_contain_the_token(world: QueueWorld, run: Run) -> None:
    """A stolen backup gives no access."""
    made = run("create", "--scope", "refills:consume").stdout.strip()
    files = b"".join(path.read_bytes() for path in world.path.parent.glob("queue.db*"))
    assert b"refills:consume" in files
    assert made.encode() not in files
    assert made.removeprefix(tokens.PREFIX).encode() not in files


def test_the_list_shows_names_scopes_and_times(world: QueueWorld, run: Run) -> None:
    """Nothing in it can be used as a token."""
    made = run("create", "--scope", "refills:manage", "--scope", "orders:read", "--name", "robot").stdout
    (shown,) = map(json.loads, run("list", "--json").stdout.splitlines())
    assert shown == {
        "token_id": 1,
        "name": "robot",
        "scopes": ["orders:read", "refills:manage"],
        "created_at": "2026-03-01T12:00:00Z",
        "revoked_at": None,
        "expires_at": None,
        "requests_per_minute": None,
        "rotated_at": None,
        "old_expires_at": None,
        "used_at": None,
    }
    table = run("list").stdout
    assert "robot" in table
    assert "orders:read refills:manage" in table
    assert made.strip() not in table


def test_80_columns_show_the_end_and_the_last_use_of_a_token(world: QueueWorld, run: Run) -> None:
    """What says whether it can be revoked."""
    words = ("--scope", "refills:consume", "--scope", "refills:manage", "--expires", "90d")
    run("create", *words, "--name", "the panel of the shop")
    with world.database.write() as tx:
        token_uses.add(tx, TokenUse(1, NOW, NOW, 1))
    lines = run("list").stdout.splitlines()
    assert ("expires_at" in lines[0], "used_at" in lines[0]) == (True, True)
    assert "2026-05-30 12:00" in lines[1]
    assert "2026-03-01 12:00" in lines[1]


def test_a_second_token_of_a_name_is_told(run: Run) -> None:
    """With the ids, which tell them apart; not one without a name, or beside a revoked one."""
    made = ("create", "--scope", "refills:consume")
    assert run(*made, "--name", "robot").stderr == run(*made).stderr == run(*made).stderr == ""
    second = run(*made, "--name", "robot")
    assert second.stderr == "refilld: token 1 has the name robot too; rotate them by their ids\n"
    assert len(second.stdout.splitlines()) == 1
    run("revoke", 1)
    run("revoke", 4)
    assert run(*made, "--name", "robot").stderr == ""


def test_a_revoked_token_has_no_scopes(world: QueueWorld, run: Run) -> None:
    """It stays in the list, with the time of its revocation."""
    made = run("create", "--scope", "refills:consume").stdout.strip()
    assert run("revoke", 1).stdout == "token 1 is revoked\n"
    assert scopes_of(world, made) is None
    (shown,) = map(json.loads, run("list", "--json").stdout.splitlines())
    assert shown["revoked_at"] == "2026-03-01T12:00:00Z"


def test_a_token_is_rotated_by_its_name(world: QueueWorld, run: Run) -> None:
    """The new one is printed alone; the old one goes on for a day, or as long as is wished."""
    words = ("--name", "robot", "--expires", "90d", "--requests-per-minute", "600")
    first = run("create", "--scope", "refills:consume", *words).stdout.strip()
    second = run("rotate", "robot").stdout.strip()
    assert scopes_of(world, first) == scopes_of(world, second) == frozenset({Scope.REFILLS_CONSUME})
    (shown,) = map(json.loads, run("list", "--json").stdout.splitlines())
    assert shown["expires_at"] == "2026-05-30T12:00:00Z"
    assert shown["old_expires_at"] == "2026-03-02T12:00:00Z"
    assert (shown["rotated_at"], shown["requests_per_minute"]) == ("2026-03-01T12:00:00Z", 600)
    run("rotate", "1", "--overlap", "0s", "--expires", "1d")
    assert scopes_of(world, first) is None
    (shown,) = map(json.loads, run("list", "--json").stdout.splitlines())
    assert (shown["expires_at"], shown["old_expires_at"]) == ("2026-03-02T12:00:00Z", "2026-03-01T12:00:00Z")


def test_an_unknown_token_cannot_be_revoked(run: Run) -> None:
    """Nor a revoked one."""
    run("create", "--scope", "refills:consume")
    run("revoke", 1)
    for token_id in (1, 2, 2**63 - 1):
        assert isinstance(run("revoke", token_id).exception, NotFoundError)


@pytest.mark.parametrize(
    "words",
    [
        ["create"],
        ["create", "--scope", "everything"],
        ["create", "--scope", "orders:read", "--name", ""],
        ["create", "--scope", "orders:read", "--name", "a\x00b"],
        ["revoke"],
        ["revoke", 2**63],
        ["revoke", "robot"],
        ["create", "--scope", "orders:read", "--expires", "soon"],
        ["create", "--scope", "orders:read", "--requests-per-minute", -1],
        ["rotate", "robot", "--overlap", "400d"],
    ],
)
def test_wrong_usage_is_refused_before_the_database_is_opened(tmp_path: Path, words: list[object]) -> None:
    """With exit code 2 and the option that is wrong."""
    missing = CommandContext(tmp_path / "missing.toml")
    result = CliRunner().invoke(token, list(map(str, words)), obj=missing)
    assert result.exit_code == 2
    assert result.stderr.startswith("Usage: ")


def test_a_token_lasts_by_the_clock_of_the_server(migrated_postgres_url: str, tmp_path: Path) -> None:
    """A day from now, also on a machine whose clock is months behind."""
    config = tmp_path / "server.toml"
    config.write_text(f'[database]\nurl = "{migrated_postgres_url}"\n')
    words = ["create", "--scope", "refills:consume", "--expires", "1d"]
    made = CliRunner().invoke(token, words, obj=CommandContext(config, lambda: NOW))
    with closing(Database(migrated_postgres_url)) as database, database.read() as tx:
        found = tokens.found(tx, made.stdout.strip())
    assert found is not None
    assert found.created_at > NOW + timedelta(days=30)
    assert found.lifetime == timedelta(days=1)
