"""*Webhooks*: the endpoints that get events, and how well that works."""

from refilld.services.webhook_fields import endpoint_state
from refilld.web.list_fields import ListColumn
from refilld.web.page import DeskPage, NavGroup, PageContext
from storage import webhook_log, webhooks

PATH = "/webhooks"
_COLUMNS = (
    ListColumn("endpoint", "Endpoint"),
    ListColumn("state", "State"),
    ListColumn("kinds", "Events"),
    ListColumn("pending", "Waiting", numeric=True),
    ListColumn("failure", "Last failure"),
)


def show(context: PageContext) -> str:
    """The page."""
    with context.database.read() as tx:
        endpoints = webhooks.listed(tx)
        troubles = webhook_log.troubles(tx, endpoints)
    return context.render(
        "webhooks.html",
        columns=_COLUMNS,
        endpoints=endpoints,
        troubles=troubles,
        state_of=endpoint_state,
        now=context.now,
    )


PAGE = DeskPage("webhooks", PATH, "Webhooks", show, group=NavGroup.SYSTEM, letter="w")
