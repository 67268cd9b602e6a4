"""The section `[alerts]`."""

import os
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlsplit

from pydantic import Field, field_validator

from monitor.alerts.self_check import SelfCheckLimits
from refilld.settings.alertmanager import AlertmanagerSection
from refilld.settings.section import Duration, Section

_DEFAULT = SelfCheckLimits()
_ZERO = timedelta(0)


def _is_http(url: str) -> bool:
    """Whether a URL of http or https can be requested as it is written."""
    try:
        parts = urlsplit(url)
        host = (parts.hostname or "").encode("idna")
        valid = bool(host) and parts.scheme in {"http", "https"} and parts.port != 0
    except ValueError:  # of a port above 65535, or a host that cannot be looked up
        return False
    return valid and url.isprintable() and " " not in url


class AlertsSection(Section):
    urls: list[str] = []
    every: Duration = Field(default=timedelta(seconds=30), gt=_ZERO)
    silent_after: Duration = Field(default=_DEFAULT.silent_after, gt=_ZERO)
    undelivered_after: Duration = Field(default=_DEFAULT.undelivered_after, gt=_ZERO)
    queued_after: Duration = Field(default=_DEFAULT.queued_after, gt=_ZERO)
    language: str = Field(default="en", pattern=r"^[A-Za-z0-9_-]{1,35}$")
    templates: str = ""
    alertmanager: AlertmanagerSection = AlertmanagerSection()
    ping_url: str = ""
    ping_every: Duration = Field(default=timedelta(minutes=1), gt=_ZERO)

    @field_validator("ping_url")
    @classmethod
    def _ping_url_is_http(cls, url: str) -> str:
        if url and not _is_http(url):
            raise ValueError("is not a URL of http or https")
        return url

    @property
    def limits(self) -> SelfCheckLimits:
        return SelfCheckLimits(self.silent_after, self.undelivered_after, self.queued_after)

    @property
    def templates_folder(self) -> Path | None:
        """The directory of the shop's templates; None without one."""
        return Path(os.path.expanduser(self.templates)) if self.templates else None  # noqa: PTH111  # keeps ~unknown
