"""The report as one flat table in CSV, for spreadsheets."""

import csv
from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal
from io import StringIO

from monitor.model.instants import rfc3339
from monitor.model.money import finest, rounded
from monitor.model.sums import Sum
from refilld.report.figures import Report

COLUMNS = (
    "section", "name", "metric", "service", "provider", "units", "amount", "currency", "number",
    "opened", "confirmed", "recovered", "order_id", "customer", "at", "until", "detail",
)  # fmt: skip
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "＝", "＋", "－", "＠")  # noqa: RUF001  # also read as formulas
Row = dict[str, object]


def render_csv(report: Report) -> str:
    """Render a report; a cell that a spreadsheet would run as a formula begins with an apostrophe."""
    out = StringIO()
    writer = csv.DictWriter(out, COLUMNS, restval="", lineterminator="\n")
    writer.writeheader()
    writer.writerows({name: _cell(value) for name, value in row.items()} for row in _rows(report))
    return out.getvalue()


def _rows(report: Report) -> Iterator[Row]:
    yield {"section": "report", "name": "period", "at": report.since, "until": report.now}
    if report.shadow is not None:
        yield from _sums("shadow", "held", report.shadow)
    for paused in report.pauses:
        yield {"section": "paused", "name": str(paused.part), "at": paused.paused_at, "detail": paused.why}
    for one in report.mass_drops:
        detail = f"{one.fallen} of {one.judged} targets fell"
        yield {"section": "mass_drop", "metric": one.metric, "at": one.started_at, "detail": detail}
    yield from _drops(report)
    yield from _refills(report)
    for row in _sums("reviews", "open", report.reviews.open):
        yield row | {"at": report.reviews.oldest}
    yield {"section": "waiting", "name": "all", "number": report.waiting.number}
    for waits in report.waiting.longest:
        who: Row = {"order_id": waits.order_id, "customer": waits.customer, "service": waits.service}
        yield {"section": "waiting", "name": "order", "at": waits.asked_at, **who}
    for day in report.ending:
        yield {"section": "ending", "name": f"{day.day:%Y-%m-%d}", "number": day.orders, "units": day.units}
    yield from _limits(report)
    yield from _monitor(report)
    for action in report.actions:
        yield {"section": "action", "name": action.command, "detail": action.why}


def _drops(report: Report) -> Iterator[Row]:
    for row in report.drops.rows:
        yield {
            "section": "drops",
            "metric": row.metric,
            "service": row.service,
            "provider": row.provider,
            "units": row.missing,
            "opened": row.opened,
            "confirmed": row.confirmed,
            "recovered": row.recovered,
        }
    for group in report.drops.by_provider:
        if group.guaranteed is not None:
            yield {"section": "guaranteed", "provider": group.name, "units": group.guaranteed}


def _refills(report: Report) -> Iterator[Row]:
    queue = report.queue
    for name, found in (("queued", queue.queued), ("claimed", queue.claimed)):
        for row in _sums("owed", name, found):
            yield row | {"at": queue.oldest_queued if name == "queued" else None}
    for group in queue.held_groups:
        for row in _sums("owed", "held", group.held):
            reason: Row = {"metric": group.metric, "detail": group.reason}
            yield row | reason | {"at": group.oldest, "until": group.release_at}
    yield from _sums("recovered", "held", queue.recovered)
    yield from _sums("dead", "dead", queue.dead)
    yield from _sums("refilled", "completed", queue.completed)


def _sums(section: str, name: str, found: Sum) -> Iterator[Row]:
    """One row for each currency, and one for what has no price."""
    for part in found.by_currency:
        yield {
            "section": section,
            "name": name,
            "units": part.units,
            "amount": part.amount,
            "currency": part.currency,
            "number": part.number,
        }


def _limits(report: Report) -> Iterator[Row]:
    """One row for the units and for each currency of a daily cap; the detail is the cap."""
    for limit in report.limits:
        row: Row = {"section": "limit", "name": limit.scope, "number": limit.held}
        if limit.cap.units:
            yield row | {"units": limit.used.units, "detail": str(limit.cap.units)}
        for currency, cap in limit.cap.price.items():
            amount = rounded(limit.used.price.get(currency, Decimal(0)), finest(cap))
            yield row | {"amount": amount, "currency": currency, "detail": f"{cap:f}"}


def _monitor(report: Report) -> Iterator[Row]:
    targets, looks = report.monitor.targets, report.monitor.looks
    last = {"at": targets.last_look_at}
    yield {"section": "monitor", "name": "looks", "number": looks.looks, **last}
    yield {"section": "monitor", "name": "failed_looks", "number": looks.failed}
    for name in ("targets", "private", "gone", "other_account", "unread", "no_source"):
        yield {"section": "monitor", "name": name, "number": getattr(targets, name)}
    yield {"section": "monitor", "name": "overdue", "number": targets.overdue, "at": targets.due_since}
    for source in report.monitor.sources:
        detail = f"{source.state} {source.why}".strip()
        row: Row = {"section": "source", "name": source.name, "until": source.until, "detail": detail}
        yield row | {"number": source.requests_last_day}


def _cell(value: object) -> object:
    """A value as a cell; only text from outside can be a formula."""
    if value is None:
        return ""
    if isinstance(value, datetime):
        return rfc3339(value)
    if isinstance(value, str):
        text = value.replace("\r", " ").replace("\n", " ")
        return f"'{text}" if text.lstrip().startswith(_FORMULA) else text
    return value
