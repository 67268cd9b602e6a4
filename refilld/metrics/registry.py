"""The registry of one process, with its version and its use of the machine."""

from importlib import metadata
from platform import python_version

from prometheus_client import CollectorRegistry, Info, ProcessCollector, disable_created_metrics

disable_created_metrics()  # type: ignore[no-untyped-call]  # every counter and histogram would have a second series


def new_registry() -> CollectorRegistry:
    """A registry with `refilld_build_info` and the `process_` metrics."""
    registry = CollectorRegistry()
    ProcessCollector(registry=registry)
    build = Info("refilld_build", "The version of refilld, and of Python; always 1.", registry=registry)
    build.info({"version": metadata.version("refilld"), "python": python_version()})
    return registry
