"""Liveness and readiness for probes, without authentication."""

from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus

import structlog
from flask import Response

from refilld.api.answers import ProbeAnswer, ReadyAnswer
from refilld.api.problems import RETRY_AFTER, problem
from refilld.api.responses import answer
from refilld.api.route import ApiRoute
from refilld.services.queue_pause import mode_of
from storage.queue_pauses import QueuePause

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Health:
    """The faults that make the process not ready, one line each; they are logged, not answered."""

    faults: tuple[str, ...] = ()
    writable: bool = True
    """Whether the last write to the database worked."""
    pauses: tuple[QueuePause, ...] = ()
    """What is paused of the queue; that does not make it unready."""

    @property
    def ready(self) -> bool:
        return not self.faults


def health_routes(health: Callable[[], Health]) -> tuple[ApiRoute, ...]:
    """`/healthz` and `/readyz`."""

    def healthz() -> Response:
        return answer({"status": "alive"})

    def readyz() -> Response:
        found = health()
        if found.ready:
            queue = {"queue": mode_of(found.pauses), "pauses": len(found.pauses)}  # no names, as anybody asks
            return answer({"status": "ready", **queue})
        log.warning("http.not_ready", faults=found.faults, once_a_minute=True)
        what = "" if found.writable else ": the database cannot be written"
        return problem(
            HTTPStatus.SERVICE_UNAVAILABLE,
            f"Not ready{what}; the log of refilld says why.",
            headers={"Retry-After": RETRY_AFTER},
        )

    unready = (HTTPStatus.SERVICE_UNAVAILABLE,)
    return (
        ApiRoute("GET", "/healthz", healthz, "The process is alive", ProbeAnswer),
        ApiRoute("GET", "/readyz", readyz, "The process can work", ReadyAnswer, problems=unready),
    )
