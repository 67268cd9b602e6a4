"""The section `[alerts]`."""

from datetime import timedelta
from pathlib import Path
from typing import Annotated

from pydantic import BeforeValidator, Field, field_validator

from monitor.alerts.grouping import GROUP_LABELS, GroupTimes
from monitor.alerts.routes import DEFAULT
from monitor.events.severity import Severity
from monitor.self_monitoring.limits import SelfCheckLimits
from refilld.settings.alertmanager import AlertmanagerSection
from refilld.settings.http_url import is_http
from refilld.settings.receivers import ReceiverSection, RouteSection
from refilld.settings.section import Duration, Section
from refilld.settings.user_path import user_path

_DEFAULT = SelfCheckLimits()
_TIMES = GroupTimes()
_ZERO = timedelta(0)


def _none_for_never(value: object) -> object:
    return None if value in ("never", 0, "0") else value


OrNever = Annotated[Annotated[Duration, Field(gt=_ZERO)] | None, BeforeValidator(_none_for_never)]
"""A duration, or None for "never" and 0."""


class AlertsSection(Section):
    urls: list[str] = []
    every: Duration = Field(default=timedelta(seconds=30), gt=_ZERO)
    group_by: list[str] = list(GROUP_LABELS)
    group_wait: Duration = Field(default=_TIMES.wait, ge=_ZERO)
    group_interval: Duration = Field(default=_TIMES.interval, ge=timedelta(seconds=1))
    repeat_interval: Duration = Field(default=_TIMES.repeat, ge=timedelta(seconds=1))
    repeat_severities: list[Severity] = [Severity(one) for one in _TIMES.repeated]
    receivers: dict[str, ReceiverSection] = {}
    routes: list[RouteSection] = []
    silent_after: Duration = Field(default=_DEFAULT.silent_after, gt=_ZERO)
    undelivered_after: Duration = Field(default=_DEFAULT.undelivered_after, gt=_ZERO)
    queued_after: Duration = Field(default=_DEFAULT.queued_after, gt=_ZERO)
    overdue_after: Annotated[Duration, Field(gt=_ZERO)] | None = None
    """None: twice `sampling.every`."""
    no_import_after: OrNever = _DEFAULT.no_import_after
    unseen_share: float = Field(default=_DEFAULT.unseen_share, gt=0, le=1)
    credentials_after: OrNever = _DEFAULT.credentials_after
    language: str = Field(default="en", pattern=r"^[A-Za-z0-9_-]{1,35}$")
    templates: str = ""
    alertmanager: AlertmanagerSection = AlertmanagerSection()
    ping_url: str = ""
    ping_every: Duration = Field(default=timedelta(minutes=1), gt=_ZERO)

    @field_validator("ping_url")
    @classmethod
    def _ping_url_is_http(cls, url: str) -> str:
        if url and not is_http(url):
            raise ValueError("is not a URL of http or https")
        return url

    @field_validator("group_by")
    @classmethod
    def _grouped_by_kind(cls, labels: list[str]) -> list[str]:
        unknown = sorted(set(labels).difference(GROUP_LABELS))
        if unknown:
            raise ValueError(f"may have only these: {', '.join(GROUP_LABELS)}")
        if "kind" not in labels:
            raise ValueError('needs "kind": a message tells alerts of one kind')
        return labels

    @property
    def all_receivers(self) -> dict[str, ReceiverSection]:
        """Receivers by name; `default` is always among them."""
        return {DEFAULT: ReceiverSection()} | self.receivers

    def urls_of(self, receiver: str) -> list[tuple[str, list[str]]]:
        """The URLs of a receiver, by the key that holds them; `alerts.urls` are those of `default`."""
        found = [(f"alerts.receivers.{receiver}.urls", self.all_receivers[receiver].urls)]
        return [("alerts.urls", self.urls), *found] if receiver == DEFAULT else found

    @property
    def times(self) -> GroupTimes:
        return GroupTimes(
            self.group_wait, self.group_interval, self.repeat_interval, tuple(self.repeat_severities)
        )

    @property
    def templates_folder(self) -> Path | None:
        """The directory of the shop's templates; None without one."""
        return user_path(self.templates)

    def limits(self, every: timedelta) -> SelfCheckLimits:
        """The limits of the self-check; `every` is `sampling.every`."""
        return SelfCheckLimits(
            self.silent_after,
            self.undelivered_after,
            self.queued_after,
            no_import_after=self.no_import_after,
            overdue_after=self.overdue_after or 2 * every,
            unseen_share=self.unseen_share,
            credentials_after=self.credentials_after,
        )
