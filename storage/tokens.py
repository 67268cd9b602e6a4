"""Bearer tokens: only their SHA-256 digests are kept; a token is 256 random bits, so no salt is needed."""

from collections.abc import Iterable
from datetime import datetime
from enum import StrEnum
from hashlib import sha256
from secrets import token_urlsafe

from sqlalchemy import Connection, bindparam, insert, select, update

from storage.column_types import AnyRow
from storage.errors import NotFoundError
from storage.schema import tokens

PREFIX = "rfd_"


class Scope(StrEnum):
    """What a token allows."""

    ORDERS_WRITE = "orders:write"
    ORDERS_READ = "orders:read"
    REFILLS_CONSUME = "refills:consume"
    REFILLS_MANAGE = "refills:manage"
    METRICS_READ = "metrics:read"


_k = tokens.c
_FIND = select(_k.scopes).where(_k.digest == bindparam("digest"), _k.revoked_at.is_(None))


def create(connection: Connection, name: str, scopes: Iterable[Scope], now: datetime) -> str:
    """Make a token and keep its digest; the token itself is only ever seen in this answer."""
    token = PREFIX + token_urlsafe(32)
    row = {"name": name, "digest": _digest(token), "scopes": " ".join(sorted(set(scopes))), "created_at": now}
    connection.execute(insert(tokens), row)
    return token


def scopes_of(connection: Connection, token: str) -> frozenset[Scope] | None:
    """The scopes of a token; None when there is no such token or it is revoked."""
    found = connection.execute(_FIND, {"digest": _digest(token)}).scalar()
    return None if found is None else frozenset(map(Scope, found.split()))


def revoke(connection: Connection, token_id: int, now: datetime) -> None:
    """Revoke a token at once; raises NotFoundError."""
    change = update(tokens).where(_k.token_id == token_id, _k.revoked_at.is_(None)).values(revoked_at=now)
    if connection.execute(change).rowcount == 0:
        raise NotFoundError(f"there is no token {token_id} that is not revoked")


def listed(connection: Connection) -> list[AnyRow]:
    """All tokens, without anything secret."""
    query = select(_k.token_id, _k.name, _k.scopes, _k.created_at, _k.revoked_at).order_by(_k.token_id)
    return list(connection.execute(query))


def _digest(token: str) -> str:
    return sha256(token.encode()).hexdigest()
