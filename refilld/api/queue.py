"""The queue over HTTP: its state, and pausing and resuming it or a part of it."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

from flask import Response
from pydantic import ConfigDict, Field, JsonValue
from pydantic.config import JsonDict

from monitor.model.queue_part import PartKind, QueuePart
from monitor.model.refill import RefillState
from monitor.model.target import Metric
from refilld.api.answers import AnswerBody
from refilld.api.responses import answer
from refilld.api.route import PREFIX, ApiRoute
from refilld.api.schemas import Body, Name, Note, Text
from refilld.services import queue_pause
from refilld.services.queue_pause import QueueMode
from storage import queue_pauses, queue_summary
from storage.engine import Database
from storage.tokens import Scope


def _schema(part: PartKind, value: JsonDict) -> JsonDict:
    """The schema of a body that names a part of this kind."""
    needed: list[JsonValue] = [] if part is PartKind.QUEUE else ["part", "value"]
    return {"required": needed, "properties": {"part": {"const": str(part)}, "value": value}}


class PartBody(Body):
    """The whole queue, or the refills of a metric, a provider or a service."""

    model_config = ConfigDict(
        json_schema_extra={
            "anyOf": [
                _schema(PartKind.QUEUE, {"type": "null"}),
                _schema(PartKind.METRIC, {"enum": [str(metric) for metric in Metric]}),
                _schema(PartKind.PROVIDER, {"type": "string"}),
                _schema(PartKind.SERVICE, {"type": "string"}),
            ]
        }
    )
    part: PartKind = PartKind.QUEUE
    """What kind of part."""
    value: Name | None = None
    """The metric, provider or service; left out for the whole queue."""
    why: Note = ""
    """The reason, for the record."""

    @property
    def named(self) -> QueuePart:
        return queue_pause.part_of(self.part, self.value or "")


class PauseBody(PartBody):
    """What is paused, and why."""

    why: Text
    """The reason, which the state of the queue shows."""


class PauseAnswer(AnswerBody):
    """A part that is paused."""

    part: PartKind
    value: str | None
    paused_at: datetime
    paused_by: str
    why: str


class QueueStateAnswer(AnswerBody):
    """The refills in a state."""

    state: RefillState
    refills: int
    units: int
    exact: bool
    """Whether all were counted."""
    oldest_at: datetime | None


class QueueAnswer(AnswerBody):
    """Whether refills are handed out, what is paused, and what waits."""

    mode: QueueMode
    pauses: list[PauseAnswer]
    states: Annotated[list[QueueStateAnswer], Field(description="Queued, claimed, held and dead refills.")]


@dataclass(frozen=True, slots=True)
class QueuePauses:
    """The state of the queue, and the actions on it."""

    database: Database
    clock: Callable[[], datetime]

    def show_queue(self) -> Response:
        with self.database.read() as tx:
            pauses, states = queue_pauses.listed(tx), queue_summary.summary(tx)
        return answer(
            {
                "mode": queue_pause.mode_of(pauses),
                "pauses": list(map(queue_pause.pause_fields, pauses)),
                "states": list(map(queue_pause.state_fields, states)),
            }
        )

    def pause_queue(self, body: PauseBody) -> Response:
        with self.database.write() as tx:
            queue_pause.pause(tx, body.named, body.why, self.clock())
        return self.show_queue()

    def resume_queue(self, body: PartBody) -> Response:
        with self.database.write() as tx:
            queue_pause.resume(tx, body.named, body.why, self.clock())
        return self.show_queue()


def queue_routes(queue: QueuePauses) -> tuple[ApiRoute, ...]:
    """The routes of the queue as a whole."""
    path, manage = f"{PREFIX}/queue", (Scope.REFILLS_MANAGE,)
    return (
        ApiRoute("GET", path, queue.show_queue, "Whether refills are handed out", QueueAnswer, scopes=manage),
        ApiRoute(
            "POST",
            f"{path}/pause",
            queue.pause_queue,
            "Hand out no refills, or none of a part; open leases go on",
            QueueAnswer,
            body=PauseBody,
            scopes=manage,
        ),
        ApiRoute(
            "POST",
            f"{path}/resume",
            queue.resume_queue,
            "Hand out the refills of a paused part again",
            QueueAnswer,
            body=PartBody,
            scopes=manage,
        ),
    )
