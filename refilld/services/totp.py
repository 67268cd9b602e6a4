"""Codes of an authenticator app (RFC 6238: SHA-1, six digits, 30 seconds)."""

from base64 import b32decode, b32encode
from binascii import Error
from datetime import datetime, timedelta
from hmac import compare_digest, digest
from secrets import token_bytes
from urllib.parse import quote, urlencode

from monitor.model.instants import EPOCH

STEP = timedelta(seconds=30)
DIGITS = 6
ISSUER = "refilld"
_KEY_BYTES = 20
_TOLERATED = (0, -1, 1)
"""Time steps that a clock may differ by."""


def new_secret() -> str:
    """A new secret, as apps take it."""
    return b32encode(token_bytes(_KEY_BYTES)).decode()


def is_secret(text: str) -> bool:
    """Whether a text is a secret as `new_secret` makes them."""
    try:
        return len(b32decode(text)) == _KEY_BYTES
    except (Error, ValueError):
        return False


def uri(secret: str, name: str) -> str:
    """The URI that an app reads from a QR code."""
    label = quote(f"{ISSUER}:{name}")
    return f"otpauth://totp/{label}?{urlencode({'secret': secret, 'issuer': ISSUER})}"


def step_of(secret: str, code: str, now: datetime) -> int | None:
    """The time step that a code is for; None if it is wrong."""
    typed, current = "".join(code.split()), (now - EPOCH) // STEP
    for step in (current + difference for difference in _TOLERATED):
        if compare_digest(code_at(secret, step).encode(), typed.encode()):
            return step
    return None


def code_at(secret: str, step: int) -> str:
    """The code of a time step."""
    mac = digest(b32decode(secret), step.to_bytes(8, "big"), "sha1")
    start = mac[-1] & 0x0F
    number = int.from_bytes(mac[start : start + 4], "big") & 0x7FFF_FFFF
    return f"{number % 10**DIGITS:0{DIGITS}}"
