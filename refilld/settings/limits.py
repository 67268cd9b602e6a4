"""The section `[limits]`: how much may be queued in one day (docs/rules.md, section 8)."""

import re
from decimal import Decimal
from typing import Annotated, Literal

from pydantic import AfterValidator, BeforeValidator, Field

from monitor.guarantee.daily_caps import SHOP, Amounts, CapScope, DailyCaps, ScopeKind
from refilld.settings.section import Section

_CURRENCY = re.compile(r"[A-Z]{3}")


def _by_currency(price: dict[str, Decimal]) -> dict[str, Decimal]:
    """The amounts by currency as orders name them; ValueError for what is none, or is there twice."""
    found: dict[str, Decimal] = {}
    for written, amount in price.items():
        name = written.upper()
        if not written.isascii() or _CURRENCY.fullmatch(name) is None:
            raise ValueError(f"{written!r} is not a currency; write its three letters, like USD")
        if name in found:
            raise ValueError(f"{name} is there twice")
        found[name] = amount
    return found


def _named(sections: dict[str, "LimitSection"]) -> dict[str, "LimitSection"]:
    for name in sections:
        if not name.strip() or name != name.strip() or not name.isprintable():
            raise ValueError(f"{name!r} is not a name that an order can have")
    return sections


def _no_boolean(value: object) -> object:
    if isinstance(value, bool):
        raise ValueError("is not a number")  # noqa: TRY004  # pydantic turns ValueError into its own error
    return value


_Amount = Annotated[Decimal, BeforeValidator(_no_boolean), Field(ge=0, le=1_000_000_000_000)]
_Prices = Annotated[dict[str, _Amount], AfterValidator(_by_currency)]


class LimitSection(Section):
    """The daily cap of a provider or a service; 0 is no cap."""

    units: Annotated[int, BeforeValidator(_no_boolean)] = Field(default=0, ge=0, le=1_000_000_000_000)
    price: _Prices = {}

    @property
    def cap(self) -> Amounts | None:
        """None if nothing is limited."""
        price = {currency: amount for currency, amount in self.price.items() if amount}
        return Amounts(self.units, price) if self.units or price else None


class LimitsSection(LimitSection):
    """The daily caps of the shop, and of its providers and services."""

    on_next_day: Literal["release", "keep"] = "release"
    providers: Annotated[dict[str, LimitSection], AfterValidator(_named)] = {}
    services: Annotated[dict[str, LimitSection], AfterValidator(_named)] = {}

    @property
    def caps(self) -> DailyCaps:
        sections: dict[CapScope, LimitSection] = {SHOP: self}
        sections |= {CapScope(ScopeKind.PROVIDER, name): one for name, one in self.providers.items()}
        sections |= {CapScope(ScopeKind.SERVICE, name): one for name, one in self.services.items()}
        caps = {scope: one.cap for scope, one in sections.items()}
        limited = {scope: cap for scope, cap in caps.items() if cap is not None}
        return DailyCaps(limited, release_next_day=self.on_next_day == "release")
