"""The figures of a report, computed by hand for small shops."""

from decimal import Decimal

import pytest

from monitor.guarantee.refund_review import ReviewCause
from monitor.model.decision import Reason
from monitor.model.refill import RefillState
from monitor.model.sums import CurrencySum, Sum
from monitor.model.target import Metric
from monitor.sources.breaker import Breaker
from monitor.sources.rate_limit_state import RateLimitState
from refilld.report.assemble import drop_figures, queue_figures, review_figures, source_figures
from refilld.report.figures import DropGroup, HeldGroup
from refilld.settings.sources import SourceSection
from storage.report import ReviewSums
from tests.refilld.report.report_values import HOUR, NOW, some_drops, some_refills


def test_the_provider_that_loses_most_comes_first() -> None:
    """With its share of what it has delivered under guarantee: 450 of 4,000, and 100 of 200."""
    rows = [
        some_drops(provider="small", missing=100),
        some_drops(provider="acme", opened=3, confirmed=1, recovered=2, missing=150),
        some_drops(provider="acme", service="99", metric=Metric.LIKES, missing=300),
    ]
    found = drop_figures(rows, {"acme": 4000, "small": 200, "idle": 800})
    assert found.by_provider == (
        DropGroup("acme", 4, 2, 2, 450, 4000),
        DropGroup("small", 1, 1, 0, 100, 200),
    )
    assert [group.percent for group in found.by_provider] == [Decimal("11.3"), Decimal("50.0")]
    assert [(group.name, group.missing) for group in found.by_service] == [("99", 300), ("1234", 250)]
    assert [(group.name, group.missing) for group in found.by_metric] == [("likes", 300), ("followers", 250)]
    assert found.total == DropGroup(None, 5, 3, 2, 550, 5000)


def test_a_provider_whose_guarantees_have_all_ended_has_no_percentage() -> None:
    (group,) = drop_figures([some_drops()], {"other": 10}).by_provider
    assert group.percent is None


def test_what_is_owed_is_the_price_by_unit_and_currency() -> None:
    """300 and 200 of 1,000 for 1.50 USD, 500 of 2,000 for 6 EUR, and 10 without a price."""
    rows = [
        some_refills(RefillState.QUEUED),
        some_refills(RefillState.CLAIMED, units=200),
        some_refills(RefillState.HELD, units=500, ordered=2000, price=Decimal(6), currency="EUR"),
        some_refills(RefillState.QUEUED, units=10, price=None, currency="USD"),
        some_refills(RefillState.COMPLETED, units=1000),
        some_refills(RefillState.DEAD, units=40),
    ]
    found = queue_figures(rows)
    assert found.owed == Sum(
        4,
        1010,
        (
            CurrencySum("EUR", 1, 500, Decimal("1.50")),
            CurrencySum("USD", 2, 500, Decimal("0.75")),
            CurrencySum(None, 1, 10, None),
        ),
    )
    assert found.queued.units == 310
    assert found.completed == Sum(1, 1000, (CurrencySum("USD", 1, 1000, Decimal("1.50")),))
    assert found.dead == Sum(1, 40, (CurrencySum("USD", 1, 40, Decimal("0.06")),))


def test_amounts_are_rounded_once() -> None:
    """Three times 0.0045 USD are 0.0135: one cent, and not three times nothing."""
    rows = [
        some_refills(price=Decimal("0.45"), units=10, refills=1, reason=reason) for reason in [*Reason][:3]
    ]
    assert queue_figures(rows).owed.by_currency == (CurrencySum("USD", 3, 30, Decimal("0.01")),)


def test_a_price_with_more_decimals_keeps_them() -> None:
    rows = [some_refills(price=Decimal("0.0450"), units=10)]
    assert queue_figures(rows).owed.by_currency == (CurrencySum("USD", 1, 10, Decimal("0.0005")),)


