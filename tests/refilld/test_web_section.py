"""The section `[web]`: where the pages are reached."""

import pytest
from pydantic import ValidationError

from refilld.settings.web import WebSection


@pytest.mark.parametrize(
    "url",
    [
        "http://refilld.example.com",
        "https://refilld.example.com/desk",
        "https://refilld.example.com?x=1",
        "ftp://refilld.example.com",
        "refilld.example.com",
        "https://",
        "https://ana:secret@refilld.example.com",  # each buyer's link begins with it
    ],
)
def test_a_public_url_that_is_unsafe_or_no_host_is_refused(url: str) -> None:
    with pytest.raises(ValidationError):
        WebSection(public_url=url)


@pytest.mark.parametrize(
    ("url", "origin", "secure"),
    [
        ("", "", False),
        ("https://Refilld.example.com/", "https://refilld.example.com", True),
        ("HTTPS://Refilld.example.com:443", "https://refilld.example.com", True),
        ("https://refilld.example.com:8443/", "https://refilld.example.com:8443", True),
        (
            "https://b\N{LATIN SMALL LETTER U WITH DIAERESIS}cher.example",
            "https://xn--bcher-kva.example",
            True,
        ),
        ("https://[::1]:8443", "https://[::1]:8443", True),
        ("http://127.0.0.1:8080", "http://127.0.0.1:8080", False),
        ("http://localhost:8080", "http://localhost:8080", False),
    ],
)
def test_the_origin_is_as_browsers_send_it(url: str, origin: str, secure: bool) -> None:
    section = WebSection(public_url=url)
    assert (section.public_url, section.secure) == (origin, secure)
