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
        self._series: dict[tuple[str, str, int], Histogram] = {}
        """By method, route and class of the status: to find one by its labels costs as much as to count."""
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
        method, rule, began = request.method, request.url_rule, g.began
        method = method if method in METHODS else OTHER_METHOD
        route = rule.rule if rule else NO_ROUTE
        if isinstance(response, DeferredAnswer):
            response.call_on_close(lambda: self._count(method, route, response, began))
        else:
            self._count(method, route, response, began)
        return response

    def _count(self, method: str, route: str, response: Response, began: float) -> None:
        key = method, route, response.status_code // 100
        series = self._series.get(key)
        if series is None:
            series = self._series[key] = self._durations.labels(method, route, f"{key[2]}xx")
        series.observe(perf_counter() - began)


def _begin() -> None:
    g.began = perf_counter()
