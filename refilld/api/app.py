"""The Flask application with its routes, authentication and error handlers."""

from collections.abc import Callable
from datetime import datetime
from threading import Event

from flask import Flask, Response

from refilld.api import problems
from refilld.api.auth import Guard
from refilld.api.health import Health, health_routes
from refilld.api.long_poll import WaiterPool
from refilld.api.orders import OrderId, OrderRequests, order_routes
from refilld.api.refills import RefillQueue, refill_routes
from refilld.api.server import LARGEST_BODY, THREADS
from refilld.settings import Settings
from storage.engine import Database


def create_app(
    database: Database,
    settings: Settings,
    clock: Callable[[], datetime],
    stopping: Event,
    health: Callable[[], Health],
) -> Flask:
    """The HTTP interface of an open database; waiting requests end when `stopping` is set."""
    app = Flask("refilld", static_folder=None)
    app.config["MAX_CONTENT_LENGTH"] = LARGEST_BODY
    app.url_map.converters["order"] = OrderId
    app.url_map.merge_slashes = False  # a redirect would be built from the Host header
    problems.register(app)
    guard = Guard(database)
    # at most half of the threads wait for refills, so that the others can serve completions
    queue = RefillQueue(database, clock, settings.queue.max_attempts, WaiterPool(stopping, THREADS // 2))
    app.register_blueprint(health_routes(health))
    app.register_blueprint(refill_routes(queue, guard))
    app.register_blueprint(order_routes(OrderRequests(database, clock), guard))
    app.after_request(_harden)
    return app


def _harden(response: Response) -> Response:
    """Forbid caching, because answers may hold lease tokens, and content type sniffing."""
    response.headers.setdefault("Cache-Control", "no-store")
    response.headers.setdefault("X-Content-Type-Options", "nosniff")
    return response
