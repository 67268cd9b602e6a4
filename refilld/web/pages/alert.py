"""*One alert*: who was told of it, what and when, and why not; it can be acknowledged here."""

from flask import request

from refilld.services.alert_explanation import explain_alert
from refilld.services.input_limits import LARGEST_ID
from refilld.services.silencing import typed_for
from refilld.web.access import own_path
from refilld.web.list_fields import ListColumn
from refilld.web.page import Answer, DeskPage, PageAction, PageContext
from refilld.web.reader import gettext
from storage import problems
from storage.engine import Transaction
from storage.errors import WrongStateError

_RECEIVERS = (
    ListColumn("receiver", "Receiver"),
    ListColumn("why", "Told or not, and why"),
    ListColumn("at", "Decided"),
    ListColumn("next", "Next turn"),
)
_MESSAGES = (
    ListColumn("id", "Message"),
    ListColumn("at", "At"),
    ListColumn("receiver", "Receiver"),
    ListColumn("why", "Why"),
    ListColumn("alerts", "Alerts in it", numeric=True),
    ListColumn("state", "State"),
)


def show(context: PageContext, alert_id: int) -> str:
    """The page."""
    with context.database.read() as tx:
        found = explain_alert(tx, context.settings.alerts, alert_id, context.now)
        lasts = problems.lasts(tx, alert_id)
    return context.render(
        "alert.html",
        found=found,
        event=found.history.event,
        lasts=lasts,
        matchers=typed_for(found.history.event).matchers,
        receivers=_RECEIVERS,
        messages=_MESSAGES,
        now=context.now,
    )


def acknowledge(context: PageContext, alert_id: int) -> Answer:
    """Let it not be repeated before it ends."""

    def change(tx: Transaction) -> str:
        if not problems.acknowledge(tx, alert_id, context.visitor.name, context.now):
            raise WrongStateError(gettext("Alert {id} was acknowledged already.", id=alert_id))
        return gettext("Alert {id} is acknowledged: it is not repeated, and its end is told.", id=alert_id)

    return context.carry_out(change, own_path(request.form.get("back", f"/alerts/{alert_id}")))


PAGE = DeskPage(
    "alert",
    f"/alerts/<int(max={LARGEST_ID}):alert_id>",
    "Alert",
    show,
    actions=(PageAction("acknowledge", acknowledge),),
)
