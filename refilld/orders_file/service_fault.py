"""Faults of a service: what the configuration must say before any of its rows can be imported."""

from monitor.errors import BadInputError
from monitor.model.target import Metric
from refilld.orders_file.cells import shown
from refilld.toml_format import toml_string


class ServiceFaultError(BadInputError):
    """The configuration leaves open what a service delivers or promises; it stops all rows of the service."""

    def __init__(
        self,
        service: str,
        name: str,
        metrics: tuple[Metric, ...] = (),
        *,
        unread: bool = False,
        foreign: str = "",
    ) -> None:
        """`metrics` are those that are possible, if none is known; `unread` is a promise in the `name`.

        `foreign` is the problem of a link to another site, where nothing else is known of the service.
        """
        key = f"[services.{toml_string(service)}]"
        if foreign and not metrics:
            problem = f"{foreign}, or skip the service with ignore = true under {key}"
        elif metrics:
            problem = (
                f"is missing, and the configuration has no metric for service {shown(service)};"
                f" write one of {', '.join(Metric)} in a metric column, or under {key}"
            )
        else:
            problem = (
                f"the guarantee in the name {shown(name)} cannot be read;"
                f' say what holds with terms = "default", or other terms, under {key}'
            )
        super().__init__("metric" if metrics else "link" if foreign else "terms", problem)
        self.service = service
        self.name = name
        self.metrics = metrics
        self.unread = unread
        self.foreign = foreign

    def also(self, other: "ServiceFaultError") -> "ServiceFaultError":
        """The fault of all rows of the service: what either of two rows leaves open."""
        metrics = tuple(dict.fromkeys((*self.metrics, *other.metrics)))
        unread, foreign = self.unread or other.unread, self.foreign or other.foreign
        return ServiceFaultError(self.service, self.name, metrics, unread=unread, foreign=foreign)
