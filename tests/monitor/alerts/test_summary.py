"""The first line of a message with many drops."""

from typing import Any

import pytest

from monitor.alerts.summary import FROM, summary


def a_payload(action: str = "refill", quantity: int = 100, price: str | None = "0.50") -> dict[str, Any]:
    return {"action": action, "missing": 120, "quantity": quantity, "price": price, "currency": "USD"}


def test_drops_are_added_up_by_decision_and_service() -> None:
    """Units and price of the refills; drops without one are counted."""
    alerts = (
        [("12", a_payload())] * 6 + [("13", a_payload("hold", 50))] * 3 + [(None, a_payload("wait", 0))] * 2
    )
    assert summary(alerts) == (
        "11 drops, 1,320 units missing; held for your approval: 3 refills, 150 units, 1.50 USD; "
        "queued: 6 refills, 600 units, 3.00 USD; waiting: 2 drops; "
        "service 12: 6 refills, 600 units, 3.00 USD, service 13: 3 refills, 150 units, 1.50 USD"
    )


def test_one_service_is_not_named() -> None:
    """The title of the group says enough."""
    assert summary([("12", a_payload(price=None))] * FROM) == (
        "10 drops, 1,200 units missing; queued: 10 refills, 1,000 units"
    )


def test_only_some_services_are_named() -> None:
    """Those with the most units."""
    alerts = [(str(number), a_payload(quantity=100 + number)) for number in range(FROM)]
    line = summary(alerts)
    assert "service 9: 1 refill, 109 units" in line
    assert line.endswith("service 5: 1 refill, 105 units, 0.50 USD and 5 services more")


@pytest.mark.parametrize("alerts", [[("12", a_payload())] * (FROM - 1), [("12", {"text": "x"})] * 50, []])
def test_few_alerts_and_other_kinds_have_no_summary(alerts: list[tuple[str, dict[str, Any]]]) -> None:
    """Their lines say all."""
    assert summary(alerts) == ""
