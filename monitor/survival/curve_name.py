"""Which orders a curve is about."""

from collections.abc import Iterator
from dataclasses import dataclass

from monitor.model.target import Metric

ALL = ""
"""All services, or all providers; also the provider of an order without one."""


@dataclass(frozen=True, slots=True, order=True)
class CurveName:
    """A metric, and a service and a provider or ALL of them."""

    metric: Metric
    service: str = ALL
    provider: str = ALL


def names_of(metric: Metric, service: str, provider: str) -> Iterator[CurveName]:
    """The curves that orders of a service and provider belong to."""
    yield CurveName(metric)
    yield CurveName(metric, service)
    if provider:
        yield CurveName(metric, ALL, provider)
        yield CurveName(metric, service, provider)
