"""The Flask application with its routes, authentication and error handlers."""

from collections.abc import Callable
from threading import Event

import structlog
from flask import Flask, Response

from monitor.model.target import Metric
from refilld import request_ids
from refilld.answers.texts import Texts, load_texts
from refilld.api import problems
from refilld.api.auth import Guard, add_quota
from refilld.api.health import Health, health_routes
from refilld.api.lists import LISTS
from refilld.api.long_poll import LongPoll
from refilld.api.order_import import OrderImport, import_routes
from refilld.api.orders import Orders, order_routes
from refilld.api.panel.described import panel_route
from refilld.api.panel.dialect import PanelDialect, panel_routes
from refilld.api.queue import QueuePauses, queue_routes
from refilld.api.raw_path import OrderPart, with_raw_path
from refilld.api.reference import Reference, reference_routes
from refilld.api.refill_actions import RefillActions
from refilld.api.refill_batch import RefillBatch, batch_routes
from refilld.api.refill_requeue import RefillRequeue, requeue_route
from refilld.api.refills import RefillQueue, refill_routes
from refilld.api.responses import HARDENING
from refilld.api.route import ROUTES, RouteTable
from refilld.api.server import LARGEST_BODY
from refilld.api.token_lookup import TokenLookup
from refilld.api.webhooks import WebhookEndpoints, webhook_routes
from refilld.application import Application
from refilld.services.look_obstacle import EnabledSources
from refilld.services.sent_orders import order_reader
from refilld.services.token_uses import TokenUses
from refilld.settings.settings import Settings
from storage.engine import Database
from storage.patience import CALLER
from storage.shared_clock import SharedClock

log = structlog.get_logger()
USES = "refilld token uses"
"""The extension of the application that counts the requests of tokens; its process stores them."""


def create_app(
    database: Database,
    settings: Settings,
    clock: SharedClock,
    stopping: Event,
    health: Callable[[], Health],
    enabled: EnabledSources,
    refilled: Callable[[Metric, int], None] = lambda _metric, _units: None,
) -> Flask:
    """The HTTP interface of an open database; waiting requests end when `stopping` is set.

    `refilled` is called with the units of each completed refill.

    No request waits long for the database, for the threads that serve requests are few.
    """
    database = database.capped(CALLER)
    app = _empty_app()
    actions = RefillActions(clock, settings.queue, settings.guarantee.shadow, refilled)
    batch = RefillBatch(database, actions)
    orders = Orders(database, clock, enabled, _texts(settings))
    endpoints = WebhookEndpoints(database, clock, settings.webhooks.allowed)
    app.extensions[USES] = uses = TokenUses(database, clock)
    guard = Guard(TokenLookup(database), uses, clock, settings.http.requests_per_minute)
    queue = RefillQueue(database, actions, LongPoll(database, actions, stopping, guard))
    table = RouteTable(app, guard, clock)
    table.add("health", *health_routes(health))
    for listing in LISTS:
        table.add(listing.noun, listing.route(database))
    table.add("orders", *order_routes(orders))
    table.add("orders", *import_routes(OrderImport(database, clock, order_reader(settings))))
    table.add("refills", *refill_routes(queue), *batch_routes(batch), requeue_route(RefillRequeue(batch)))
    table.add("queue", *queue_routes(QueuePauses(database, clock)))
    table.add("webhooks", *webhook_routes(endpoints))
    dialect = PanelDialect(database, clock, settings, guard)
    app.register_blueprint(panel_routes(dialect))
    table.describe("panel", panel_route(dialect))
    table.add("reference", *reference_routes(Reference(table)))
    app.extensions[ROUTES] = table
    return app


def _empty_app() -> Flask:
    """An application without routes."""
    app = Application("refilld", static_folder=None)
    app.config["MAX_CONTENT_LENGTH"] = LARGEST_BODY
    app.url_map.converters["order"] = OrderPart
    # as Flask documents it
    app.wsgi_app = with_raw_path(app.wsgi_app)  # type: ignore[method-assign,assignment]
    app.url_map.merge_slashes = False  # a redirect would be built from the Host header
    problems.register(app)
    request_ids.register(app)
    app.after_request(_harden)
    app.after_request(add_quota)
    return app


def _texts(settings: Settings) -> Texts:
    """The texts that answer customers; what is wrong with them is logged."""
    texts = load_texts(settings.answers.language, settings.answers.path)
    for fault in texts.faults:
        log.warning("answers.text_refused", fault=fault)
    return texts


def _harden(response: Response) -> Response:
    for name, value in HARDENING:
        response.headers.add(name, value)
    return response
