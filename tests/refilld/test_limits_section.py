"""The section `[limits]` makes the daily caps; what cannot be meant is refused with its key."""

from decimal import Decimal

import pytest
from pydantic import ValidationError

from monitor.guarantee.daily_caps import SHOP, Amounts, CapScope, ScopeKind
from refilld.settings.limits import LimitsSection


def test_without_keys_there_is_no_cap() -> None:
    assert not LimitsSection().caps.configured


def test_a_value_of_0_is_no_cap() -> None:
    section = LimitsSection.model_validate(
        {"units": 0, "price": {"USD": "0"}, "providers": {"acme": {"units": 0}}}
    )
    assert not section.caps.configured


def test_the_caps_are_those_of_the_shop_its_providers_and_its_services() -> None:
    """Currencies are written in capitals in the orders, so they are compared in capitals."""
    section = LimitsSection.model_validate(
        {
            "units": 10_000,
            "price": {"usd": "200.00"},
            "on_next_day": "keep",
            "providers": {"acme": {"units": 5}},
            "services": {"1234": {"price": {"EUR": "1"}}},
        }
    )
    assert not section.caps.release_next_day
    assert section.caps.caps == {
        SHOP: Amounts(10_000, {"USD": Decimal("200.00")}),
        CapScope(ScopeKind.PROVIDER, "acme"): Amounts(5),
        CapScope(ScopeKind.SERVICE, "1234"): Amounts(0, {"EUR": Decimal(1)}),
    }


@pytest.mark.parametrize(
    "section",
    [
        {"units": -1},
        {"price": {"USD": "-0.01"}},
        {"price": {"USD": "much"}},
        {"on_next_day": "drop"},
        {"price": {"USD": "10", "usd": "1000000"}},
        {"price": {"": "10"}},
        {"price": {" USD ": "10"}},
        {"price": {"USD": True}},
        {"units": True},
        {"providers": {"": {"units": 1}}},
        {"providers": {"a\x1b[31m": {"units": 1}}},
        {"services": {" 1": {"units": 1}}},
        {"providers": {"acme": {"on_next_day": "keep"}}},
    ],
)
def test_what_cannot_be_meant_is_refused(section: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        LimitsSection.model_validate(section)
