"""Bearer tokens, stored as SHA-256 digests; a token is 256 random bits, so no salt is needed.

A token has one secret; while it is rotated it has two, of which the old one ends soon.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from hashlib import sha256
from hmac import compare_digest
from secrets import token_urlsafe

from sqlalchemy import Connection, bindparam, insert, or_, select, update

from monitor.events.changes import TokenChanged
from monitor.events.event import Event
from monitor.events.kind import EventKind
from monitor.events.monitoring import TokenEnding
from storage import events
from storage.column_types import AnyRow
from storage.engine import after_commit
from storage.errors import NotFoundError, WrongStateError
from storage.token_tables import token_uses, tokens

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
    """One token without its digests."""

    token_id: int
    name: str
    """Its holder; may be empty."""
    scopes: tuple[Scope, ...]
    """In alphabetical order."""
    created_at: datetime
    revoked_at: datetime | None
    expires_at: datetime | None = None
    """End of its secret; None if it has none."""
    requests_per_minute: int | None = None
    """Its own limit; None for the configured one, 0 for none."""
    rotated_at: datetime | None = None
    """When its secret was made, unless it is the first."""
    old_expires_at: datetime | None = None
    """End of the secret before; None without one."""
    used_at: datetime | None = None
    """Last use, as far as it is stored: half a minute late at most."""

    @property
    def lifetime(self) -> timedelta | None:
        """How long its secret was made for; None if it has no end."""
        return None if self.expires_at is None else self.expires_at - (self.rotated_at or self.created_at)


@dataclass(slots=True)
class TokenChanges:
    """Counts the changes of tokens by this process, so that it forgets at once what it remembers of them."""

    number: int = 0

    def note(self) -> None:
        self.number += 1


CHANGES = TokenChanges()
_k = tokens.c
_COLUMNS = (
    _k.token_id, _k.name, _k.scopes, _k.created_at, _k.revoked_at, _k.expires_at, _k.requests_per_minute,
    _k.rotated_at, _k.old_expires_at,
)  # fmt: skip
_FIND = select(*_COLUMNS, _k.digest, _k.old_digest).where(
    or_(_k.digest == bindparam("digest"), _k.old_digest == bindparam("digest")), _k.revoked_at.is_(None)
)
_LISTED = (
    select(*_COLUMNS, token_uses.c.used_at)
    .outerjoin_from(tokens, token_uses, token_uses.c.token_id == _k.token_id)
    .order_by(_k.token_id)
)


def create(
    connection: Connection,
    name: str,
    scopes: Iterable[Scope],
    now: datetime,
    *,
    lifetime: timedelta | None = None,
    requests_per_minute: int | None = None,
) -> str:
    """Create a token and store its digest; the token itself cannot be read again."""
    token = PREFIX + token_urlsafe(32)
    row = {
        "name": name,
        "digest": _digest(token),
        "scopes": " ".join(sorted(set(scopes))),
        "created_at": now,
        "expires_at": None if lifetime is None else now + lifetime,
        "requests_per_minute": requests_per_minute,
    }
    token_id = connection.execute(insert(tokens).returning(_k.token_id), row).scalar_one()
    _note(connection, EventKind.TOKEN_CREATED, token_id, now)
    return token


def found(connection: Connection, token: str) -> TokenRow | None:
    """The row of a token, whose `expires_at` is the end of this secret; None if it is unknown or revoked.

    The index compares digests, whose differences tell nothing about a token.
    """
    digest = _digest(token)
    for row in connection.execute(_FIND, {"digest": digest}):
        if compare_digest(row.digest, digest):
            return _token(row)
        if compare_digest(row.old_digest or "", digest):
            return replace(_token(row), expires_at=row.old_expires_at)
    return None


def rotate(
    connection: Connection, token_id: int, now: datetime, overlap: timedelta, lifetime: timedelta | None
) -> str:
    """Give a token a new secret, and return it; the one before is valid for the overlap, if it lasts so long.

    A secret before that one ends at once. Raises NotFoundError.
    """
    query = select(_k.digest, _k.expires_at).where(_k.token_id == token_id, _k.revoked_at.is_(None))
    before = connection.execute(query.with_for_update()).one_or_none()
    if before is None:
        raise _unknown(token_id)
    token, ends = PREFIX + token_urlsafe(32), now + overlap
    values = {
        "digest": _digest(token),
        "expires_at": None if lifetime is None else now + lifetime,
        "rotated_at": now,
        "old_digest": before.digest,
        "old_expires_at": ends if before.expires_at is None else min(ends, before.expires_at),
    }
    connection.execute(update(tokens).where(_k.token_id == token_id).values(values))
    _note(connection, EventKind.TOKEN_ROTATED, token_id, now)
    return token


def revoke(connection: Connection, token_id: int, now: datetime) -> None:
    """Revoke a token at once; raises NotFoundError."""
    change = update(tokens).where(_k.token_id == token_id, _k.revoked_at.is_(None)).values(revoked_at=now)
    if connection.execute(change).rowcount == 0:
        raise _unknown(token_id)
    _note(connection, EventKind.TOKEN_REVOKED, token_id, now)


def _unknown(token: object) -> NotFoundError:
    return NotFoundError(f"there is no token {token} that is not revoked")


def _note(connection: Connection, kind: EventKind, token_id: int, now: datetime) -> None:
    row = connection.execute(select(_k.name, _k.scopes).where(_k.token_id == token_id)).one()
    events.add(connection, Event(kind, TokenChanged(token_id, row.name, tuple(row.scopes.split()))), now)
    after_commit(connection, CHANGES.note)


def named(connection: Connection, name: str) -> TokenRow:
    """The token of a number, or of a name, that is not revoked; raises NotFoundError, or WrongStateError."""
    valid = [one for one in listed(connection) if one.revoked_at is None]
    matching = [one for one in valid if str(one.token_id) == name]
    matching = matching or [one for one in valid if one.name == name]
    if not matching:
        raise _unknown(name)
    if len(matching) > 1:
        numbers = ", ".join(str(one.token_id) for one in matching)
        raise WrongStateError(f"several tokens have the name {name}; give a number instead: {numbers}")
    return matching[0]


def listed(connection: Connection) -> list[TokenRow]:
    """All tokens, without their digests."""
    return [replace(_token(row), used_at=row.used_at) for row in connection.execute(_LISTED)]


def with_end(connection: Connection) -> list[TokenEnding]:
    """The tokens that have an end, and are not revoked."""
    query = select(_k.token_id, _k.name, _k.expires_at).order_by(_k.token_id)
    valid = query.where(_k.expires_at.is_not(None), _k.revoked_at.is_(None))
    return [TokenEnding(*row) for row in connection.execute(valid)]


def _token(row: AnyRow) -> TokenRow:
    return TokenRow(
        row.token_id,
        row.name,
        tuple(map(Scope, row.scopes.split())),
        row.created_at,
        row.revoked_at,
        row.expires_at,
        row.requests_per_minute,
        row.rotated_at,
        row.old_expires_at,
    )


def _digest(token: str) -> str:
    return sha256(token.encode()).hexdigest()
