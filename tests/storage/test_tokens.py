"""Bearer tokens: shown once, stored as digests, revoked at once."""

from datetime import datetime, timedelta
from hashlib import sha256
from pathlib import Path

import pytest
from sqlalchemy import insert
from sqlalchemy.exc import IntegrityError

from storage import token_uses, tokens
from storage.engine import Database
from storage.errors import NotFoundError, WrongStateError
from storage.token_tables import tokens as table
from storage.token_uses import TokenUse
from storage.tokens import Scope
from tests.builders import DAY, HOUR, MINUTE, NOW
from tests.storage.shop import everything, rows_of


def create(database: Database, *scopes: Scope, name: str = "panel") -> str:
    with database.write() as connection:
        return tokens.create(connection, name, scopes, NOW)


def scopes_of(database: Database, token: str) -> frozenset[Scope] | None:
    with database.read() as connection:
        found = tokens.found(connection, token)
        return None if found is None else frozenset(found.scopes)


def revoke(database: Database, token_id: int) -> None:
    with database.write() as connection:
        tokens.revoke(connection, token_id, NOW + HOUR)


@pytest.mark.parametrize("scopes", [*[[scope] for scope in Scope], list(Scope), [Scope.ORDERS_READ] * 2])
def test_a_token_has_exactly_its_scopes(database: Database, scopes: list[Scope]) -> None:
    """Duplicates and order do not matter."""
    assert scopes_of(database, create(database, *scopes)) == frozenset(scopes)


def test_a_token_is_256_random_bits_with_a_prefix(database: Database) -> None:
    """Secret scanners recognise the prefix."""
    made = {create(database, Scope.ORDERS_READ) for _ in range(20)}
    assert {(token[:4], len(token)) for token in made} == {("rfd_", 4 + 43)}
    assert len(made) == 20


@pytest.mark.parametrize(
    "change", [str.upper, lambda t: t[:-1], lambda t: t + "A", lambda t: t[4:], lambda _: ""]
)
def test_an_unknown_token_has_no_scopes(database: Database, change: object) -> None:
    """Not even one that differs by one character."""
    token = create(database, Scope.ORDERS_READ)
    assert callable(change)
    assert scopes_of(database, change(token)) is None


def test_a_digest_is_not_accepted_as_a_token(database: Database) -> None:
    """A reader of the table cannot authenticate with its values."""
    create(database, Scope.ORDERS_READ)
    (row,) = rows_of(database, "tokens")
    assert scopes_of(database, row.digest) is None


def test_only_the_digest_of_a_token_is_stored(database: Database) -> None:
    """No column of any table holds the token."""
    token = create(database, Scope.ORDERS_READ)
    (row,) = rows_of(database, "tokens")
    assert row.digest == sha256(token.encode()).hexdigest()
    assert token not in str(everything(database))


def test_the_files_of_the_database_do_not_hold_a_token(sqlite: Database, tmp_path: Path) -> None:
    """Neither the file nor its log, before and after a checkpoint."""
    token = create(sqlite, Scope.ORDERS_READ, name="the name can be found")
    for _ in range(2):
        kept = b"".join(path.read_bytes() for path in tmp_path.iterdir())
        assert b"the name can be found" in kept
        assert token.encode() not in kept
        assert token.removeprefix(tokens.PREFIX).encode() not in kept
        sqlite.checkpoint()


def test_a_revoked_token_has_no_scopes(database: Database) -> None:
    """Other tokens stay valid."""
    first, second = create(database, Scope.ORDERS_READ), create(database, Scope.ORDERS_WRITE)
    revoke(database, rows_of(database, "tokens")[0].token_id)
    assert scopes_of(database, first) is None
    assert scopes_of(database, second) == frozenset({Scope.ORDERS_WRITE})


def test_a_token_is_revoked_once(database: Database) -> None:
    """The second attempt fails, and the first revocation time stays."""
    create(database, Scope.ORDERS_READ)
    (row,) = rows_of(database, "tokens")
    revoke(database, row.token_id)
    before = rows_of(database, "tokens")
    with pytest.raises(NotFoundError, match=f"there is no token {row.token_id} that is not revoked"):
        revoke(database, row.token_id)
    assert rows_of(database, "tokens") == before
    assert before[0].revoked_at == NOW + HOUR


def test_an_unknown_token_cannot_be_revoked(database: Database) -> None:
    """The error names its number."""
    with pytest.raises(NotFoundError, match="there is no token 404"):
        revoke(database, 404)


