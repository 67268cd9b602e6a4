"""*Orders*: what was sold, what is missing of it, and what is done about it."""

from monitor.model.bulk_action import BulkAction
from monitor.model.drop import DropState
from monitor.model.order import Flag, OrderStatus
from monitor.model.refill import RefillState
from refilld.services.order_query import ORDERS
from refilld.timeline.events import REASONS
from refilld.translations.guarantee_labels import GUARANTEE_LABELS
from refilld.translations.source_text import labelled, marked
from refilld.web.cursor_list import read_cursor_list, read_rows
from refilld.web.list_fields import FilterField, ListColumn
from refilld.web.page import DeskPage, NavGroup, PageContext
from refilld.web.sold_filters import METRIC, NAMED, PERIOD, seller_filters
from refilld.web.state_words import DROP_STATES
from storage import order_list

PATH = "/orders"
_COLUMNS = (
    ListColumn("order_id", "Order"),
    ListColumn("link", "Target"),
    ListColumn("service", "Service, provider"),
    ListColumn("customer", "Customer"),
    ListColumn("completed_at", "Completed"),
    ListColumn("delivered", "Delivered", numeric=True),
    ListColumn("count", "Count", numeric=True),
    ListColumn("state", "State, and why"),
    ListColumn("check", ""),
)
_FILTERS = (
    FilterField("status", "Status", tuple((status, status) for status in OrderStatus)),
    FilterField(
        "drop_state", "Open drop", tuple((state, DROP_STATES[state]) for state in DropState if state.open)
    ),
    FilterField("flag", "Flag", tuple((flag, flag) for flag in Flag)),
)
_ACTIONS = (
    (BulkAction.CHECK, marked("Check now")),
    (BulkAction.FLAG, labelled("button", "Flag")),
    (BulkAction.UNFLAG, marked("Unflag")),
)


def show(context: PageContext) -> str:
    """The page."""
    orders = read_cursor_list(PATH, ORDERS, context.now)
    with context.database.read() as tx:
        found, total = read_rows(tx, orders, order_list.page, order_list.counted)
        sellers = seller_filters(tx)
    return context.render(
        "orders.html",
        orders=orders,
        found=found,
        total=total,
        columns=_COLUMNS,
        filters=(*_FILTERS, *sellers),
        more=(METRIC, *NAMED, *PERIOD),
        actions=_ACTIONS,
        drop_states=DROP_STATES,
        refill_states=GUARANTEE_LABELS[RefillState],
        reasons=REASONS,
        all_flags=tuple(Flag),
        now=context.now,
    )


PAGE = DeskPage("orders", PATH, "Orders", show, group=NavGroup.WORK, letter="o")
