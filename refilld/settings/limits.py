"""The section `[limits]`: how much may be queued in one day (docs/rules.md, section 8)."""

from decimal import Decimal
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from monitor.guarantee.daily_caps import SHOP, Amounts, CapScope, DailyCaps, ScopeKind
from refilld.settings.section import Section


def _in_capitals(price: dict[str, Decimal]) -> dict[str, Decimal]:
    return {currency.upper(): amount for currency, amount in price.items()}


_Amount = Annotated[Decimal, Field(ge=0, le=1_000_000_000_000)]
_Prices = Annotated[dict[str, _Amount], AfterValidator(_in_capitals)]


class LimitSection(Section):
    """The daily cap of a provider or a service; 0 is no cap."""

    units: int = Field(default=0, ge=0, le=1_000_000_000_000)
    price: _Prices = {}

    @property
    def cap(self) -> Amounts | None:
        """None if nothing is limited."""
        price = {currency: amount for currency, amount in self.price.items() if amount}
        return Amounts(self.units, price) if self.units or price else None


class LimitsSection(LimitSection):
    """The daily caps of the shop, and of its providers and services."""

    on_next_day: Literal["release", "keep"] = "release"
    providers: dict[str, LimitSection] = {}
    services: dict[str, LimitSection] = {}

    @property
    def caps(self) -> DailyCaps:
        sections: dict[CapScope, LimitSection] = {SHOP: self}
        sections |= {CapScope(ScopeKind.PROVIDER, name): one for name, one in self.providers.items()}
        sections |= {CapScope(ScopeKind.SERVICE, name): one for name, one in self.services.items()}
        caps = {scope: one.cap for scope, one in sections.items()}
        limited = {scope: cap for scope, cap in caps.items() if cap is not None}
        return DailyCaps(limited, release_next_day=self.on_next_day == "release")
