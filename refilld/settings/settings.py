"""The whole configuration."""

from datetime import timedelta
from pathlib import Path
from typing import Literal, Self

from pydantic import Field, field_validator, model_validator

from monitor.guarantee.mass_drop import MassDropRule
from monitor.guarantee.queue_rules import QueueRules
from monitor.model.backoff import Backoff
from monitor.model.service import Service
from monitor.model.terms_catalog import TermsCatalog
from refilld.settings.alerts import AlertsSection
from refilld.settings.database import DatabaseSection
from refilld.settings.guarantee import GuaranteeSection
from refilld.settings.http import HttpSection
from refilld.settings.limits import LimitsSection
from refilld.settings.orders import OrdersSection
from refilld.settings.retention import RetentionSection
from refilld.settings.section import Duration, Section, wrong
from refilld.settings.sources import SIMULATED, SOURCE_DEFAULTS, SourceSection
from refilld.settings.survival import SurvivalSection
from refilld.settings.terms import ServiceNamesSection, ServiceSection, TermsSection
from refilld.settings.user_path import user_path
from refilld.settings.web import WebSection
from refilld.settings.webhooks import WebhooksSection


class SamplingSection(Section):
    tick: Duration = Field(default=timedelta(seconds=10), gt=timedelta(0))
    cadence: Literal["learned", "fixed"] = "learned"
    every: Duration = Field(default=timedelta(hours=6), gt=timedelta(0))


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


_BACKOFF = Backoff()


class QueueSection(Section):
    max_attempts: int = Field(default=10, ge=1, le=1000)
    backoff: Duration = Field(default=_BACKOFF.first, gt=timedelta(0))
    backoff_max: Duration = Field(default=_BACKOFF.longest, gt=timedelta(0))
    buyers_first: bool = True

    @model_validator(mode="after")
    def _longest_is_not_shorter(self) -> Self:
        if self.backoff_max < self.backoff:
            raise ValueError("backoff_max must not be shorter than backoff")
        return self

    @property
    def waits(self) -> Backoff:
        return Backoff(self.backoff, self.backoff_max)


class AnswersSection(Section):
    """The texts that answer customers."""

    language: str = Field(default="en", min_length=1, max_length=35)
    texts: str = ""

    @property
    def path(self) -> Path | None:
        """The file of the operator's own texts; None without one."""
        return user_path(self.texts)


class Settings(Section):
    """The whole configuration, validated."""

    database: DatabaseSection = DatabaseSection()
    http: HttpSection = HttpSection()
    web: WebSection = WebSection()
    sampling: SamplingSection = SamplingSection()
    sources: dict[str, SourceSection] = {}
    terms: dict[str, TermsSection] = {}
    services: dict[str, ServiceSection] = {}
    service_names: ServiceNamesSection = ServiceNamesSection()
    orders: OrdersSection = OrdersSection()
    guarantee: GuaranteeSection = GuaranteeSection()
    mass_drop: MassDropSection = MassDropSection()
    limits: LimitsSection = LimitsSection()
    queue: QueueSection = QueueSection()
    alerts: AlertsSection = AlertsSection()
    webhooks: WebhooksSection = WebhooksSection()
    answers: AnswersSection = AnswersSection()
    retention: RetentionSection = RetentionSection()
    survival: SurvivalSection = SurvivalSection()

    @property
    def queue_rules(self) -> QueueRules:
        """What is checked before a refill is queued."""
        return QueueRules(self.limits.caps, self.guarantee.shadow)

    @field_validator("sources", mode="before")
    @classmethod
    def _sources_have_their_own_defaults(cls, given: object) -> object:
        if not isinstance(given, dict):
            return given
        return {
            name: SOURCE_DEFAULTS.get(name, {}) | section if isinstance(section, dict) else section
            for name, section in given.items()
        }

    @model_validator(mode="after")
    def _terms_of_services_exist(self) -> "Settings":
        for name, service in self.services.items():
            if service.terms is not None and service.terms not in self.all_terms:
                known = ", ".join(sorted(self.all_terms))
                problem = f"there are no terms {service.terms!r}; there are: {known}"
                raise wrong(problem, "services", name, "terms")
        return self

    @model_validator(mode="after")
    def _sources_of_services_exist(self) -> "Settings":
        for name, service in self.services.items():
            unknown = [source for source in service.sources or () if source not in self.sources]
            if unknown:
                problem = f"there is no section [sources.{unknown[0]}]"
                raise wrong(problem, "services", name, "sources")
        return self

    @model_validator(mode="after")
    def _receivers_of_routes_exist(self) -> "Settings":
        known = self.alerts.all_receivers
        for number, route in enumerate(self.alerts.routes):
            if route.receiver not in known:
                problem = f"there is no such receiver; there are: {', '.join(sorted(known))}"
                raise wrong(problem, "alerts", "routes", str(number), "receiver")
        return self

    @model_validator(mode="after")
    def _the_simulated_source_is_not_enabled(self) -> "Settings":
        if SIMULATED in self.enabled_sources:
            problem = (
                "this source invents its counts, and refilld simulate uses it without being told; remove the "
                "key, and enable graph or instaloader"
            )
            raise wrong(problem, "sources", SIMULATED, "enabled")
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