def test_held_refills_are_grouped_by_what_holds_them() -> None:
    """The group that has waited longest comes first, with the first time at which a hold ends."""
    mass, below = {"reason": Reason.MASS_DROP}, {"reason": Reason.BELOW_START_COUNT}
    rows = [
        some_refills(RefillState.HELD, created_at=NOW - 3 * HOUR, release_at=NOW + 9 * HOUR, **mass),
        some_refills(RefillState.HELD, created_at=NOW - 2 * HOUR, release_at=NOW + 8 * HOUR, **mass),
        some_refills(RefillState.HELD, created_at=NOW - 5 * HOUR, price=None, **below),
        some_refills(RefillState.QUEUED, created_at=NOW - 9 * HOUR),
    ]
    unpriced = Sum(1, 300, (CurrencySum(None, 1, 300, None),))
    priced = Sum(2, 600, (CurrencySum("USD", 2, 600, Decimal("0.90")),))
    assert queue_figures(rows).held_groups == (
        HeldGroup(Reason.BELOW_START_COUNT, Metric.FOLLOWERS, unpriced, NOW - 5 * HOUR, None),
        HeldGroup(Reason.MASS_DROP, Metric.FOLLOWERS, priced, NOW - 3 * HOUR, NOW + 8 * HOUR),
    )


def test_the_age_of_the_queue_is_that_of_the_oldest_queued_refill() -> None:
    """Claimed ones do not wait."""
    rows = [
        some_refills(queued_at=NOW - 2 * HOUR),
        some_refills(queued_at=NOW - 4 * HOUR),
        some_refills(RefillState.CLAIMED, queued_at=NOW - 9 * HOUR),
    ]
    assert queue_figures(rows).oldest_queued == NOW - 4 * HOUR
    assert queue_figures([]).oldest_queued is None


def test_refunds_are_summed_as_their_reviews_show_them() -> None:
    """Two shares of 0.15 USD and one of 0.20 EUR."""
    cause = ReviewCause.SHORT_DELIVERY
    rows = [
        ReviewSums(cause, Decimal("0.15"), "USD", 2, 200, NOW - HOUR),
        ReviewSums(cause, Decimal("0.20"), "EUR", 1, 100, NOW - 5 * HOUR),
        ReviewSums(cause, None, None, 1, 50, NOW),
    ]
    found = review_figures(rows)
    assert found.oldest == NOW - 5 * HOUR
    assert found.open == Sum(
        4,
        350,
        (
            CurrencySum("EUR", 1, 100, Decimal("0.20")),
            CurrencySum("USD", 2, 200, Decimal("0.30")),
            CurrencySum(None, 1, 50, None),
        ),
    )


@pytest.mark.parametrize(
    ("paused", "waits", "expected"),
    [
        (None, None, ("ready", None, "")),
        (2, None, ("paused", NOW + 2 * HOUR, "blocked")),
        (None, 3, ("waiting", NOW + 3 * HOUR, "platform")),
        (2, 3, ("paused", NOW + 3 * HOUR, "blocked")),
        (3, 2, ("paused", NOW + 3 * HOUR, "blocked")),
    ],
)
def test_a_source_shows_the_time_that_holds(
    paused: int | None, waits: int | None, expected: tuple[object, ...]
) -> None:
    """The later one of its pause and of the platform's wait."""
    breaker = Breaker() if paused is None else Breaker(paused_until=NOW + paused * HOUR, reason="blocked")
    rate_limit = RateLimitState(wait_until=None if waits is None else NOW + waits * HOUR)
    found = source_figures("graph", SourceSection(), (breaker, rate_limit), (3, 70), NOW)
    assert (found.state, found.until, found.reason) == expected
    assert (found.requests_last_hour, found.requests_per_hour, found.requests_last_day) == (3, 30, 70)


def test_a_stopped_source_has_no_end() -> None:
    """Only an operator resumes it."""
    stopped = Breaker(stopped=True, reason="blocked", detail="renew the token"), RateLimitState()
    found = source_figures("graph", SourceSection(), stopped, (0, 0), NOW)
    assert (found.state, found.until, found.why) == ("stopped", None, "blocked: renew the token")
