"""Refills over HTTP: the actions of consumers and of operators."""

from collections.abc import Iterator
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from flask import Response, request

from refilld.api.answers import ClaimAnswer, ExtendedAnswer, MovedAnswer, OperatedAnswer
from refilld.api.long_poll import WaiterPool
from refilld.api.refill_actions import RefillActions
from refilld.api.responses import answer
from refilld.api.route import PREFIX, ApiRoute
from refilld.api.schemas import ClaimBody, CompleteBody, ExtendBody, FailBody, LeaseBody, Nothing
from refilld.services.refill_fields import claimed
from storage import leases, operator_actions
from storage.claim_selection import ClaimFilter
from storage.engine import Database
from storage.leases import ClaimedRefill
from storage.tokens import Scope


@dataclass(frozen=True, slots=True)
class RefillQueue:
    """The queue as consumers and operators use it."""

    database: Database
    actions: RefillActions
    waiters: WaiterPool

    def claim(self, body: ClaimBody) -> Response:
        gone = request.environ.get("waitress.client_disconnected", bool)
        rows = self._claim(body)
        if not rows and body.wait_seconds:
            rows = self.waiters.poll(lambda: self._claim_when_ready(body), body.wait_seconds, gone)
        return answer({"refills": [claimed(row) for row in rows]})

    def _claim_when_ready(self, body: ClaimBody) -> list[ClaimedRefill]:
        """Claim, but only look whether anything is ready while nothing is: that needs no turn to write."""
        with self.database.read() as tx:
            if not leases.anything_ready(tx, self.actions.now(tx), self._wanted(body)):
                return []
        return self._claim(body)

    def _claim(self, body: ClaimBody) -> list[ClaimedRefill]:
        with self.database.write() as tx:
            return leases.claim(
                tx,
                self.actions.now(tx),
                limit=body.limit,
                lease=body.lease,
                wanted=self._wanted(body),
                consumer=body.consumer or "",
            )

    def _wanted(self, body: ClaimBody) -> ClaimFilter:
        return body.wanted(buyers_first=self.actions.queue.buyers_first)

    def move(self, refill_id: int, body: LeaseBody) -> Response:
        """Extend, complete, fail or release a refill."""
        with self.database.write() as tx:
            found = self.actions.move(tx, refill_id, body)
        return answer(found)

    def operate(self, refill_id: int, action: str, body: Nothing) -> Response:  # noqa: ARG002  # no field
        with self.database.write() as tx:
            found = self.actions.operate(tx, refill_id, action)
        return answer(found)


_REFUSED = (HTTPStatus.NOT_FOUND, HTTPStatus.CONFLICT)


def refill_routes(queue: RefillQueue) -> tuple[ApiRoute, ...]:
    """The routes of the queue, each with its scope."""
    return (*_of_consumers(queue), *_of_operators(queue))


def _of_consumers(queue: RefillQueue) -> Iterator[ApiRoute]:
    consume = (Scope.REFILLS_CONSUME,)
    yield ApiRoute(
        "POST",
        f"{PREFIX}/refills/claim",
        queue.claim,
        "Claim refills that are ready; waits for some",
        ClaimAnswer,
        body=ClaimBody,
        scopes=consume,
        gives={name: f"$response.body#/refills/0/{name}" for name in ("refill_id", "lease_token")},
    )
    rows: tuple[tuple[str, type[LeaseBody], type], ...] = (
        ("Extend a lease", ExtendBody, ExtendedAnswer),
        ("A refill was delivered", CompleteBody, MovedAnswer),
        ("A refill could not be delivered", FailBody, MovedAnswer),
        ("Give a refill back undelivered", LeaseBody, MovedAnswer),
    )
    more: dict[str, Any] = {"scopes": consume, "problems": _REFUSED}
    for summary, body, found in rows:
        path = f"{PREFIX}/refills/<refill_id>/{body.verb}"
        yield ApiRoute("POST", path, queue.move, summary, found, name=body.verb, body=body, **more)


def _of_operators(queue: RefillQueue) -> Iterator[ApiRoute]:
    for action, (states, _) in operator_actions.ACTIONS.items():
        yield ApiRoute(
            "POST",
            f"{PREFIX}/refills/<refill_id>/{action}",
            queue.operate,
            f"{action.capitalize()} a refill that is {operator_actions.either(states)}",
            OperatedAnswer,
            name=action,
            given={"action": action},
            body=Nothing,
            scopes=(Scope.REFILLS_MANAGE,),
            problems=_REFUSED,
        )
