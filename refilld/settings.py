"""The settings: every section and key of the configuration, with default and bounds."""

import os
from collections.abc import Callable
from datetime import timedelta, tzinfo
from pathlib import Path
from typing import Annotated, Literal

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    ValidationInfo,
    field_validator,
    model_validator,
)
from pydantic_core import InitErrorDetails, PydanticCustomError

from monitor.errors import BadInputError
from monitor.guarantee.mass_drop import MassDropRule
from monitor.model.duration import parse_duration
from monitor.model.order import OrderStatus
from monitor.model.service import Service
from monitor.model.target import Metric
from monitor.model.terms import BelowStart, RefillMode, Terms
from monitor.model.terms_catalog import USUAL_LIFETIME, TermsCatalog
from monitor.sources.budget import Budget
from refilld.order_fields import FIELDS, LEFT_OUT
from refilld.time_format import checked_date_format, zone_named
from storage.engine import parse_url


def _duration(value: object) -> timedelta:
    if isinstance(value, timedelta):
        return value
    try:
        return parse_duration(str(value))
    except BadInputError as error:
        raise ValueError(error.problem) from None


def _window(value: object) -> object:
    return None if value == "lifetime" else value


def _in_digits(value: object) -> object:
    """An id of digits as text: a value from the environment is read as a TOML number."""
    return str(value) if type(value) is int else value


LAST_PORT = 65_535


def _wrong(problem: str, *key: str) -> ValidationError:
    """An error about one key below the validated section."""
    fault = PydanticCustomError("value_error", "{problem}", {"problem": problem})
    return ValidationError.from_exception_data(
        "settings", [InitErrorDetails(type=fault, loc=key, input=None)]
    )


def _valid(text: str, parse: Callable[[str], object]) -> str:
    """The text, if it can be parsed; ValueError with the problem otherwise."""
    try:
        parse(text)
    except BadInputError as error:
        raise ValueError(error.problem) from None
    return text


Duration = Annotated[timedelta, BeforeValidator(_duration)]
Lifetime = Annotated[Annotated[Duration, Field(gt=timedelta(0))] | None, BeforeValidator(_window)]
"""A duration, or None for "lifetime" (without end)."""


class Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class DatabaseSection(Section):
    url: str = "sqlite:///refilld.db"

    @field_validator("url")
    @classmethod
    def _url_is_valid(cls, url: str) -> str:
        try:
            parse_url(url)
        except BadInputError as error:
            raise ValueError(error.problem) from None
        return url


class HttpSection(Section):
    listen: str = Field(default="127.0.0.1:8080", pattern=r"^(\[[0-9a-fA-F:]+\]|[^:\s]+):\d{1,5}$")

    @field_validator("listen")
    @classmethod
    def _port_is_valid(cls, listen: str) -> str:
        if int(listen.rpartition(":")[2]) > LAST_PORT:
            raise ValueError(f"there is no port above {LAST_PORT}")
        return listen

    @property
    def host(self) -> str:
        return self.listen.rpartition(":")[0].strip("[]")

    @property
    def port(self) -> int:
        return int(self.listen.rpartition(":")[2])


class SamplingSection(Section):
    tick: Duration = Field(default=timedelta(seconds=10), gt=timedelta(0))
    cadence: Literal["learned", "fixed"] = "learned"
    every: Duration = Field(default=timedelta(hours=6), gt=timedelta(0))


_NAMED_OPTIONS = ("ig_user_id", "token_file", "version", "session_file")
"""Options of sources that are keys of `[sources.NAME]` itself."""


