"""*Audit*: who changed what, when, from what to what, and why."""

from dataclasses import replace

from monitor.events.kind import EventKind
from refilld.services.event_query import EVENTS
from refilld.texts.renderer import default_renderer
from refilld.translations.source_text import labelled
from refilld.web.cursor_list import read_cursor_list
from refilld.web.list_fields import FilterField, ListColumn
from refilld.web.page import DeskPage, NavGroup, PageContext
from refilld.web.reader import language
from storage import event_list
from storage.actor import ActorKind
from storage.event_list import EventFilter

PATH = "/audit"
_ACTORS = {
    ActorKind.PAGE: labelled("by", "people at the pages"),
    ActorKind.CLI: labelled("by", "people at the prompt"),
    ActorKind.TOKEN: labelled("by", "programs with a token"),
    ActorKind.JOB: labelled("by", "jobs"),
}
_COLUMNS = (
    ListColumn("at", "At"),
    ListColumn("actor", "Who"),
    ListColumn("text", "What"),
    ListColumn("kind", "Kind"),
    ListColumn("order", "Order"),
    ListColumn("request", "Request"),
)
_FILTERS = (
    FilterField("actor_kind", "By", tuple(_ACTORS.items())),
    FilterField("actor", "Name"),
    FilterField("order_id", "Order"),
    FilterField("kind", "Kind", tuple((kind, kind) for kind in EventKind)),
    FilterField("since", "Since, such as 7d"),
)


def show(context: PageContext) -> str:
    """The page."""
    events = read_cursor_list(PATH, EVENTS, context.now)
    found = total = None
    if events.query is not None:
        with context.database.read() as tx:
            wanted = _with_jobs(events.query.filter)
            found = event_list.page(tx, wanted, events.query.page)
            total = event_list.counted(tx, wanted)
    return context.render(
        "audit.html",
        events=events,
        found=found,
        total=total,
        columns=_COLUMNS,
        filters=_FILTERS,
        text=default_renderer(language()).text,
    )


def _with_jobs(wanted: EventFilter) -> EventFilter:
    """What jobs did is shown if it is asked for, or if an order or a name is."""
    jobs = wanted.actor_kind is ActorKind.JOB or wanted.actor is not None or wanted.order_id is not None
    return replace(wanted, jobs=jobs)


PAGE = DeskPage("audit", PATH, "Audit", show, group=NavGroup.SYSTEM, letter="u")
