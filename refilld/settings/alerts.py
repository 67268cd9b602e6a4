"""The section `[alerts]`."""

from datetime import timedelta
from urllib.parse import urlsplit

from pydantic import Field, field_validator

from monitor.alerts.self_check import SelfCheckLimits
from refilld.settings.section import Duration, Section

_DEFAULT = SelfCheckLimits()
_ZERO = timedelta(0)


class AlertsSection(Section):
    urls: list[str] = []
    every: Duration = Field(default=timedelta(seconds=30), gt=_ZERO)
    silent_after: Duration = Field(default=_DEFAULT.silent_after, gt=_ZERO)
    undelivered_after: Duration = Field(default=_DEFAULT.undelivered_after, gt=_ZERO)
    queued_after: Duration = Field(default=_DEFAULT.queued_after, gt=_ZERO)
    ping_url: str = ""
    ping_every: Duration = Field(default=timedelta(minutes=1), gt=_ZERO)

    @field_validator("ping_url")
    @classmethod
    def _ping_url_is_http(cls, url: str) -> str:
        try:
            parts = urlsplit(url)
            valid = not url or (parts.scheme in {"http", "https"} and bool(parts.hostname))
        except ValueError:
            valid = False
        if not valid:
            raise ValueError("is not a URL of http or https")
        return url

    @property
    def limits(self) -> SelfCheckLimits:
        return SelfCheckLimits(self.silent_after, self.undelivered_after, self.queued_after)
