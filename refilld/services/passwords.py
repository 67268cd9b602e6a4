"""Passwords of users, hashed with Argon2id.

A hash takes 64 MiB and about a tenth of a second, so only a few are computed at a time.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from threading import BoundedSemaphore
from unicodedata import normalize

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from monitor.errors import BadInputError, RefilldError

SHORTEST, LONGEST = 12, 200
AT_A_TIME = 2
PATIENCE = 5.0
"""Seconds to wait for the turn to compute a hash."""
_HASHER = PasswordHasher()
_TURNS = BoundedSemaphore(AT_A_TIME)
OF_NOBODY = (
    "$argon2id$v=19$m=65536,t=3,p=4$dnpJy/MpaVOltoerJnkuAg$xpW6bjHi2EN+bCNUPf2GQg8TXCloPqIgam2nS73sUYQ"
)
"""Verified for unknown names, which then take as long as known ones."""


class PasswordsBusyError(RefilldError):
    """Too many passwords are hashed at present."""


def checked(password: str, name: str) -> str:
    """The password; raises BadInputError unless it may be used."""
    if not SHORTEST <= len(password) <= LONGEST:
        raise BadInputError("password", f"must have {SHORTEST} to {LONGEST} characters")
    if password.casefold() in {name, name * 2, name * 3} or len(set(password)) < SHORTEST // 3:
        raise BadInputError("password", "is too easy to guess")
    return password


def hashed(password: str) -> str:
    """The hash of a password, with its salt and parameters; raises PasswordsBusyError."""
    with _turn():
        return _HASHER.hash(normalize("NFC", password))


def verified(password_hash: str | None, password: str) -> bool:
    """Whether a password has this hash; without one the answer is no, after the same time.

    Raises PasswordsBusyError.
    """
    with _turn():
        matches = _matches(password_hash or OF_NOBODY, password[:LONGEST])
    return matches and password_hash is not None


@contextmanager
def _turn() -> Iterator[None]:
    if not _TURNS.acquire(timeout=PATIENCE):
        raise PasswordsBusyError("many people sign in at present; try again in a minute")
    try:
        yield
    finally:
        _TURNS.release()


def _matches(password_hash: str, password: str) -> bool:
    try:
        return _HASHER.verify(password_hash, normalize("NFC", password))
    except (VerificationError, InvalidHashError):
        return False


def is_outdated(password_hash: str) -> bool:
    """Whether a hash has other parameters than new ones."""
    return _HASHER.check_needs_rehash(password_hash)