class SourceSection(Section):
    """One source: its request limits, and the options that it is opened with."""

    enabled: bool = False
    requests_per_hour: int = Field(default=30, ge=1, le=1_000_000)
    requests_per_day: int | None = Field(default=None, ge=1, le=24_000_000)
    spacing: Duration = timedelta(seconds=60)
    jitter: int = Field(default=50, ge=0, le=1000)
    reserve: int = Field(default=10, ge=0, le=90)
    first_pause: Duration = Field(default=timedelta(hours=1), gt=timedelta(0))
    canary: str = Field(default="", pattern=r"^@?[A-Za-z0-9._]{0,30}$")
    ig_user_id: Annotated[str, BeforeValidator(_in_digits)] = Field(default="", pattern=r"^\d{0,20}$")
    token_file: str = ""
    version: str = Field(default="v26.0", pattern=r"^v\d{1,3}\.\d$")
    session_file: str = ""
    options: Annotated[dict[str, str], Field(validate_default=True)] = {}
    """What the source is configured with: the keys of its own, and the four above."""

    @field_validator("options")
    @classmethod
    def _with_the_named_options(cls, own: dict[str, str], info: ValidationInfo) -> dict[str, str]:
        return {key: info.data.get(key, "") for key in _NAMED_OPTIONS} | own

    @property
    def budget(self) -> Budget:
        return Budget(self.requests_per_hour, self.spacing, self.requests_per_day, self.jitter, self.reserve)


_SOURCE_DEFAULTS: dict[str, dict[str, object]] = {"graph": {"requests_per_hour": 100, "spacing": "20s"}}
"""Defaults of single sources that differ from those of SourceSection."""
_DEFAULT_TERMS = Terms()


class TermsSection(Section):
    """The keys of one set of terms; defaults are the default terms of docs/rules.md."""

    window: Annotated[Duration | None, BeforeValidator(_window)] = _DEFAULT_TERMS.window
    settle: Duration = _DEFAULT_TERMS.settle
    min_drop_percent: int = _DEFAULT_TERMS.min_drop_percent
    min_drop_units: int = _DEFAULT_TERMS.min_drop_units
    confirmations: int = _DEFAULT_TERMS.confirmations
    confirm_after: Duration = _DEFAULT_TERMS.confirm_after
    cooldown: Duration = _DEFAULT_TERMS.cooldown
    max_refills: int = _DEFAULT_TERMS.max_refills
    max_refill_percent: int = _DEFAULT_TERMS.max_refill_percent
    below_start: BelowStart = _DEFAULT_TERMS.below_start
    partial_orders: bool = _DEFAULT_TERMS.partial_orders
    refill: RefillMode = _DEFAULT_TERMS.refill

    @model_validator(mode="after")
    def _terms_are_valid(self) -> "TermsSection":
        try:
            self.terms("")
        except BadInputError as error:
            raise _wrong(error.problem, error.field) from None
        return self

    def terms(self, name: str) -> Terms:
        return Terms(name=name, **self.model_dump())


class ServiceSection(Section):
    metric: Metric | None = None
    terms: str | None = None
    name: str | None = None
    sources: list[str] | None = None
    ignore: bool = False
    """Whether rows of this service are skipped by an import."""


class OrdersSection(Section):
    """How the shop's orders files are written, and what their numbers mean."""

    map: dict[str, str] = {}
    timezone: str | None = None
    date_format: str | None = None
    statuses: dict[str, OrderStatus] = {}
    zero_start_count: Literal["measure", "trust"] = "measure"

    @field_validator("map")
    @classmethod
    def _fields_exist(cls, columns: dict[str, str]) -> dict[str, str]:
        for field in columns.values():
            if field not in {*FIELDS, LEFT_OUT}:
                raise ValueError(f"there is no field {field!r}; there are {', '.join(FIELDS)}")
        if len(set(columns.values()) - {LEFT_OUT}) < sum(field != LEFT_OUT for field in columns.values()):
            raise ValueError("two columns are mapped to one field; keep one")
        return columns

    @field_validator("timezone")
    @classmethod
    def _zone_exists(cls, name: str | None) -> str | None:
        return name if name is None else _valid(name, zone_named)

    @field_validator("date_format")
    @classmethod
    def _format_is_valid(cls, text: str | None) -> str | None:
        return text if text is None else _valid(text, checked_date_format)

    @property
    def trust_zero(self) -> bool:
        """Whether a start count of 0 is believed even if the first judged count contradicts it."""
        return self.zero_start_count == "trust"

    @property
    def zone(self) -> tzinfo | None:
        return None if self.timezone is None else zone_named(self.timezone)