def test_tokens_are_listed_without_anything_secret(database: Database) -> None:
    """Number, name, scopes and times; no digest."""
    create(database, Scope.REFILLS_CONSUME, Scope.ORDERS_READ, name="panel")
    with database.read() as connection:
        (row,) = tokens.listed(connection)
    scopes = (Scope.ORDERS_READ, Scope.REFILLS_CONSUME)
    assert row == tokens.TokenRow(row.token_id, "panel", scopes, NOW, None)


# Expiry and rotation


def rotate(database: Database, overlap: timedelta, lifetime: timedelta | None = None) -> str:
    with database.write() as connection:
        held = tokens.named(connection, "panel")
        return tokens.rotate(connection, held.token_id, NOW, overlap, lifetime or held.lifetime)


def ends(database: Database, token: str) -> datetime | None:
    with database.read() as connection:
        found = tokens.found(connection, token)
    assert found is not None
    return found.expires_at


def test_a_rotated_token_has_two_secrets_of_which_the_old_one_ends(database: Database) -> None:
    """The number, the scopes and the length of its life stay; only digests are stored."""
    with database.write() as connection:
        first = tokens.create(connection, "panel", [Scope.ORDERS_READ], NOW - DAY, lifetime=90 * DAY)
    second = rotate(database, HOUR)
    assert (ends(database, first), ends(database, second)) == (NOW + HOUR, NOW + 90 * DAY)
    assert scopes_of(database, first) == scopes_of(database, second) == frozenset({Scope.ORDERS_READ})
    (row,) = rows_of(database, "tokens")
    assert (row.digest, row.old_digest) == tuple(sha256(one.encode()).hexdigest() for one in (second, first))
    third = rotate(database, HOUR, 5 * DAY)
    assert (scopes_of(database, first), ends(database, third)) == (None, NOW + 5 * DAY)
    revoke(database, row.token_id)
    assert [scopes_of(database, one) for one in (second, third)] == [None, None]


def test_rotation_makes_no_token_last_longer(database: Database) -> None:
    """One that ends before the overlap does ends when it would have."""
    with database.write() as connection:
        token = tokens.create(connection, "panel", [Scope.ORDERS_READ], NOW, lifetime=HOUR)
    rotate(database, DAY)
    assert ends(database, token) == NOW + HOUR


def test_a_token_is_named_by_its_name_or_its_number(database: Database) -> None:
    """A name of several is refused, with the numbers to choose from; one that is revoked does not count."""
    for name in ("panel", "twin", "twin"):
        create(database, Scope.ORDERS_READ, name=name)
    panel, twin, other = (row.token_id for row in rows_of(database, "tokens"))
    revoke(database, panel)
    with database.read() as connection:
        assert tokens.named(connection, f"{twin}").name == "twin"
        with pytest.raises(WrongStateError, match=f"give a number instead: {twin}, {other}"):
            tokens.named(connection, "twin")
        with pytest.raises(NotFoundError, match="there is no token panel that is not revoked"):
            tokens.named(connection, "panel")


# Use


def use(database: Database, minute: int, requests: int, token_id: int = 1) -> int:
    """Count requests in this minute after NOW."""
    at = NOW + minute * MINUTE
    with database.write() as connection:
        return token_uses.add(connection, TokenUse(token_id, at, at, requests))


def test_requests_of_a_minute_are_counted_for_all_processes(database: Database) -> None:
    """Each new minute begins at nothing."""
    create(database, Scope.ORDERS_READ)
    with database.read() as connection:
        (row,) = tokens.listed(connection)
    assert row.used_at is None
    used = [use(database, minute, requests, row.token_id) for minute, requests in ((0, 5), (0, 2), (1, 3))]
    assert used == [5, 7, 3]
    with database.read() as connection:
        (row,) = tokens.listed(connection)
    assert row.used_at == NOW + MINUTE


def test_a_clock_a_minute_behind_begins_no_other_minute(database: Database) -> None:
    """Two processes would take turns to begin theirs; a clock that was far ahead is forgotten."""
    assert [use(database, 1, 5), use(database, 0, 2), use(database, 1, 1)] == [5, 7, 8]
    assert [use(database, 60, 5), use(database, 2, 3), use(database, 2, 3)] == [5, 3, 6]


def test_the_database_refuses_a_second_row_for_a_digest(database: Database) -> None:
    """A token has one set of scopes."""
    create(database, Scope.ORDERS_READ)
    (row,) = rows_of(database, "tokens")
    twin = {"name": "twin", "digest": row.digest, "scopes": "refills:manage", "created_at": NOW}
    with pytest.raises(IntegrityError), database.write() as connection:
        connection.execute(insert(table), twin)
