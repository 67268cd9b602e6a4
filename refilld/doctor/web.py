"""Checks of the pages: whether passwords could be read on their way to them."""

from collections.abc import Iterator

from refilld.doctor.finding import Finding, warning
from refilld.settings.http import HttpSection
from refilld.settings.networks import is_loopback
from refilld.settings.web import WebSection


def findings(web: WebSection, http: HttpSection) -> Iterator[Finding]:
    """Warn of pages that other machines reach without TLS."""
    if web.enabled and not web.public_url and not is_loopback(http.host):
        yield warning(
            "web.address",
            f"the pages listen on {http.listen} without TLS, so passwords can be read on the way",
            'write under [web] how browsers reach them: public_url = "https://…", by a proxy with TLS',
        )
