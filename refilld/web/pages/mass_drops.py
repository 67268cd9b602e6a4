"""*Mass drops*: when many counts fell together, what was held for it, and releasing or discarding that."""

from dataclasses import dataclass
from functools import partial

from flask import url_for

from monitor.model.bulk_action import BulkAction
from monitor.model.decision import Reason
from monitor.model.refill import RefillState
from refilld.report.words import translated_money
from refilld.services.mass_drop_query import MASS_DROPS
from refilld.services.refill_query import REFILLS
from refilld.web.cursor_list import read_cursor_list, read_rows
from refilld.web.list_fields import ListColumn
from refilld.web.page import DeskPage, NavGroup, PageContext
from refilld.web.pages.queue import TITLES
from refilld.web.reader import translation
from refilld.web.sold_filters import METRIC
from storage import mass_drop_sums, mass_drops
from storage.mass_drop_sums import MassDropSums
from storage.mass_drops import MassDropRow
from storage.refill_selection import RefillFilter

PATH = "/mass-drops"
ROWS = 10
"""Mass drops of one page: for each, all that it held is summed up."""
_COLUMNS = (
    ListColumn("started_at", "Began"),
    ListColumn("ended_at", "Ended"),
    ListColumn("metric", "Metric"),
    ListColumn("fallen", "Fallen when it began", numeric=True),
    ListColumn("held", "Refills held", numeric=True),
    ListColumn("units", "Units", numeric=True),
    ListColumn("price", "Price", numeric=True),
    ListColumn("still", "Still held", numeric=True),
    ListColumn("actions", ""),
)
_ACTIONS = tuple((action, TITLES[action]) for action in (BulkAction.RELEASE, BulkAction.DISCARD))


@dataclass(frozen=True, slots=True)
class ShownMassDrop:
    """A mass drop, what it held, and where that is listed."""

    row: MassDropRow
    sums: MassDropSums
    still_filter: str
    """The query string of the refills that are still held."""
    path: str
    """The list of all that it held."""
    still_path: str
    """The list of what is still held."""


def show(context: PageContext) -> str:
    """The page."""
    drops = read_cursor_list(PATH, MASS_DROPS, context.now, ROWS)
    with context.database.read() as tx:
        found, total = read_rows(tx, drops, mass_drops.page, mass_drops.counted)
        rows = () if found is None else found.rows
        sums = mass_drop_sums.of(tx, [row.mass_drop_id for row in rows])
    return context.render(
        "mass_drops.html",
        drops=drops,
        found=found,
        total=total,
        shown=[_shown(row, sums[row.mass_drop_id]) for row in rows],
        columns=_COLUMNS,
        filters=(METRIC,),
        actions=_ACTIONS,
        rule=context.settings.mass_drop,
        money=partial(translated_money, into=translation()),
    )


def _shown(row: MassDropRow, sums: MassDropSums) -> ShownMassDrop:
    queue = url_for("queue")
    still, everything = (REFILLS.write_filter(_held_for(row, state)) for state in (RefillState.HELD, None))
    return ShownMassDrop(row, sums, still, f"{queue}?{everything}", f"{queue}?{still}")


def _held_for(row: MassDropRow, state: RefillState | None) -> RefillFilter:
    return RefillFilter(
        state=state,
        reason=Reason.MASS_DROP,
        metric=row.metric,
        since=row.started_at,
        before=row.ended_at,
    )


PAGE = DeskPage("mass_drops", PATH, "Mass drops", show, group=NavGroup.WORK, letter="m")
