"""One attempt to sign in, bound to the cookie of a browser; nothing of it is stored.

State, nonce and the verifier of PKCE are computed from the secret value of the cookie, so a callback is
accepted from the browser that began the attempt only, and for some minutes.
"""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from hmac import compare_digest, digest
from secrets import token_bytes

LONGEST = timedelta(minutes=10)
"""Between the beginning of an attempt and the return of the browser."""
_SALT, _TIME, _MAC = 16, 8, 32


@dataclass(frozen=True, slots=True)
class SignInAttempt:
    """What is sent to the provider."""

    state: str
    nonce: str = field(repr=False)
    verifier: str = field(repr=False)
    wanted: str
    """The path of the page that the browser wanted."""


def begun(secret: str, wanted: str, now: datetime) -> SignInAttempt:
    """A new attempt of the browser with this cookie."""
    head = token_bytes(_SALT) + int(now.timestamp()).to_bytes(_TIME, "big")
    return _attempt(secret, head, wanted)


def returned(secret: str, state: str, now: datetime) -> SignInAttempt | None:
    """The attempt that a state belongs to; None if this browser did not begin it, or long ago."""
    try:
        read = urlsafe_b64decode(state.encode())
        wanted = read[_SALT + _TIME + _MAC :].decode()
    except (Error, ValueError):
        return None
    head = read[: _SALT + _TIME]
    attempt = _attempt(secret, head, wanted)
    if not compare_digest(state.encode(), attempt.state.encode()):
        return None
    age = now - datetime.fromtimestamp(int.from_bytes(head[_SALT:], "big"), UTC)
    return attempt if timedelta(minutes=-1) < age < LONGEST else None


def _attempt(secret: str, head: bytes, wanted: str) -> SignInAttempt:
    mac = _derived(secret, b"state", head + wanted.encode())
    return SignInAttempt(
        _text(head + mac + wanted.encode()),
        _text(_derived(secret, b"nonce", head)),
        _text(_derived(secret, b"verifier", head)).rstrip("="),
        wanted,
    )


def _derived(secret: str, purpose: bytes, data: bytes) -> bytes:
    return digest(secret.encode(), b"refilld oidc " + purpose + b"\0" + data, "sha256")


def _text(data: bytes) -> str:
    return urlsafe_b64encode(data).decode()
