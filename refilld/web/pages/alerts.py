"""*Alerts*: what fires now, what was told lately, and every alert with the state of its delivery."""

from monitor.events.kind import EventKind
from monitor.events.severity import Severity
from monitor.model.bulk_action import BulkAction
from refilld.services.event_query import ALERTS
from refilld.texts.renderer import default_renderer
from refilld.translations.event_labels import ALERT_STATES
from refilld.translations.source_text import marked
from refilld.web.cursor_list import read_cursor_list, read_rows
from refilld.web.list_fields import FilterField, ListColumn
from refilld.web.page import DeskPage, NavGroup, PageContext
from refilld.web.reader import language
from storage import alert_list, firing_alerts, message_list

PATH = "/alerts"
_MOST_FIRING, _MOST_MESSAGES = 50, 10
_FIRING = (
    ListColumn("severity", "Severity"),
    ListColumn("at", "Since"),
    ListColumn("text", "What"),
    ListColumn("told", "Told"),
    ListColumn("actions", ""),
)
_MESSAGES = (
    ListColumn("at", "At"),
    ListColumn("receiver", "Receiver"),
    ListColumn("why", "Why"),
    ListColumn("alerts", "Alerts", numeric=True),
    ListColumn("state", "State"),
)
_ALERTS = (
    ListColumn("at", "At"),
    ListColumn("severity", "Severity"),
    ListColumn("text", "What"),
    ListColumn("state", "State"),
)
_ACTIONS = ((BulkAction.ACKNOWLEDGE, marked("Acknowledge")),)
_FILTERS = (
    FilterField("kind", "Kind", tuple((kind, kind) for kind in EventKind)),
    FilterField("severity", "Severity", tuple((one, one) for one in Severity)),
    FilterField("state", "State", tuple(ALERT_STATES.items())),
    FilterField("order_id", "Order"),
    FilterField("since", "Since, such as 7d"),
    FilterField("message", "Message"),
)


def show(context: PageContext) -> str:
    """The page; with a filter, only the list."""
    alerts = read_cursor_list(PATH, ALERTS, context.now)
    with context.database.read() as tx:
        found, total = read_rows(tx, alerts, alert_list.page, alert_list.counted)
        firing = firing_alerts.newest(tx, _MOST_FIRING) if alerts.is_first else []
        firing_total = firing_alerts.counted(tx) if alerts.is_first else None
        messages = message_list.newest(tx, _MOST_MESSAGES) if alerts.is_first else []
    return context.render(
        "alerts.html",
        alerts=alerts,
        found=found,
        total=total,
        columns=_ALERTS,
        filters=_FILTERS,
        actions=_ACTIONS,
        firing=firing,
        firing_total=firing_total,
        firing_columns=_FIRING,
        messages=messages,
        message_columns=_MESSAGES,
        text=default_renderer(language()).text,
        now=context.now,
    )


PAGE = DeskPage("alerts", PATH, "Alerts", show, group=NavGroup.MONITOR, letter="a")
