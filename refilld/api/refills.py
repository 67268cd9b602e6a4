"""Refills over HTTP: the actions of consumers and of operators."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from http import HTTPStatus

from flask import Response, request

from monitor.model.target import Metric
from refilld.api.answers import ClaimAnswer, LeaseAnswer, MovedAnswer, OperatedAnswer
from refilld.api.auth import View
from refilld.api.long_poll import WaiterPool
from refilld.api.responses import answer
from refilld.api.route import PREFIX, ApiRoute
from refilld.api.schemas import Body, ClaimBody, CompleteBody, ExtendBody, FailBody, LeaseBody, Nothing
from refilld.services.refill_fields import claimed
from storage import leases, operator_actions, refills
from storage.engine import Database, Transaction
from storage.leases import ClaimedRefill
from storage.server_time import shared_time
from storage.tokens import Scope


@dataclass(frozen=True, slots=True)
class RefillQueue:
    """The actions on refills; the clock is read inside the transaction, after the wait for it."""

    database: Database
    clock: Callable[[], datetime]
    max_attempts: int
    waiters: WaiterPool
    shadow: bool
    """In shadow mode no operator can queue a refill."""
    refilled: Callable[[Metric, int], None]
    """Called with the units of each refill that is completed, after the commit."""

    def _now(self, connection: Transaction) -> datetime:
        """The time that judges leases, by the clock that all processes share."""
        return shared_time(connection, self.clock())

    def claim(self, body: ClaimBody) -> Response:
        gone = request.environ.get("waitress.client_disconnected", bool)
        rows = self.waiters.poll(lambda: self._claim(body), body.wait_seconds, gone)
        return answer({"refills": [claimed(row) for row in rows]})

    def _claim(self, body: ClaimBody) -> list[ClaimedRefill]:
        with self.database.read() as connection:
            if not leases.anything_ready(connection, self._now(connection), body.wanted):
                return []
        with self.database.write() as connection:
            return leases.claim(
                connection,
                self._now(connection),
                limit=body.limit,
                lease=body.lease,
                metrics=body.wanted,
                consumer=body.consumer or "",
            )

    def extend(self, refill_id: int, body: ExtendBody) -> Response:
        with self.database.write() as connection:
            until = leases.extend(connection, refill_id, body.lease_token, self._now(connection) + body.lease)
        return answer({"refill_id": refill_id, "leased_until": until})

    def complete(self, refill_id: int, body: CompleteBody) -> Response:
        with self.database.write() as connection:
            now = self._now(connection)
            state = leases.complete(
                connection,
                refill_id,
                body.lease_token,
                now,
                external_id=body.external_id,
                delivered=body.delivered,
            )
            row = refills.get(connection, refill_id)
        if row.completed_at == now:  # else this is a repeated call
            self.refilled(row.metric, row.units)
        return answer({"refill_id": refill_id, "state": state})

    def fail(self, refill_id: int, body: FailBody) -> Response:
        with self.database.write() as connection:
            now = self._now(connection)
            state = leases.fail(connection, refill_id, body.lease_token, now, body.failure, self.max_attempts)
        return answer({"refill_id": refill_id, "state": state})

    def release(self, refill_id: int, body: LeaseBody) -> Response:
        with self.database.write() as connection:
            state = leases.release(connection, refill_id, body.lease_token, self._now(connection))
        return answer({"refill_id": refill_id, "state": state})

    def operate(self, refill_id: int, action: str, body: Nothing) -> Response:  # noqa: ARG002  # no field
        with self.database.write() as connection:
            row = operator_actions.act(
                connection, refill_id, action, self._now(connection), shadow=self.shadow
            )
        return answer({"refill_id": refill_id, "state": row.state, "quantity": row.quantity})


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
    )
    rows: tuple[tuple[View, str, type[Body], type], ...] = (
        (queue.extend, "Extend a lease", ExtendBody, LeaseAnswer),
        (queue.complete, "A refill was delivered", CompleteBody, MovedAnswer),
        (queue.fail, "A refill could not be delivered", FailBody, MovedAnswer),
        (queue.release, "Give a refill back undelivered", LeaseBody, MovedAnswer),
    )
    for view, summary, body, found in rows:
        path = f"{PREFIX}/refills/<refill_id>/{view.__name__}"
        yield ApiRoute("POST", path, view, summary, found, body=body, scopes=consume, problems=_REFUSED)


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
