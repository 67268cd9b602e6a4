"""What the layout of every page shows: navigation, visitor, messages, time, and the state of the monitor."""

from collections.abc import Sequence
from typing import Any

from flask import Flask, g, request

from refilld.translations.desk_labels import ENDPOINT_STATES, SOURCE_STATES
from refilld.translations.event_labels import ALERT_STATES, WEBHOOK_STATES
from refilld.web import flashes, reader
from refilld.web.form_token import FIELD, form_token
from refilld.web.list_fields import LONGEST_FILTER
from refilld.web.monitor_state import MonitorHealth, monitor_state
from refilld.web.page import Desk, DeskPage, NavGroup
from refilld.web.visitor import visitor


def register(app: Flask, desk: Desk, pages: Sequence[DeskPage]) -> None:
    """Give templates what the layout needs."""
    by_name = {page.name: page for page in pages}
    app.jinja_env.globals |= {
        "alert_states": ALERT_STATES,
        "webhook_states": WEBHOOK_STATES,
        "endpoint_states": ENDPOINT_STATES,
        "source_states": SOURCE_STATES,
    }

    def monitor() -> MonitorHealth:
        with desk.database.read() as tx:
            return monitor_state(tx, desk.clock())

    @app.context_processor
    def values() -> dict[str, Any]:
        name = (request.endpoint or "").partition(".")[0]
        return {
            "language": reader.language(),
            "page": by_name.get(name),
            "visitor": g.get("visitor"),
            "navigation": lambda: _navigation(pages),
            "form_field": FIELD,
            "form_token": _form_token,
            "flashes": flashes.shown,
            "monitor": monitor,
            "clock": desk.clock,
            "search": by_name.get("search"),
            "search_text": request.args.get("q", "")[:LONGEST_FILTER],
            "account": by_name.get("account"),
        }


def _navigation(pages: Sequence[DeskPage]) -> dict[str, list[DeskPage]]:
    """The pages that the visitor may open, by group."""
    shown = [page for page in pages if visitor().may(page.role)]
    groups = {str(group): [page for page in shown if page.group is group] for group in NavGroup}
    return {group: found for group, found in groups.items() if found}


def _form_token() -> str:
    g.form_shown = True
    return form_token(visitor().secret)
