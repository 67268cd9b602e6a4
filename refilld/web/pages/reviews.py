"""*Refund reviews*: what could not be delivered, and what operators did about it."""

from monitor.guarantee.refund_review import ReviewCause
from monitor.model.bulk_action import BulkAction
from refilld.services.input_limits import LONGEST_TEXT
from refilld.services.review_query import REVIEWS
from refilld.translations.source_text import Label, labelled, marked
from refilld.web.cursor_list import CursorList, read_cursor_list, read_rows
from refilld.web.list_fields import FilterField, ListColumn
from refilld.web.page import DeskPage, NavGroup, PageContext
from storage import review_list
from storage.reviews import ReviewFilter, ReviewState

PATH = "/reviews"
_ACTIONS = ((BulkAction.CLOSE, labelled("review", "Close")),)
_STATES = {ReviewState.OPEN: labelled("review", "open"), ReviewState.CLOSED: labelled("review", "closed")}
_COLUMNS = (
    ListColumn("id", "Review", numeric=True),
    ListColumn("order", "Order"),
    ListColumn("cause", "Because"),
    ListColumn("units", "Units", numeric=True),
    ListColumn("share", "Price", numeric=True),
    ListColumn("refilled", "Refilled since", numeric=True),
    ListColumn("sold", "Service"),
    ListColumn("customer", "Customer"),
    ListColumn("opened", "Opened"),
    ListColumn("state", "State"),
)
_NOT_REFILLED = (("yes", marked("not refilled yet")),)
_FILTERS = (
    FilterField("state", "State", tuple(_STATES.items())),
    FilterField("cause", "Because", tuple((one, one) for one in ReviewCause)),
    FilterField("not_refilled", "Refilled since", _NOT_REFILLED),
    FilterField("service", "Service"),
    FilterField("provider", "Provider"),
    FilterField("customer", "Customer"),
    FilterField("order_id", "Order"),
    FilterField("since", "Since, such as 7d"),
    FilterField("before", "Before"),
)


def show(context: PageContext) -> str:
    """The page."""
    listed = read_cursor_list(PATH, REVIEWS, context.now)
    with context.database.read() as tx:
        found, total = read_rows(tx, listed, review_list.page, review_list.counted)
    return context.render(
        "reviews.html",
        listed=listed,
        found=found,
        total=total,
        columns=_COLUMNS,
        filters=_FILTERS,
        actions=_actions(listed),
        longest=LONGEST_TEXT,
        now=context.now,
    )


def _actions(listed: CursorList[ReviewFilter]) -> tuple[tuple[BulkAction, Label], ...]:
    closed = listed.query is not None and listed.query.filter.state is ReviewState.CLOSED
    return () if closed else _ACTIONS


PAGE = DeskPage("reviews", PATH, "Refund reviews", show, group=NavGroup.WORK, letter="v")
