"""Tokens of forms: a form is accepted only if it was made for the cookie that is sent with it.

A token is masked anew in each answer, because answers are compressed and their size must not reveal it.
"""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error
from hashlib import sha256
from hmac import compare_digest, digest
from secrets import token_bytes

FIELD = "form_token"
_SIZE = sha256().digest_size


def form_token(secret: str) -> str:
    """A token for the forms of one answer."""
    mask = token_bytes(_SIZE)
    return urlsafe_b64encode(mask + _xor(mask, _mac(secret))).decode()


def is_valid(token: str, secret: str) -> bool:
    """Whether a token was made for this cookie."""
    try:
        read = urlsafe_b64decode(token.encode())
    except (Error, ValueError):
        return False
    return len(read) == 2 * _SIZE and compare_digest(_xor(read[:_SIZE], read[_SIZE:]), _mac(secret))


def _mac(secret: str) -> bytes:
    return digest(secret.encode(), b"refilld form", "sha256")


def _xor(one: bytes, other: bytes) -> bytes:
    return bytes(a ^ b for a, b in zip(one, other, strict=True))
