"""What the applications of the API and of the pages have in common."""

from collections.abc import Callable
from typing import Any

from flask import Flask, Request
from werkzeug.routing import MapAdapter


class Application(Flask):
    """Flask without two steps that take time in each request, and that no route needs."""

    def ensure_sync(self, func: Callable[..., Any]) -> Callable[..., Any]:
        """No view is a coroutine."""
        return func

    def create_url_adapter(self, request: Request | None) -> MapAdapter | None:
        """No route depends on the host, which may be no name at all, and no URL is built from it."""
        if request is None:
            return None
        return self.url_map.bind("", path_info=request.path, default_method=request.method)
