"""*One webhook endpoint*: its deliveries; admins test it, enable it, and send messages again."""

from dataclasses import replace

from flask import request

from monitor.events.kind import EventKind
from monitor.model.instants import rfc3339
from monitor.model.role import Role
from refilld.services import webhooks as endpoint_actions
from refilld.services.delivery_query import DELIVERIES
from refilld.services.input_limits import LARGEST_ID
from refilld.services.list_query import parse_instant
from refilld.services.webhook_fields import endpoint_state
from refilld.translations.event_labels import WEBHOOK_STATES
from refilld.web.cursor_list import read_cursor_list
from refilld.web.list_fields import FilterField, ListColumn
from refilld.web.page import Answer, DeskPage, PageAction, PageContext
from refilld.web.pages import webhooks as overview
from refilld.web.reader import gettext, ngettext
from storage import webhook_log, webhooks

_LONGEST_TIME = 40
_COLUMNS = (
    ListColumn("id", "Delivery"),
    ListColumn("kind", "Event"),
    ListColumn("state", "State"),
    ListColumn("created", "Planned"),
    ListColumn("attempts", "Attempts", numeric=True),
    ListColumn("answer", "Last answer"),
    ListColumn("next", "Next attempt"),
)
_FILTERS = (
    FilterField("state", "State", tuple(WEBHOOK_STATES.items())),
    FilterField("kind", "Event", tuple((kind, kind) for kind in EventKind)),
)


def path_of(endpoint_id: int) -> str:
    """The path of the page of an endpoint."""
    return f"{overview.PATH}/{endpoint_id}"


def show(context: PageContext, endpoint_id: int) -> str:
    """The page."""
    deliveries = read_cursor_list(path_of(endpoint_id), DELIVERIES, context.now)
    with context.database.read() as tx:
        endpoint = webhooks.get(tx, endpoint_id)
        trouble = webhook_log.troubles(tx, [endpoint])[endpoint_id]
        found = total = None
        if deliveries.query is not None:
            wanted = replace(deliveries.query.filter, endpoint_id=endpoint_id)
            found = webhook_log.page(tx, wanted, deliveries.query.page)
            total = webhook_log.counted(tx, wanted)
    return context.render(
        "webhook.html",
        endpoint=endpoint,
        state=endpoint_state(endpoint),
        trouble=trouble,
        deliveries=deliveries,
        found=found,
        total=total,
        columns=_COLUMNS,
        filters=_FILTERS,
        now=context.now,
    )


def test(context: PageContext, endpoint_id: int) -> Answer:
    """Plan a test message, which the daemon sends; its page shows the answer."""
    with context.database.write() as tx:
        delivery_id = endpoint_actions.plan_test(tx, endpoint_id, context.now)
    message = gettext("A test message is sent within seconds; the answer is shown here.")
    return context.done(message, f"{path_of(endpoint_id)}/deliveries/{delivery_id}")


def enable(context: PageContext, endpoint_id: int) -> Answer:
    """Enable an endpoint that was disabled, or end its pause."""
    with context.database.write() as tx:
        endpoint_actions.enable(tx, endpoint_id, context.now)
    message = gettext("The endpoint is enabled. What it has missed is sent only if you send it again.")
    return context.done(message, path_of(endpoint_id))


def send_again(context: PageContext, endpoint_id: int) -> Answer:
    """Ask whether to send the messages since a time again; once confirmed, send them."""
    typed, undelivered = request.form.get("since", "")[:_LONGEST_TIME], "undelivered" in request.form
    try:
        since = parse_instant(typed.strip(), context.now)
    except ValueError as error:
        return context.refused(f"since: {error}", path_of(endpoint_id))
    with context.database.read() as tx:
        events = endpoint_actions.to_replay(tx, endpoint_id, since, undelivered=undelivered)
        endpoint = webhooks.get(tx, endpoint_id)
    if not events:
        return context.refused(gettext("There is nothing to send again."), path_of(endpoint_id))
    if "confirmed" not in request.form:
        hidden = {"since": rfc3339(since), "confirmed": "yes"} | (
            {"undelivered": "yes"} if undelivered else {}
        )
        return context.render(
            "webhook_again.html", endpoint=endpoint, number=len(events), since=since,
            undelivered=undelivered, hidden=hidden, back=path_of(endpoint_id),
        )  # fmt: skip
    endpoint_actions.replay(context.database, endpoint_id, events, context.now)
    return context.done(
        ngettext(
            "{number} message will be sent again.", "{number} messages will be sent again.", len(events)
        ),
        path_of(endpoint_id),
    )


PAGE = DeskPage(
    "webhook",
    f"{overview.PATH}/<int(max={LARGEST_ID}):endpoint_id>",
    "Webhook endpoint",
    show,
    actions=(
        PageAction("test", test, Role.ADMIN),
        PageAction("enable", enable, Role.ADMIN),
        PageAction("send-again", send_again, Role.ADMIN),
    ),
)
