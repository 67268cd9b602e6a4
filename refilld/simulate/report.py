"""The report of a simulation: a table of cadences side by side, or all figures as JSON."""

from collections.abc import Iterable, Mapping
from decimal import Decimal

from monitor.model.duration import format_duration
from monitor.model.instants import rfc3339
from refilld.simulate.figures import Figures, Truth
from refilld.simulate.run import SimulationPlan
from refilld.simulate.true_drops import TrueDrop, TrueDropEnd

SYNTHETIC = (
    "The built-in world is made up: its loss curves, purges and sizes are synthetic, as no public record of"
    " real ones was found. Compare policies and budgets by it; do not read hours or costs as a forecast."
)


def assumptions(plan: SimulationPlan, source: str, *, builtin: bool) -> list[str]:
    """The assumptions of the figures, in sentences."""
    section, world = plan.section, f"The world is what the source {source} makes of it."
    ran = (
        f"{plan.days} days; {section.requests_per_hour} requests an hour, at least"
        f" {format_duration(section.spacing)} apart; a refill is delivered {format_duration(plan.delay)}"
        " after it was claimed, and never fails."
    )
    return [SYNTHETIC if builtin else world, ran]


def summary(found: Figures) -> dict[str, object]:
    """Every figure by its name in JSON; None when it is not known."""
    truth = found.truth
    return {
        "orders": found.orders,
        "targets": found.targets,
        "requests": found.requests,
        "looks": found.looks,
        "looks_per_request": _per(found.looks, found.requests),
        "looks_without_a_count": found.looks - found.counts,
        "source_resumed": found.resumed,
        "oldest_look_hours": _rounded(found.oldest_look_hours),
        "mean_look_age_hours": _rounded(found.mean_look_age_hours),
        "drops_opened": found.drops,
        **_of_truth(truth),
        "looks_per_detected_drop": None
        if truth is None
        else _per(found.looks, truth.true_drops[TrueDropEnd.SEEN]),
        "refills": found.refills,
        "false_refills": None if truth is None else truth.false_refills,
        "refills_held": found.held,
        "units_refilled": found.units_refilled,
        "units_too_many": None if truth is None else truth.units_too_many,
        "cost": {currency: str(amount) for currency, amount in found.cost.items()},
        "units_without_a_price": found.units_without_price,
    }


def _of_truth(truth: Truth | None) -> dict[str, object]:
    """The figures that need exact counts."""
    seen = None if truth is None else truth.seen
    ends = {} if truth is None else truth.true_drops
    return {
        "real_drops": None if truth is None else sum(ends.values()),
        **{f"real_drops_{end}": None if truth is None else ends[end] for end in TrueDropEnd},
        "delay_hours_mean": None if seen is None else _rounded(seen.mean),
        "delay_hours_p50": None if seen is None else _rounded(seen.p50),
        "delay_hours_p95": None if seen is None else _rounded(seen.p95),
        "missed_share": None if truth is None else _rounded(truth.missed_share, 4),
        "hours_per_lost_unit": None if truth is None else _rounded(truth.hours_per_unit),
    }


_TITLES = {
    "orders": "orders",
    "targets": "targets",
    "requests": "requests",
    "looks": "looks",
    "looks_per_request": "looks per request",
    "looks_without_a_count": "looks without a count",
    "source_resumed": "source resumed by the operator",
    "oldest_look_hours": "oldest look, hours",
    "mean_look_age_hours": "age of the newest look, mean, hours",
    "drops_opened": "drops opened, suspicions included",
    "real_drops": "real drops",
    "real_drops_seen": "  seen",
    "real_drops_missed": "  missed until the guarantee ended",
    "real_drops_passed": "  recovered unseen",
    "real_drops_open": "  unseen when the simulation ended",
    "delay_hours_mean": "detection delay, mean, hours *",
    "delay_hours_p50": "detection delay, p50, hours *",
    "delay_hours_p95": "detection delay, p95, hours *",
    "missed_share": "share missed *",
    "hours_per_lost_unit": "hours per lost unit, missed ones included *",
    "looks_per_detected_drop": "looks per detected drop",
    "refills": "refills",
    "false_refills": "  where nothing was missing",
    "refills_held": "  held for an operator",
    "units_refilled": "units refilled",
    "units_too_many": "  of refills, beyond what was missing",
    "cost": "cost of the units, at what they were sold for",
    "units_without_a_price": "  units without a price",
}
"""The rows of the table in order. Figures with a star are weighted by lost units."""


def table(summaries: Mapping[str, Mapping[str, object]]) -> list[dict[str, object]]:
    """One row per figure, one column per policy; without figures that are unknown for all."""
    rows: list[dict[str, object]] = []
    for name, title in _TITLES.items():
        values = {policy: _shown(summary[name]) for policy, summary in summaries.items()}
        if any(value is not None for value in values.values()):
            rows.append({"": title, **values})
    return rows


def true_drop_rows(policy: str, found: Iterable[TrueDrop]) -> Iterable[dict[str, object]]:
    """Every true drop as a row of JSON."""
    for true_drop in found:
        yield {
            "policy": policy,
            "order_id": true_drop.order_id,
            "units": true_drop.units,
            "began_at": rfc3339(true_drop.began),
            "ended_at": rfc3339(true_drop.ended),
            "fate": str(true_drop.end),
        }


def _shown(value: object) -> object:
    if isinstance(value, Mapping):
        return ", ".join(f"{amount} {currency}".strip() for currency, amount in value.items()) or None
    return value


def _per(number: int, of: int) -> float | None:
    return _rounded(number / of) if of else None


def _rounded(value: float | None, digits: int = 2) -> float | None:
    return None if value is None else float(round(Decimal(value), digits))
