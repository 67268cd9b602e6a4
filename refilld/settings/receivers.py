"""The sections `[alerts.receivers.NAME]` and `[[alerts.routes]]`: who gets which alerts, and when."""

from datetime import UTC, tzinfo
from functools import partial
from typing import Annotated

from pydantic import AfterValidator, Field, ValidationInfo, field_validator

from monitor.alerts.digests import DigestSchedule, parse_digest
from monitor.alerts.matchers import parse_matchers
from monitor.alerts.quiet_hours import QuietHours, parse_quiet_hours
from monitor.alerts.routes import Route
from refilld.settings.section import Section, valid
from refilld.time_format import zone_named


class ReceiverSection(Section):
    """One receiver of alerts."""

    urls: list[str] = []
    timezone: str = "UTC"
    quiet_hours: str = ""
    send_resolved: bool = True
    digest: str = ""

    @field_validator("timezone")
    @classmethod
    def _timezone_is_known(cls, name: str) -> str:
        return valid(name, zone_named)

    @field_validator("quiet_hours", "digest")
    @classmethod
    def _is_readable(cls, text: str, info: ValidationInfo) -> str:
        parse = parse_quiet_hours if info.field_name == "quiet_hours" else parse_digest
        return valid(text, partial(parse, zone=UTC)) if text else text

    @property
    def zone(self) -> tzinfo:
        return zone_named(self.timezone)

    @property
    def quiet(self) -> QuietHours | None:
        return parse_quiet_hours(self.quiet_hours, self.zone) if self.quiet_hours else None

    @property
    def schedule(self) -> DigestSchedule | None:
        return parse_digest(self.digest, self.zone) if self.digest else None


def _readable(matchers: str) -> str:
    return valid(matchers, parse_matchers)


class RouteSection(Section):
    """What matches goes to a receiver."""

    matchers: list[Annotated[str, AfterValidator(_readable)]] = []
    receiver: str
    goes_on: bool = Field(default=False, alias="continue")

    @property
    def route(self) -> Route:
        parsed = (matcher for text in self.matchers for matcher in parse_matchers(text))
        return Route(tuple(parsed), self.receiver, self.goes_on)
