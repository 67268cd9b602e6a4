"""Attempts to sign in, counted in the database so that all daemons share the limits.

An attempt counts as failed from its beginning, so attempts at the same time cannot exceed a limit. What was
typed as a name is stored as a digest only, for people type passwords there.
"""

from datetime import datetime, timedelta
from hashlib import sha256

from sqlalchemy import ColumnElement, Connection, delete, false, func, insert, select, update

from monitor.events.event import Event
from monitor.events.kind import EventKind
from monitor.events.users import SignInLimited
from storage import events
from storage.engine import advisory_lock
from storage.user_tables import sign_in_attempts

WINDOW = timedelta(minutes=15)
PER_NAME = 10
"""Failures for one name in the window."""
PER_PEER = 100
"""Failures from one address in the window; behind a proxy these are all failures."""
_a = sign_in_attempts.c


def begin(connection: Connection, name: str, peer: str, now: datetime) -> int | None:
    """Begin an attempt and return its id; None if a limit is reached."""
    advisory_lock(connection, "refilld sign-in")
    connection.execute(delete(sign_in_attempts).where(_a.at <= now - WINDOW))
    by_name = _failures(connection, _a.digest == _digest(name))
    by_peer = _failures(connection, _a.peer == peer)
    if by_name >= PER_NAME or by_peer >= PER_PEER:
        return None
    reached = [most for failures, most in ((by_name, PER_NAME), (by_peer, PER_PEER)) if failures + 1 == most]
    if reached:
        limited = SignInLimited(peer, max(reached))
        events.add(connection, Event(EventKind.SIGN_IN_LIMITED, limited), now)
    row = {"at": now, "digest": _digest(name), "peer": peer}
    attempt_id: int = connection.execute(insert(sign_in_attempts).returning(_a.attempt_id), row).scalar_one()
    return attempt_id


def succeeded(connection: Connection, attempt_id: int) -> None:
    """Note that an attempt did not fail."""
    connection.execute(update(sign_in_attempts).where(_a.attempt_id == attempt_id).values(succeeded=True))


def forget(connection: Connection, name: str) -> None:
    """Forget the failures for a name, whose password was changed."""
    connection.execute(delete(sign_in_attempts).where(_a.digest == _digest(name)))


def _failures(connection: Connection, condition: ColumnElement[bool]) -> int:
    query = select(func.count()).select_from(sign_in_attempts).where(condition, _a.succeeded == false())
    return connection.execute(query).scalar_one()


def _digest(name: str) -> str:
    return sha256(name.encode()).hexdigest()
