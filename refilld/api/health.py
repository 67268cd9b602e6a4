"""Liveness and readiness for probes, without authentication."""

from collections.abc import Callable, Sequence
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
MOST_NAMED = 5
"""Paused parts that an answer names."""


@dataclass(frozen=True, slots=True)
class Health:
    """The faults that make the process not ready, one line each; they are logged, not answered."""

    faults: tuple[str, ...] = ()
    writable: bool = True
    """Whether the last write to the database worked."""
    paused: tuple[QueuePause, ...] | None = None
    """What is paused of the queue; None if it cannot be read. A pause does not make it unready."""

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
            return answer({"status": "ready", **_queue_fields(found.paused)})
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


def _queue_fields(paused: Sequence[QueuePause] | None) -> dict[str, object]:
    """Whether refills are handed out, and what is paused."""
    named = [str(one.part) for one in paused or ()]
    return {
        "queue": None if paused is None else mode_of(paused),
        "paused": named[:MOST_NAMED],
        "paused_more": len(named[MOST_NAMED:]),
    }
