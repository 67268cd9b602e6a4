"""Sessions of users; a session is known by 256 random bits, of which only the digest is stored."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from secrets import token_urlsafe

from sqlalchemy import Connection, delete, insert, or_, select, update

from monitor.events.kind import EventKind
from monitor.model.role import Role
from storage import users as user_rows
from storage.user_tables import user_sessions, users

SEEN_EVERY = timedelta(minutes=1)
"""A session that was seen so recently is not written again."""
_s = user_sessions.c
_u = users.c


@dataclass(frozen=True, slots=True)
class SessionLife:
    """How long sessions last."""

    idle: timedelta
    """Without a request."""
    longest: timedelta


@dataclass(frozen=True, slots=True)
class SessionUser:
    """The user of a session."""

    session_id: int
    user_id: int
    name: str
    role: Role
    seen_at: datetime
    language: str | None = None
    """That they have chosen for the pages."""


@dataclass(frozen=True, slots=True)
class SessionRow:
    """One session, without its digest."""

    session_id: int
    created_at: datetime
    seen_at: datetime
    expires_at: datetime
    peer: str
    """The address that it was begun from; behind a proxy that of the proxy."""
    browser: str
    """As it names itself."""


def begin(
    connection: Connection, user_id: int, peer: str, browser: str, life: SessionLife, now: datetime
) -> str:
    """Begin a session and return its token, which cannot be read again; removes sessions that have ended."""
    connection.execute(delete(user_sessions).where(or_(_s.expires_at <= now, _s.seen_at <= now - life.idle)))
    token = token_urlsafe(32)
    row = {"user_id": user_id, "digest": digest(token), "peer": peer, "browser": browser}
    times = {"created_at": now, "seen_at": now, "expires_at": now + life.longest}
    connection.execute(insert(user_sessions), row | times)
    return token


def found(connection: Connection, token: str, idle: timedelta, now: datetime) -> SessionUser | None:
    """The user of a session; None if it is unknown or has ended."""
    query = select(_s.session_id, _u.user_id, _u.name, _u.role, _s.seen_at, _u.language).join(
        users, _u.user_id == _s.user_id
    )
    lasts = (_s.expires_at > now, _s.seen_at > now - idle, _u.disabled_at.is_(None))
    row = connection.execute(query.where(_s.digest == digest(token), *lasts)).one_or_none()
    return None if row is None else SessionUser(*row)


def seen(connection: Connection, session_id: int, now: datetime) -> None:
    """Note that a session is used."""
    connection.execute(update(user_sessions).where(_s.session_id == session_id).values(seen_at=now))


def listed(connection: Connection, user_id: int, idle: timedelta, now: datetime) -> list[SessionRow]:
    """The sessions of a user that last, the latest first."""
    columns = _s.session_id, _s.created_at, _s.seen_at, _s.expires_at, _s.peer, _s.browser
    lasts = (_s.user_id == user_id, _s.expires_at > now, _s.seen_at > now - idle)
    rows = connection.execute(
        select(*columns).where(*lasts).order_by(_s.seen_at.desc(), _s.session_id.desc())
    )
    return [SessionRow(*row) for row in rows]


def end(connection: Connection, user_id: int, session_id: int) -> bool:
    """End one session of a user; False if they have no such session."""
    change = delete(user_sessions).where(_s.user_id == user_id, _s.session_id == session_id)
    return connection.execute(change).rowcount == 1


def end_others(connection: Connection, user_id: int, kept: int, now: datetime) -> int:
    """End all sessions of a user but one; returns how many."""
    change = delete(user_sessions).where(_s.user_id == user_id, _s.session_id != kept)
    ended = connection.execute(change).rowcount
    user_rows.note(connection, EventKind.USER_SESSIONS_ENDED, user_id, now)
    return ended


def end_all(connection: Connection) -> None:
    """End the sessions of all users."""
    connection.execute(delete(user_sessions))


def digest(token: str) -> str:
    return sha256(token.encode()).hexdigest()
