"""Signing in with a name, a password, and a code if the user has a second factor.

Limits are checked before anything is hashed. Unknown and disabled users take the same path as known ones, and
every refusal has the same words.
"""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum

from monitor.events.kind import EventKind
from refilld.services import passwords, totp
from refilld.services.users import canonical_name
from storage import sign_in_attempts, user_sessions, users
from storage.actor import acting, actor
from storage.engine import Database, Transaction
from storage.user_sessions import SessionLife
from storage.users import UserRow


@dataclass(frozen=True, slots=True)
class Credentials:
    """What somebody has typed, and from where."""

    name: str
    password: str = field(repr=False)
    code: str = field(repr=False)
    peer: str
    browser: str


class SignInOutcome(StrEnum):
    """How an attempt to sign in ended."""

    DONE = "done"
    WRONG = "wrong"
    LIMITED = "limited"
    """Too many attempts have failed."""


@dataclass(frozen=True, slots=True)
class SignIn:
    """The result of an attempt."""

    outcome: SignInOutcome
    token: str = field(default="", repr=False)
    """Of the new session."""


def sign_in(database: Database, credentials: Credentials, life: SessionLife, now: datetime) -> SignIn:
    """Begin a session for a user who proves who they are."""
    made: list[str] = []

    def begin(tx: Transaction, user: UserRow) -> None:
        with acting(replace(actor(), name=f"page {user.name}")):
            users.note(tx, EventKind.USER_SIGNED_IN, user.user_id, now)
        made.append(user_sessions.begin(tx, user.user_id, credentials.peer, credentials.browser, life, now))

    outcome = once_proved(database, credentials, now, begin)
    return SignIn(outcome, *made)


def once_proved(
    database: Database, credentials: Credentials, now: datetime, act: Callable[[Transaction, UserRow], None]
) -> SignInOutcome:
    """Do something for a user who proves who they are; raises PasswordsBusyError."""
    name = canonical_name(credentials.name)
    with database.write() as tx:
        attempt_id = sign_in_attempts.begin(tx, name, credentials.peer, now)
        user = users.named(tx, name)
    if attempt_id is None:
        return SignInOutcome.LIMITED
    known = None if user is None or user.external else user.password_hash
    if not passwords.verified(known, credentials.password) or user is None:
        return SignInOutcome.WRONG
    newer = passwords.hashed(credentials.password) if passwords.is_outdated(user.password_hash) else None
    with database.write() as tx:
        if not _still_valid(tx, user) or not _code_accepted(tx, user, credentials.code, now):
            return SignInOutcome.WRONG
        if newer is not None:
            users.rehash(tx, user.user_id, newer)
        sign_in_attempts.succeeded(tx, attempt_id)
        act(tx, user)
    return SignInOutcome.DONE


def _still_valid(tx: Transaction, user: UserRow) -> bool:
    """Whether the user is enabled, and has the password that was verified and the same second factor."""
    return user.disabled_at is None and users.get(tx, user.user_id) == user


def _code_accepted(tx: Transaction, user: UserRow, code: str, now: datetime) -> bool:
    """Whether a code is right and was not used before; it is used up. Not needed without a second factor."""
    if user.totp_secret is None:
        return True
    step = totp.step_of(user.totp_secret, code, now)
    return step is not None and users.use_step(tx, user.user_id, step)
