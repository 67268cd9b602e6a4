"""The Flask application of the pages: routes, access, errors and templates."""

from collections.abc import Callable
from dataclasses import replace
from functools import wraps

from flask import Flask, Response, make_response, redirect
from jinja2 import StrictUndefined

from monitor.model.role import Role
from refilld import request_ids
from refilld.application import Application
from refilld.order_path import OrderId
from refilld.web import access, errors, flashes, formats, layout, reader, security_headers
from refilld.web.page import Desk, DeskPage, PageContext, View
from refilld.web.registry import PAGES
from refilld.web.static_files import static_routes
from refilld.web.visitor import visitor
from refilld.web.visitors import Visitors
from storage.patience import CALLER

LARGEST_FORM = 256 * 1024
"""Bytes of a form: a selection of a thousand ids and a note."""
MOST_FIELDS = 2_000
HOME = "home"


def create_pages(desk: Desk, pages: tuple[DeskPage, ...] = PAGES) -> Flask:
    """The pages of the desk.

    No page waits long for the database, for the threads that serve requests are few.
    """
    desk = replace(desk, database=desk.database.capped(CALLER))
    app = Application("refilld.web", static_folder=None, template_folder="templates")
    app.config.update(
        MAX_CONTENT_LENGTH=LARGEST_FORM, MAX_FORM_MEMORY_SIZE=LARGEST_FORM, MAX_FORM_PARTS=MOST_FIELDS
    )
    app.url_map.merge_slashes = False
    app.url_map.converters["order"] = OrderId
    app.jinja_env.undefined = StrictUndefined
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    web = desk.settings.web
    reader.register(app, desk.settings.alerts.language)
    request_ids.register(app)
    security_headers.register(app, secure=web.secure)
    visitors = Visitors(desk)
    visitors.register(app)
    access.register(app, visitors.find, _roles(pages), web.public_url)
    flashes.register(app, secure=web.secure)
    errors.register(app)
    formats.register(app)
    layout.register(app, desk, pages)
    app.register_blueprint(static_routes())
    for page in pages:
        _add(app, desk, page)
    if "/" not in {page.path for page in pages}:
        app.add_url_rule("/", HOME, lambda: redirect(pages[0].path))
    return app


def _roles(pages: tuple[DeskPage, ...]) -> dict[str, Role]:
    """The role that each route needs."""
    found = {page.name: page.role for page in pages} | {HOME: Role.VIEWER}
    return found | {f"{page.name}.{one.name}": one.role for page in pages for one in page.actions}


def _add(app: Flask, desk: Desk, page: DeskPage) -> None:
    app.add_url_rule(page.path, page.name, _view(desk, page.view), methods=["GET"])
    for action in page.actions:
        path = f"{page.path.rstrip('/')}/{action.name}"
        app.add_url_rule(path, f"{page.name}.{action.name}", _view(desk, action.view), methods=["POST"])


def _view(desk: Desk, view: View) -> Callable[..., Response]:
    @wraps(view)
    def answer(**path: object) -> Response:
        return make_response(view(PageContext(desk, desk.clock(), visitor()), **path))

    return answer
