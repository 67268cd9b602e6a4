"""The OpenAPI document, and the page that shows it; both are made once and need no token."""

from functools import cached_property

from flask import Response
from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape

from refilld.api.openapi import document
from refilld.api.responses import to_json
from refilld.api.route import JSON, ApiRoute, RouteTable

PAGE = "/docs"
DOCUMENT = "/openapi.json"
_POLICY = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'"
"""The page has its style in itself, and loads nothing."""


class Reference:
    """The document of the routes of a table, once all are known."""

    def __init__(self, table: RouteTable) -> None:
        self._table = table

    @cached_property
    def _document(self) -> str:
        return to_json(document(self._table.groups))

    @cached_property
    def _page(self) -> str:
        loader = PackageLoader("refilld.api")
        pages = Environment(
            loader=loader, autoescape=select_autoescape(), undefined=StrictUndefined, trim_blocks=True
        )
        return pages.get_template("reference.html").render(document(self._table.groups))

    def openapi(self) -> Response:
        return Response(self._document, mimetype=JSON)

    def page(self) -> Response:
        headers = {"Content-Security-Policy": _POLICY}
        return Response(self._page, headers=headers, mimetype="text/html")


def reference_routes(reference: Reference) -> tuple[ApiRoute, ...]:
    """The routes of the reference."""
    described = dict[str, object]
    return (
        ApiRoute("GET", DOCUMENT, reference.openapi, "This document", described),
        ApiRoute("GET", PAGE, reference.page, "This document as a page", str, media_types=("text/html",)),
    )
