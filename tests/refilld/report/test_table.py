"""The report as CSV: a flat table that a spreadsheet reads, without formulas."""

import csv
from decimal import Decimal
from io import StringIO

import pytest
from hypothesis import given

from monitor.model.decision import Reason
from monitor.model.refill import RefillState
from refilld.report.assemble import drop_figures, queue_figures
from refilld.report.figures import Report, WaitingFigures
from refilld.report.table import COLUMNS, render_csv
from storage.report import WaitingRequest
from tests.refilld.report.report_values import (
    FEW_EXAMPLES,
    HOUR,
    NOW,
    REPORTS,
    some_drops,
    some_refills,
    with_actions,
)


def rows_of(report: Report) -> list[dict[str, str]]:
    """The rows without their empty cells."""
    reader = csv.DictReader(StringIO(render_csv(report), newline=""), strict=True)
    assert tuple(reader.fieldnames or ()) == COLUMNS
    return [{name: value for name, value in row.items() if value} for row in reader]


@FEW_EXAMPLES
@given(REPORTS)
def test_every_row_has_every_column_and_no_cell_is_a_formula(report: Report) -> None:
    """Whatever names shop, customers and providers have."""
    lines = list(csv.reader(StringIO(render_csv(report), newline=""), strict=True))
    assert {len(line) for line in lines} == {len(COLUMNS)}
    assert [cell for line in lines for cell in line if cell.strip()[:1] in {*"=+-@"} - {""}] == []


@pytest.mark.parametrize("name", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "  =1"])
def test_a_formula_is_shown_as_text(name: str) -> None:
    """With an apostrophe before it."""
    (_, drop, *_) = rows_of(with_actions(drops=drop_figures([some_drops(service=name)], {})))
    assert drop["service"] == f"'{name}"


def test_units_and_amounts_are_columns_of_their_own() -> None:
    """One row for each currency, so that a column can be summed."""
    below = {"reason": Reason.BELOW_START_COUNT, "queued_at": None}
    refills = [
        some_refills(units=1000, refills=2),
        some_refills(price=Decimal(3), currency="EUR", ordered=1000, units=10),
        some_refills(RefillState.HELD, price=None, **below),
    ]
    found = rows_of(with_actions(queue=queue_figures(refills)))
    hour_ago = "2026-03-11T07:00:00Z"
    queued = {"section": "owed", "name": "queued", "at": hour_ago}
    assert [row for row in found if row["section"] == "owed"] == [
        queued | {"units": "10", "amount": "0.03", "currency": "EUR", "number": "1"},
        queued | {"units": "1000", "amount": "1.50", "currency": "USD", "number": "2"},
        {
            "section": "owed", "name": "held", "units": "300", "number": "1", "metric": "followers",
            "detail": "below_start_count", "at": hour_ago,
        },
    ]  # fmt: skip


def test_drops_are_listed_by_metric_service_and_provider() -> None:
    found = rows_of(with_actions(drops=drop_figures([some_drops()], {"acme": 4000})))
    assert found[1:3] == [
        {
            "section": "drops", "metric": "followers", "service": "1234", "provider": "acme", "units": "300",
            "opened": "1", "confirmed": "1", "recovered": "0",
        },
        {"section": "guaranteed", "provider": "acme", "units": "4000"},
    ]  # fmt: skip


def test_waiting_customers_are_listed_with_their_orders() -> None:
    waiting = WaitingFigures(7, (WaitingRequest("17", "jane", "1234", NOW - HOUR),))
    found = [row for row in rows_of(with_actions(waiting=waiting)) if row["section"] == "waiting"]
    assert found == [
        {"section": "waiting", "name": "all", "number": "7"},
        {
            "section": "waiting", "name": "order", "order_id": "17", "customer": "jane", "service": "1234",
            "at": "2026-03-11T07:00:00Z",
        },
    ]  # fmt: skip
