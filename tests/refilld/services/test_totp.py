"""Codes of an authenticator app, by the examples of RFC 6238, appendix B."""

from base64 import b32encode
from datetime import UTC, datetime, timedelta

import pytest

from refilld.services import totp

SECRET = b32encode(b"12345678901234567890").decode()
EXAMPLES = [
    (59, "94287082"),
    (1_111_111_109, "07081804"),
    (1_111_111_111, "14050471"),
    (1_234_567_890, "89005924"),
    (2_000_000_000, "69279037"),
    (20_000_000_000, "65353130"),
]


@pytest.mark.parametrize(("seconds", "code"), EXAMPLES)
def test_codes_are_those_of_the_standard(seconds: int, code: str) -> None:
    """The last six of its eight digits."""
    at = datetime.fromtimestamp(seconds, UTC)
    assert totp.code_at(SECRET, seconds // 30) == code[-6:]
    assert totp.step_of(SECRET, code[-6:], at) == seconds // 30


def test_a_clock_may_differ_by_one_step_and_no_more() -> None:
    at, code = datetime.fromtimestamp(1_234_567_890, UTC), "005924"
    accepted = [n for n in range(-3, 4) if totp.step_of(SECRET, code, at + n * totp.STEP) is not None]
    assert accepted == [-1, 0, 1]


@pytest.mark.parametrize("code", ["", "5924", "\N{ARABIC-INDIC DIGIT ZERO}05924", "005925", "0" * 1_000])
def test_anything_else_is_wrong(code: str) -> None:
    assert totp.step_of(SECRET, code, datetime.fromtimestamp(1_234_567_890, UTC)) is None


def test_an_app_reads_the_secret_and_whose_it_is() -> None:
    assert totp.is_secret(totp.new_secret())
    assert not totp.is_secret("AAAA")
    assert not totp.is_secret("not base 32")
    assert totp.uri(SECRET, "a@b") == f"otpauth://totp/refilld%3Aa%40b?secret={SECRET}&issuer=refilld"
    assert timedelta(seconds=30) == totp.STEP
