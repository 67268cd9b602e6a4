"""Dead refills of a filter, queued again: each with its own result."""

from dataclasses import dataclass
from typing import Annotated, Self

from flask import Response
from pydantic import ConfigDict, Field, model_validator
from pydantic.config import JsonDict

from monitor.model.decision import Reason
from monitor.model.refill import RefillState
from monitor.model.target import Metric
from refilld.api.answers import RequeueAnswer
from refilld.api.refill_batch import MOST_ROWS, OperatorRow, RefillBatch, RefillId
from refilld.api.responses import answer
from refilld.api.route import PREFIX, ApiRoute
from refilld.api.schemas import Body, Name, Time, Whole
from storage import refill_selection
from storage.refill_selection import RefillFilter
from storage.tokens import Scope

_FIELDS = ("reason", "service", "provider", "metric", "since", "before")


def _given(name: str) -> JsonDict:
    """The schema of a body that has this field."""
    return {"required": [name], "properties": {name: {"not": {"type": "null"}}}}


class RequeueBody(Body):
    """Which dead refills are queued again; at least one field of the filter is needed."""

    model_config = ConfigDict(json_schema_extra={"anyOf": [_given(name) for name in _FIELDS]})
    reason: Reason | None = None
    """Why the refill was decided."""
    service: Name | None = None
    """Of the order."""
    provider: Name | None = None
    """Of the order."""
    metric: Metric | None = None
    """Of the refill."""
    since: Time | None = None
    """Created at this time or later."""
    before: Time | None = None
    """Created earlier than that."""
    limit: Annotated[int, Field(ge=1, le=MOST_ROWS), Whole] = 100
    """Refills that are tried, at most."""
    after: RefillId | None = None
    """`next_after` of the call before: the refills that it tried are not tried again."""

    @model_validator(mode="after")
    def _has_a_filter(self) -> Self:
        if all(getattr(self, name) is None for name in _FIELDS):
            raise ValueError(f"at least one of {', '.join(_FIELDS)} is needed")
        return self

    @property
    def wanted(self) -> RefillFilter:
        return RefillFilter(**{name: getattr(self, name) for name in _FIELDS})


@dataclass(frozen=True, slots=True)
class RefillRequeue:
    """Queues dead refills again in the order of their ids, one in one transaction."""

    batch: RefillBatch

    def requeue_found(self, body: RequeueBody) -> Response:
        with self.batch.database.read() as tx:
            dead = frozenset({RefillState.DEAD})
            found = refill_selection.found(tx, dead, body.wanted, body.limit, body.after)
        rows = [OperatorRow(action="requeue", refill_id=one.refill_id) for one in found]
        results = self.batch.carry_out_each(rows)
        last = rows[-1].refill_id if len(rows) == body.limit else None
        return answer({"results": results, "next_after": last})


def requeue_route(requeue: RefillRequeue) -> ApiRoute:
    """The route of the action."""
    return ApiRoute(
        "POST",
        f"{PREFIX}/refills/requeue",
        requeue.requeue_found,
        "Queue the dead refills of a filter again, each with its own result",
        RequeueAnswer,
        scopes=(Scope.REFILLS_MANAGE,),
        body=RequeueBody,
    )
