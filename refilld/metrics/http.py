"""Metrics of the HTTP interface."""

from time import perf_counter

from flask import Flask, Response, g, request
from prometheus_client import CollectorRegistry, Histogram

from refilld.deferred_answer import DeferredAnswer

METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
OTHER_METHOD, NO_ROUTE = "other", "none"
DURATIONS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60)
"""Upper bounds of the buckets, in seconds; a claim may wait for 30."""


class HttpMetrics:
    """Measures requests by route template, so that no path or id becomes a label."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._durations = Histogram(
            "refilld_http_request_duration_seconds",
            "Time to answer an HTTP request, without the transfer of the answer.",
            ["method", "route", "status"],
            registry=registry,
            buckets=DURATIONS,
        )

    def observe(self, app: Flask) -> None:
        """Measure all requests of an application, those that match no route as well."""
        app.before_request_funcs.setdefault(None, []).insert(0, _begin)  # before those that may answer
        app.after_request(self._end)

    def _end(self, response: Response) -> Response:
        method = request.method if request.method in METHODS else OTHER_METHOD
        route = request.url_rule.rule if request.url_rule else NO_ROUTE
        began: float = g.began

        def observe() -> None:
            status = f"{response.status_code // 100}xx"
            self._durations.labels(method, route, status).observe(perf_counter() - began)

        if isinstance(response, DeferredAnswer):
            response.call_on_close(observe)
        else:
            observe()
        return response


def _begin() -> None:
    g.began = perf_counter()
