"""The metrics of a process as a part of its HTTP interface."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from functools import partial

from flask import Flask, Response
from pydantic import ConfigDict, RootModel

from refilld.api.route import ROUTES, ApiRoute, RouteTable
from refilld.api.token_lookup import TokenLookup
from refilld.metrics.access import MetricsAccess
from refilld.metrics.database import DatabaseCollector
from refilld.metrics.process import ProcessMetrics
from refilld.metrics.routes import metrics_routes
from refilld.services.database_check import DatabaseCheck
from refilld.settings.settings import Settings
from storage.engine import Database
from storage.patience import SCRAPE
from storage.tokens import Scope


class MetricsAnswer(RootModel[str]):
    """The metrics of the process, a sample a line; Accept says in which of the two formats."""

    model_config = ConfigDict(
        json_schema_extra={"examples": ['# TYPE refilld_daemons gauge\nrefilld_daemons{mode="run"} 1.0\n']}
    )


def add_metrics(
    app: Flask,
    metrics: ProcessMetrics,
    database: Database,
    check: DatabaseCheck,
    settings: Settings,
    clock: Callable[[], datetime],
) -> None:
    """Measure the requests of an application, and serve all metrics at `/metrics`."""
    database = database.capped(SCRAPE)
    table: RouteTable = app.extensions[ROUTES]
    collector = DatabaseCollector(database, check.require_ready, settings.enabled_sources, clock)
    metrics.registry.register(collector)
    guard = replace(table.guard, lookup=TokenLookup(database))  # which waits less long
    token_refusal = partial(guard.refusal, Scope.METRICS_READ)
    access = MetricsAccess(settings.http.metrics_networks, check.require_ready, token_refusal)
    app.register_blueprint(metrics_routes(metrics.registry, access))
    table.describe("metrics", _described())
    metrics.http.observe(app)


def _described() -> ApiRoute:
    """The endpoint as the OpenAPI document shows it; a token is needed except from configured peers."""
    return ApiRoute(
        "GET",
        "/metrics",
        Response,
        "What the process counts, for Prometheus",
        MetricsAnswer,
        name="scrape",
        scopes=(Scope.METRICS_READ,),
        media_types=("text/plain", "application/openmetrics-text"),
    )
