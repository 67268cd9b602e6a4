"""*Bulk actions*: what operators did to many rows at once; every list sends its form to the preview."""

from flask import Response, request, url_for

from monitor.errors import BadInputError
from monitor.model.bulk_action import BulkAction, BulkState
from refilld.services import bulk_preview, bulk_request
from refilld.services.bulk_request import BulkRequest
from refilld.services.list_query import QueryFormat
from refilld.translations.source_text import marked
from refilld.web.access import own_path
from refilld.web.cursor_list import read_cursor_list
from refilld.web.list_fields import ListColumn
from refilld.web.page import DeskPage, NavGroup, PageAction, PageContext
from refilld.web.reader import gettext
from storage import bulk_actions
from storage.errors import ShadowModeError
from storage.pages import Page, PageRequest
from storage.server_time import shared_time

PATH = "/bulk"
PER_PAGE = 20
_LONGEST_PATH = 2_000
COLUMNS = (
    ListColumn("id", "Action"),
    ListColumn("rows", "Rows", numeric=True),
    ListColumn("done", "Done", numeric=True),
    ListColumn("refused", "Refused", numeric=True),
    ListColumn("by", "By"),
    ListColumn("at", "Previewed"),
    ListColumn("state", "State"),
)
TONES = {BulkState.FINISHED: "good", BulkState.RUNNING: "wait", BulkState.STOPPED: "bad"}
TITLES = {
    BulkAction.APPROVE: marked("Approve refills"),
    BulkAction.REJECT: marked("Reject refills"),
    BulkAction.REQUEUE: marked("Requeue refills"),
    BulkAction.CANCEL: marked("Cancel refills"),
    BulkAction.RELEASE: marked("Release refills"),
    BulkAction.DISCARD: marked("Discard refills"),
    BulkAction.CLOSE: marked("Close reviews"),
    BulkAction.FLAG: marked("Flag orders"),
    BulkAction.UNFLAG: marked("Lift a flag of orders"),
    BulkAction.CHECK: marked("Check orders now"),
    BulkAction.ACKNOWLEDGE: marked("Acknowledge alerts"),
}
_ALL: QueryFormat[dict[str, str]] = QueryFormat(dict, {})
"""The list has no filter."""


def show(context: PageContext) -> str:
    """The page."""
    listed = read_cursor_list(PATH, _ALL, context.now)
    found: Page[bulk_actions.BulkActionRow] = Page(())
    with context.database.read() as tx:
        if listed.query is not None:
            found = bulk_actions.page(tx, PageRequest(PER_PAGE, listed.query.page.cursor))
        progress = bulk_actions.progress_of(tx, [row.bulk_action_id for row in found.rows])
    return context.render(
        "bulk_actions.html",
        listed=listed,
        found=found,
        progress=progress,
        columns=COLUMNS,
        tones=TONES,
        titles=TITLES,
        now=context.now,
    )


def preview(context: PageContext) -> Response:
    """Freeze the rows of the form of a list, and lead to what will be done with them."""
    back = own_path(request.form.get("back", "/")[:_LONGEST_PATH])
    rules = context.settings.queue_rules
    try:
        with context.database.read() as tx:
            planned = bulk_request.plan(tx, _asked(), rules, shared_time(tx, context.now))
    except BadInputError as error:
        return context.refused(gettext("Not previewed: {why}.", why=error.problem), back)
    except ShadowModeError as error:
        return context.refused(gettext("Not previewed: {why}.", why=error), back)
    with context.database.write() as tx:
        found = bulk_preview.freeze(tx, planned, shared_time(tx, context.now), back)
    return context.see(url_for("bulk_action", bulk_action_id=found.bulk_action_id))


def _asked() -> BulkRequest:
    """What the form asks for: `row` is an action and an id, from the button of one row."""
    form = request.form
    action, ids = form.get("action", ""), form.getlist("id")
    if form.get("row"):
        action, _, one = form["row"].partition(" ")
        ids = [one]
    everything = form.get("all") == "yes" and not form.get("row")
    return BulkRequest(
        form.get("subject", ""),
        action,
        ids,
        form.get("filter", "") if everything else None,
        form.get("flag", ""),
        form.get("note", ""),
    )


PAGE = DeskPage(
    "bulk",
    PATH,
    "Bulk actions",
    show,
    group=NavGroup.WORK,
    letter="b",
    actions=(PageAction("preview", preview),),
)
