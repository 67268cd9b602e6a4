"""Bearer tokens, stored as SHA-256 digests; a token is 256 random bits, so no salt is needed."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from hashlib import sha256
from secrets import token_urlsafe

from sqlalchemy import Connection, bindparam, insert, select, update

from monitor.events.changes import TokenChanged
from monitor.events.event import Event
from monitor.events.kind import EventKind
from storage import events
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
    EVENTS_READ = "events:read"
    METRICS_READ = "metrics:read"
    WEBHOOKS_MANAGE = "webhooks:manage"
    PANEL_USE = "panel:use"


@dataclass(frozen=True, slots=True)
class TokenRow:
    """One token without its digest."""

    token_id: int
    name: str
    """Its holder; may be empty."""
    scopes: tuple[Scope, ...]
    """In alphabetical order."""
    created_at: datetime
    revoked_at: datetime | None


_k = tokens.c
_COLUMNS = _k.token_id, _k.name, _k.scopes, _k.created_at, _k.revoked_at
_FIND = select(*_COLUMNS).where(_k.digest == bindparam("digest"), _k.revoked_at.is_(None))


def create(connection: Connection, name: str, scopes: Iterable[Scope], now: datetime) -> str:
    """Create a token and store its digest; the token itself cannot be read again."""
    token = PREFIX + token_urlsafe(32)
    row = {"name": name, "digest": _digest(token), "scopes": " ".join(sorted(set(scopes))), "created_at": now}
    token_id = connection.execute(insert(tokens).returning(_k.token_id), row).scalar_one()
    _note(connection, EventKind.TOKEN_CREATED, token_id, now)
    return token


def found(connection: Connection, token: str) -> TokenRow | None:
    """The row of a token; None if it is unknown or revoked."""
    row = connection.execute(_FIND, {"digest": _digest(token)}).one_or_none()
    return None if row is None else _token(row)


def revoke(connection: Connection, token_id: int, now: datetime) -> None:
    """Revoke a token at once; raises NotFoundError."""
    change = update(tokens).where(_k.token_id == token_id, _k.revoked_at.is_(None)).values(revoked_at=now)
    if connection.execute(change).rowcount == 0:
        raise NotFoundError(f"there is no token {token_id} that is not revoked")
    _note(connection, EventKind.TOKEN_REVOKED, token_id, now)


def _note(connection: Connection, kind: EventKind, token_id: int, now: datetime) -> None:
    row = connection.execute(select(_k.name, _k.scopes).where(_k.token_id == token_id)).one()
    events.add(connection, Event(kind, TokenChanged(token_id, row.name, tuple(row.scopes.split()))), now)


def listed(connection: Connection) -> list[TokenRow]:
    """All tokens, without their digests."""
    return [_token(row) for row in connection.execute(select(*_COLUMNS).order_by(_k.token_id))]


def _token(row: AnyRow) -> TokenRow:
    return TokenRow(row.token_id, row.name, _scopes(row.scopes), row.created_at, row.revoked_at)


def _scopes(text: str) -> tuple[Scope, ...]:
    return tuple(map(Scope, text.split()))


def _digest(token: str) -> str:
    return sha256(token.encode()).hexdigest()
