"""What the doctor says about the pages."""

import pytest

from refilld.doctor.web import findings
from refilld.settings.http import HttpSection
from refilld.settings.web import WebSection

PROXY = "https://refilld.example.com"


@pytest.mark.parametrize(
    ("listen", "public_url", "enabled", "warned"),
    [
        ("0.0.0.0:8080", "", True, True),
        ("refilld.example.com:8080", "", True, True),
        ("[::]:8080", "", True, True),
        ("0.0.0.0:8080", PROXY, True, False),
        ("0.0.0.0:8080", "", False, False),
        ("127.0.0.1:8080", "", True, False),
        ("[::1]:8080", "", True, False),
        ("localhost:8080", "", True, False),
    ],
)
def test_pages_that_others_reach_without_tls_are_a_warning(
    listen: str, public_url: str, enabled: bool, warned: bool
) -> None:
    web = WebSection(enabled=enabled, public_url=public_url)
    assert bool(list(findings(web, HttpSection(listen=listen)))) == warned
