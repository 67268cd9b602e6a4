"""What the HTTP server of a process serves: the API with the metrics, and beside it the pages."""

from collections.abc import Callable, Iterable
from typing import Any

from flask import Flask

API_PATHS = ("/api/", "/healthz", "/readyz", "/metrics", "/openapi.json", "/docs")
"""The paths of the API; the pages have all others."""
WsgiApp = Callable[[dict[str, Any], Any], Iterable[bytes]]


def beside(api: Flask, pages: Flask) -> WsgiApp:
    """Both applications as one."""

    def serve(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        path = environ.get("PATH_INFO", "")
        return (api if path.startswith(API_PATHS) else pages)(environ, start_response)

    return serve
