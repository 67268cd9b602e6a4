"""Idempotency keys: a request that is repeated with its key gets the same answer, and changes nothing."""

from datetime import datetime, timedelta

from sqlalchemy import Connection, bindparam, delete, select, update

from storage.engine import insert_into
from storage.errors import KeyReusedError
from storage.idempotency_table import idempotency_keys

KEPT = timedelta(hours=24)
_k = idempotency_keys.c
_MINE = (_k.token_id == bindparam("id"), _k.key == bindparam("name"))
_FIND = select(_k.fingerprint, _k.answer).where(*_MINE)
_KEEP = update(idempotency_keys).where(*_MINE).values(answer=bindparam("text"))


def take(connection: Connection, token_id: int, key: str, fingerprint: str, now: datetime) -> str | None:
    """Take a key of a token; returns the answer that was given with it, or None for a new key.

    `fingerprint` stands for the request: raises KeyReusedError if the key was used for another one. While
    another transaction has taken the key, this waits for its end.
    """
    forget(connection, now)
    row = {"token_id": token_id, "key": key, "at": now, "fingerprint": fingerprint, "answer": ""}
    new = insert_into(connection, idempotency_keys).values(row).on_conflict_do_nothing()
    if connection.execute(new.returning(_k.key)).first() is not None:
        return None
    earlier = connection.execute(_FIND, {"id": token_id, "name": key}).one()
    if earlier.fingerprint != fingerprint:
        raise KeyReusedError("the key was used for another request; use a new one for each request")
    answer: str = earlier.answer
    return answer


def keep(connection: Connection, token_id: int, key: str, answer: str) -> None:
    """Store the answer to the request that has taken a key."""
    connection.execute(_KEEP, {"id": token_id, "name": key, "text": answer})


def forget(connection: Connection, now: datetime) -> None:
    """Delete the keys whose time is over."""
    connection.execute(delete(idempotency_keys).where(_k.at <= now - KEPT))
