"""The sections of terms, services, and the names of services."""

from typing import Annotated

from pydantic import BeforeValidator, model_validator

from monitor.errors import BadInputError
from monitor.model.target import Metric
from monitor.model.terms import BelowStart, RefillMode, Terms
from monitor.model.terms_catalog import USUAL_LIFETIME
from refilld.settings.section import Duration, Lifetime, Section, window_or_lifetime, wrong

_DEFAULT_TERMS = Terms()


class TermsSection(Section):
    """The keys of one set of terms; defaults are the default terms of docs/rules.md."""

    window: Annotated[Duration | None, BeforeValidator(window_or_lifetime)] = _DEFAULT_TERMS.window
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
            raise wrong(error.problem, error.field) from None
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


class ServiceNamesSection(Section):
    """Whether terms are derived from service names when neither the order nor its service names terms."""

    derive_terms: bool = False
    lifetime: Lifetime = USUAL_LIFETIME
