"""What the HTTP server of a process serves: the API with the metrics, and beside it the pages."""

from collections.abc import Callable, Iterable
from typing import Any

from flask import Flask, request
from werkzeug.exceptions import MethodNotAllowed

API_PATHS = ("/api/", "/healthz", "/readyz", "/metrics", "/openapi.json", "/docs")
"""The paths of the API; the pages have all others."""
_READING = ("GET", "HEAD")
_OF_BROWSERS = frozenset({*_READING, "POST"})
WsgiApp = Callable[[dict[str, Any], Any], Iterable[bytes]]


def beside(api: Flask, pages: Flask) -> WsgiApp:
    """Both applications as one; the API refuses what no browser asks of a page."""
    page_paths = pages.url_map.bind("")

    def methods(path: str) -> frozenset[str]:
        """What browsers may do with a page; nothing if there is none."""
        return _OF_BROWSERS & set(page_paths.allowed_methods(path))

    def is_for_a_page(method: str, path: str) -> bool:
        return method in _READING or (method == "POST" and bool(methods(path)))

    @api.before_request
    def refuse_method() -> None:
        if request.url_rule is None and (allowed := methods(request.path)):
            raise MethodNotAllowed(sorted(allowed))

    def serve(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        path = environ.get("PATH_INFO", "")
        of_api = f"{path}/".startswith(API_PATHS) or not is_for_a_page(environ["REQUEST_METHOD"], path)
        return (api if of_api else pages)(environ, start_response)

    return serve
