"""Idempotency keys: one answer for a key, also when two requests with it come at once."""

from contextlib import suppress
from datetime import timedelta

import pytest

from storage import idempotency
from storage.engine import Database
from storage.errors import KeyReusedError
from tests.builders import NOW
from tests.storage.shop import at_once


def taken(database: Database, key: str = "k", fingerprint: str = "f") -> str | None:
    """The answer to an earlier request; a new one is answered with its key."""
    with database.write() as tx:
        earlier = idempotency.take(tx, 1, key, fingerprint, NOW)
        if earlier is None:
            idempotency.keep(tx, 1, key, f"answer to {key}")
    return earlier


def test_a_key_gets_the_answer_of_its_first_request(database: Database) -> None:
    assert taken(database) is None
    assert taken(database) == "answer to k"
    assert taken(database, key="other") is None


def test_a_key_of_another_request_is_refused(database: Database) -> None:
    taken(database)
    with pytest.raises(KeyReusedError):
        taken(database, fingerprint="g")


def test_of_two_requests_at_once_one_gets_the_answer_of_the_other(database: Database) -> None:
    """The second waits until the first is committed."""
    answers = at_once(4, lambda _: taken(database))
    assert answers.count(None) == 1
    assert answers.count("answer to k") == 3


def test_a_request_that_fails_leaves_its_key_free(database: Database) -> None:
    with suppress(ZeroDivisionError), database.write() as tx:
        idempotency.take(tx, 1, "k", "f", NOW)
        raise ZeroDivisionError
    assert taken(database) is None


def test_keys_are_deleted_when_their_time_is_over(database: Database) -> None:
    taken(database)
    for age, left in ((idempotency.KEPT - timedelta(seconds=1), 1), (idempotency.KEPT, 0)):
        with database.write() as tx:
            idempotency.forget(tx, NOW + age)
            found = tx.exec_driver_sql("SELECT count(*) FROM idempotency_keys").scalar()
        assert found == left
