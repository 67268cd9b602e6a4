"""Users of the pages. Whatever ends the trust in a user also ends all their sessions."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Connection, and_, delete, func, insert, or_, select, update

from monitor.events.event import Event
from monitor.events.kind import EventKind
from monitor.events.users import UserChanged
from monitor.model.role import Role
from storage import events
from storage.errors import NotFoundError, WrongStateError
from storage.user_tables import user_sessions, users

EXTERNAL = "external:"
"""Begins what stands in place of a hash for users whom a provider signs in."""
_u = users.c
_s = user_sessions.c


@dataclass(frozen=True, slots=True)
class UserRow:
    """One user."""

    user_id: int
    name: str
    role: Role
    password_hash: str = field(repr=False)
    totp_secret: str | None = field(repr=False)
    """None without a second factor."""
    created_at: datetime
    disabled_at: datetime | None

    @property
    def external(self) -> bool:
        """Whether a provider signs them in, and not a password."""
        return self.password_hash.startswith(EXTERNAL)


@dataclass(frozen=True, slots=True)
class UserUse:
    """One user, and how they use the pages."""

    user: UserRow
    sessions: int
    seen_at: datetime | None


_COLUMNS = _u.user_id, _u.name, _u.role, _u.password_hash, _u.totp_secret, _u.created_at, _u.disabled_at


def add(connection: Connection, name: str, role: Role, password_hash: str, now: datetime) -> int:
    """Add a user and return their id; raises WrongStateError if the name is taken."""
    if named(connection, name) is not None:
        raise WrongStateError(f"there is a user {name} already")
    row = {"name": name, "role": role, "password_hash": password_hash, "created_at": now}
    user_id: int = connection.execute(insert(users).returning(_u.user_id), row).scalar_one()
    note(connection, EventKind.USER_ADDED, user_id, now)
    return user_id


def named(connection: Connection, name: str) -> UserRow | None:
    """The user of a name; None if there is none."""
    return _one(connection, _u.name == name)


def external(connection: Connection, identity: str) -> UserRow | None:
    """The user whom a provider knows by this identity, which stands in place of a hash of a password."""
    return _one(connection, _u.password_hash == identity)


def get(connection: Connection, user_id: int) -> UserRow:
    """One user; raises NotFoundError."""
    found = _one(connection, _u.user_id == user_id)
    if found is None:
        raise NotFoundError(f"there is no user {user_id}")
    return found


def exist(connection: Connection) -> bool:
    """Whether there is any user."""
    return connection.execute(select(_u.user_id).limit(1)).first() is not None


def _one(connection: Connection, condition: ColumnElement[bool]) -> UserRow | None:
    row = connection.execute(select(*_COLUMNS).where(condition)).one_or_none()
    return None if row is None else UserRow(*row)


def listed(connection: Connection, idle: timedelta, now: datetime) -> list[UserUse]:
    """All users, by name, with their sessions that last."""
    query = select(*_COLUMNS, func.count(_s.session_id), func.max(_s.seen_at))
    lasts = and_(_s.user_id == _u.user_id, _s.expires_at > now, _s.seen_at > now - idle)
    joined = query.outerjoin(user_sessions, lasts).group_by(*_COLUMNS).order_by(_u.name)
    return [UserUse(UserRow(*row[:-2]), row[-2], row[-1]) for row in connection.execute(joined)]


def enabled_admins(connection: Connection) -> list[int]:
    """The ids of the admins who may sign in."""
    query = select(_u.user_id).where(_u.role == Role.ADMIN, _u.disabled_at.is_(None))
    return list(connection.execute(query).scalars())


def set_password(connection: Connection, user_id: int, password_hash: str, now: datetime) -> None:
    """Replace a password; all sessions end."""
    _change(connection, user_id, password_hash=password_hash)
    _end_sessions(connection, user_id)
    note(connection, EventKind.USER_PASSWORD_CHANGED, user_id, now)


def rehash(connection: Connection, user_id: int, password_hash: str) -> None:
    """Store the same password with a hash of the present parameters."""
    _change(connection, user_id, password_hash=password_hash)


def set_language(connection: Connection, user_id: int, language: str | None) -> None:
    """Choose the language of the pages for a user; None leaves it to their browser."""
    _change(connection, user_id, language=language)


def set_role(connection: Connection, user_id: int, role: Role, now: datetime) -> None:
    """Change a role; all sessions end."""
    _change(connection, user_id, role=role)
    _end_sessions(connection, user_id)
    note(connection, EventKind.USER_ROLE_CHANGED, user_id, now)


def disable(connection: Connection, user_id: int, now: datetime) -> None:
    """Let a user sign in no more; all sessions end."""
    _change(connection, user_id, disabled_at=now)
    _end_sessions(connection, user_id)
    note(connection, EventKind.USER_DISABLED, user_id, now)


def enable(connection: Connection, user_id: int, now: datetime) -> None:
    """Let a disabled user sign in again."""
    _change(connection, user_id, disabled_at=None)
    note(connection, EventKind.USER_ENABLED, user_id, now)


def set_totp(connection: Connection, user_id: int, secret: str, step: int, now: datetime) -> None:
    """Ask a user for a code at each sign-in; the step of the code that proved the secret is used up."""
    _change(connection, user_id, totp_secret=secret, totp_step=step)
    note(connection, EventKind.USER_TOTP_ADDED, user_id, now)


def remove_totp(connection: Connection, user_id: int, now: datetime) -> None:
    """Ask a user for no code any more; all sessions end."""
    _change(connection, user_id, totp_secret=None, totp_step=None)
    _end_sessions(connection, user_id)
    note(connection, EventKind.USER_TOTP_REMOVED, user_id, now)


def use_step(connection: Connection, user_id: int, step: int) -> bool:
    """Use up the code of a time step; False if it or a later one was used before."""
    unused = or_(_u.totp_step.is_(None), _u.totp_step < step)
    change = update(users).where(_u.user_id == user_id, unused).values(totp_step=step)
    return connection.execute(change).rowcount == 1


def note(connection: Connection, kind: EventKind, user_id: int, now: datetime) -> None:
    """Store what happened to a user for the audit trail."""
    user = get(connection, user_id)
    events.add(connection, Event(kind, UserChanged(user_id, user.name, user.role)), now)


def _change(connection: Connection, user_id: int, **values: object) -> None:
    connection.execute(update(users).where(_u.user_id == user_id).values(**values))


def _end_sessions(connection: Connection, user_id: int) -> None:
    connection.execute(delete(user_sessions).where(_s.user_id == user_id))