class ServiceNamesSection(Section):
    """Whether terms are derived from service names when neither the order nor its service names terms."""

    derive_terms: bool = False
    lifetime: Lifetime = USUAL_LIFETIME


_DEFAULT_RULE = MassDropRule()


class MassDropSection(Section):
    enabled: bool = _DEFAULT_RULE.enabled
    window: Duration = Field(default=_DEFAULT_RULE.window, gt=timedelta(0))
    min_targets: int = Field(default=_DEFAULT_RULE.min_targets, ge=1, le=1_000_000)
    share: int = Field(default=_DEFAULT_RULE.share, ge=1, le=99)
    hold: Duration = _DEFAULT_RULE.hold

    @property
    def rule(self) -> MassDropRule:
        return MassDropRule(**self.model_dump())


class QueueSection(Section):
    max_attempts: int = Field(default=10, ge=1, le=1000)


class AlertsSection(Section):
    urls: list[str] = []
    every: Duration = Field(default=timedelta(seconds=30), gt=timedelta(0))


class AnswersSection(Section):
    """The texts that answer customers."""

    language: str = Field(default="en", min_length=1, max_length=35)
    texts: str = ""

    @property
    def path(self) -> Path | None:
        """The file of the operator's own texts; None without one."""
        return Path(os.path.expanduser(self.texts)) if self.texts else None  # noqa: PTH111  # keeps ~unknown


class Settings(Section):
    """The whole configuration, validated."""

    database: DatabaseSection = DatabaseSection()
    http: HttpSection = HttpSection()
    sampling: SamplingSection = SamplingSection()
    sources: dict[str, SourceSection] = {}
    terms: dict[str, TermsSection] = {}
    services: dict[str, ServiceSection] = {}
    service_names: ServiceNamesSection = ServiceNamesSection()
    orders: OrdersSection = OrdersSection()
    mass_drop: MassDropSection = MassDropSection()
    queue: QueueSection = QueueSection()
    alerts: AlertsSection = AlertsSection()
    answers: AnswersSection = AnswersSection()

    @field_validator("sources", mode="before")
    @classmethod
    def _sources_have_their_own_defaults(cls, given: object) -> object:
        if not isinstance(given, dict):
            return given
        return {
            name: _SOURCE_DEFAULTS.get(name, {}) | section if isinstance(section, dict) else section
            for name, section in given.items()
        }

    @model_validator(mode="after")
    def _terms_of_services_exist(self) -> "Settings":
        for name, service in self.services.items():
            if service.terms is not None and service.terms not in self.all_terms:
                known = ", ".join(sorted(self.all_terms))
                problem = f"there are no terms {service.terms!r}; there are: {known}"
                raise _wrong(problem, "services", name, "terms")
        return self

    @model_validator(mode="after")
    def _sources_of_services_exist(self) -> "Settings":
        for name, service in self.services.items():
            unknown = [source for source in service.sources or () if source not in self.sources]
            if unknown:
                problem = f"there is no section [sources.{unknown[0]}]"
                raise _wrong(problem, "services", name, "sources")
        return self

    @property
    def all_terms(self) -> TermsCatalog:
        """Terms by name; `default` is always among them."""
        named = {name: section.terms(name) for name, section in self.terms.items()}
        return TermsCatalog(
            named, derives=self.service_names.derive_terms, lifetime=self.service_names.lifetime
        )

    @property
    def all_services(self) -> dict[str, Service]:
        """The panel's services by id or name, as configured."""
        return {
            name: Service(s.metric, s.terms, s.name, ignored=s.ignore) for name, s in self.services.items()
        }

    @property
    def enabled_sources(self) -> dict[str, SourceSection]:
        return {name: source for name, source in self.sources.items() if source.enabled}
