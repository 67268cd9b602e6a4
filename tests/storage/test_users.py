"""Users and their sessions, on both databases."""

from datetime import UTC, datetime, timedelta

import pytest

from monitor.model.role import Role
from storage import sign_in_attempts, user_sessions, users
from storage.engine import Database
from storage.errors import NotFoundError, WrongStateError
from storage.user_sessions import SessionLife

NOW = datetime(2026, 11, 29, 12, tzinfo=UTC)
IDLE = timedelta(hours=12)
LIFE = SessionLife(IDLE, timedelta(days=14))


def add(database: Database, name: str = "alice") -> int:
    with database.write() as tx:
        return users.add(tx, name, Role.OPERATOR, "hash", NOW)


def begin(database: Database, user_id: int) -> str:
    with database.write() as tx:
        return user_sessions.begin(tx, user_id, "192.0.2.1", "a browser", LIFE, NOW)


def lasts(database: Database, token: str, now: datetime = NOW) -> bool:
    with database.read() as tx:
        return user_sessions.found(tx, token, IDLE, now) is not None


def test_a_name_is_taken_once(database: Database) -> None:
    add(database)
    with pytest.raises(WrongStateError, match="alice already"):
        add(database)


def test_a_session_is_known_by_its_token_only(database: Database) -> None:
    token = begin(database, add(database))
    with database.read() as tx:
        found = user_sessions.found(tx, token, IDLE, NOW)
        assert found is not None
        assert (found.name, found.role) == ("alice", Role.OPERATOR)
        assert user_sessions.found(tx, user_sessions.digest(token), IDLE, NOW) is None


def test_a_session_ends_when_it_is_not_used_or_is_old(database: Database) -> None:
    user_id = add(database)
    token = begin(database, user_id)
    assert lasts(database, token, NOW + IDLE - timedelta(seconds=1))
    assert not lasts(database, token, NOW + IDLE)
    with database.write() as tx:
        (session,) = user_sessions.listed(tx, user_id, IDLE, NOW)
        user_sessions.seen(tx, session.session_id, session.expires_at - timedelta(seconds=1))
    assert lasts(database, token, session.expires_at - timedelta(seconds=1))
    assert not lasts(database, token, session.expires_at)


@pytest.mark.parametrize("cause", ["password", "role", "disabled", "second factor"])
def test_what_ends_the_trust_ends_all_sessions_of_the_user_and_of_nobody_else(
    database: Database, cause: str
) -> None:
    user_id, other = add(database), begin(database, add(database, "bob"))
    tokens = [begin(database, user_id), begin(database, user_id)]
    with database.write() as tx:
        if cause == "password":
            users.set_password(tx, user_id, "another hash", NOW)
        elif cause == "role":
            users.set_role(tx, user_id, Role.VIEWER, NOW)
        elif cause == "disabled":
            users.disable(tx, user_id, NOW)
        else:
            users.remove_totp(tx, user_id, NOW)
    assert [lasts(database, token) for token in (*tokens, other)] == [False, False, True]


def test_nobody_ends_the_session_of_another_user(database: Database) -> None:
    alice, bob = add(database), add(database, "bob")
    token = begin(database, alice)
    with database.write() as tx:
        (session,) = user_sessions.listed(tx, alice, IDLE, NOW)
        assert not user_sessions.end(tx, bob, session.session_id)
        assert user_sessions.end_others(tx, bob, 0, NOW) == 0
    assert lasts(database, token)
    with database.write() as tx:
        assert user_sessions.end(tx, alice, session.session_id)
    assert not lasts(database, token)


def test_a_code_is_used_once_and_no_older_one_after_it(database: Database) -> None:
    user_id = add(database)
    with database.write() as tx:
        assert [users.use_step(tx, user_id, step) for step in (7, 7, 6, 8)] == [True, False, False, True]


def test_attempts_are_limited_by_name_and_by_address_for_a_while(database: Database) -> None:
    with database.write() as tx:
        first = sign_in_attempts.begin(tx, "alice", "192.0.2.1", NOW)
        assert first is not None
        sign_in_attempts.succeeded(tx, first)
        for number in range(sign_in_attempts.PER_NAME):
            assert sign_in_attempts.begin(tx, "alice", f"192.0.2.{number}", NOW)
        assert sign_in_attempts.begin(tx, "alice", "192.0.2.99", NOW) is None
        assert sign_in_attempts.begin(tx, "bob", "192.0.2.99", NOW)
        later = NOW + sign_in_attempts.WINDOW
        assert sign_in_attempts.begin(tx, "alice", "192.0.2.99", later)


def test_the_list_of_users_has_their_sessions(database: Database) -> None:
    add(database, "bob")
    alice = add(database)
    begin(database, alice)
    begin(database, alice)
    with database.read() as tx:
        assert [(row.user.name, row.sessions, row.seen_at) for row in users.listed(tx, IDLE, NOW)] == [
            ("alice", 2, NOW),
            ("bob", 0, None),
        ]
        assert [row.sessions for row in users.listed(tx, IDLE, NOW + IDLE)] == [0, 0]
        with pytest.raises(NotFoundError):
            users.get(tx, alice + 1_000)
