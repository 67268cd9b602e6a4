"""*Drops*: what fell, what was decided about it, and why."""

from monitor.model.decision import Action, Reason
from refilld.services.drop_query import DROPS
from refilld.timeline.events import REASONS
from refilld.translations.source_text import marked
from refilld.web.cursor_list import read_cursor_list, read_rows
from refilld.web.drop_words import DECIDED, drop_now
from refilld.web.list_fields import FilterField, ListColumn
from refilld.web.page import DeskPage, NavGroup, PageContext
from refilld.web.sold_filters import METRIC, NAMED, PERIOD, seller_filters
from refilld.web.state_words import DROP_STATES, UNDECIDED
from storage import drop_list, drop_refills

PATH = "/drops"
_COLUMNS = (
    ListColumn("order_id", "Order"),
    ListColumn("opened_at", "Opened"),
    ListColumn("link", "Target"),
    ListColumn("service", "Service, provider"),
    ListColumn("customer", "Customer"),
    ListColumn("claim", "Missing", numeric=True),
    ListColumn("count", "Count", numeric=True),
    ListColumn("state", "State"),
    ListColumn("reason", "Decision, and why"),
)
_FILTERS = (
    FilterField("state", "State", tuple((DROP_STATES | DECIDED).items())),
    FilterField("reason", "Reason", tuple((reason, REASONS[reason]) for reason in Reason)),
)
_OPEN_ONLY = (("yes", marked("open ones only")),)
_MORE = (
    FilterField("open_only", "Open", _OPEN_ONLY),
    FilterField("decision", "Decision", tuple((action, action) for action in Action)),
    METRIC,
    *NAMED,
    *PERIOD,
)


def show(context: PageContext) -> str:
    """The page."""
    drops = read_cursor_list(PATH, DROPS, context.now)
    with context.database.read() as tx:
        found, total = read_rows(tx, drops, drop_list.page, drop_list.counted)
        rows = () if found is None else found.rows
        refills = drop_refills.states(tx, {row.order_id for row in rows})
        sellers = seller_filters(tx)
    return context.render(
        "drops.html",
        drops=drops,
        found=found,
        total=total,
        now_of={row.drop_id: drop_now(row, refills) for row in rows},
        columns=_COLUMNS,
        filters=(*_FILTERS, *sellers),
        more=_MORE,
        states=DROP_STATES,
        undecided=UNDECIDED,
        reasons=REASONS,
        now=context.now,
    )


PAGE = DeskPage("drops", PATH, "Drops", show, group=NavGroup.WORK, letter="d")
