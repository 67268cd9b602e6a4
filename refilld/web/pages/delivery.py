"""*One delivery* to a webhook endpoint, with every attempt."""

from monitor.model.role import Role
from refilld.services import webhooks as endpoint_actions
from refilld.services.input_limits import LARGEST_ID
from refilld.web.list_fields import ListColumn
from refilld.web.page import Answer, DeskPage, PageAction, PageContext
from refilld.web.pages.webhook import PAGE as ENDPOINT
from refilld.web.pages.webhook import path_of
from refilld.web.reader import gettext
from storage import webhook_log, webhooks

_COLUMNS = (
    ListColumn("at", "At"),
    ListColumn("status", "Status", numeric=True),
    ListColumn("milliseconds", "Milliseconds", numeric=True),
    ListColumn("error", "Error"),
    ListColumn("response", "Answer"),
)


def show(context: PageContext, endpoint_id: int, delivery_id: int) -> str:
    """The page."""
    with context.database.read() as tx:
        endpoint = webhooks.get(tx, endpoint_id)
        delivery = webhook_log.get(tx, endpoint_id, delivery_id)
        attempts = webhook_log.attempts_of(tx, delivery_id)
    return context.render(
        "delivery.html",
        endpoint=endpoint,
        delivery=delivery,
        attempts=attempts,
        columns=_COLUMNS,
        path=f"{path_of(endpoint_id)}/deliveries/{delivery_id}",
    )


def send_again(context: PageContext, endpoint_id: int, delivery_id: int) -> Answer:
    """Send this message again, with the same id."""
    with context.database.read() as tx:
        endpoint_actions.require_enabled(tx, endpoint_id)
        event_id = webhook_log.get(tx, endpoint_id, delivery_id).event_id
    endpoint_actions.replay(context.database, endpoint_id, [event_id], context.now)
    path = f"{path_of(endpoint_id)}/deliveries/{delivery_id}"
    return context.done(gettext("The message is sent again within seconds."), path)


PAGE = DeskPage(
    "delivery",
    f"{ENDPOINT.path}/deliveries/<int(max={LARGEST_ID}):delivery_id>",
    "Delivery",
    show,
    actions=(PageAction("send-again", send_again, Role.ADMIN),),
)
