"""The endpoint of the metrics."""

from flask import Blueprint, Response, request
from prometheus_client import CollectorRegistry
from prometheus_client.exposition import choose_encoder

from refilld.metrics.access import MetricsAccess


def metrics_routes(registry: CollectorRegistry, access: MetricsAccess) -> Blueprint:
    """`/metrics`, in the format that the request accepts."""
    routes = Blueprint("metrics", __name__)

    @routes.get("/metrics")
    def metrics() -> Response:
        refused = access.refusal()
        if refused is not None:
            return refused
        encode, content_type = choose_encoder(request.headers.get("Accept", ""))
        return Response(encode(registry), content_type=content_type)

    return routes
