"""Refills over HTTP: the actions of consumers and of operators."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from flask import Blueprint, Response, request

from monitor.model.target import Metric
from refilld.api.auth import Guard
from refilld.api.long_poll import WaiterPool
from refilld.api.parsing import read_body, read_id, read_nothing, read_query
from refilld.api.responses import answer
from refilld.api.schemas import ClaimBody, CompleteBody, ExtendBody, FailBody, LeaseBody, RefillsQuery
from refilld.services.refill_fields import claimed, shown
from storage import leases, operator_actions, refills
from storage.engine import Database, Transaction
from storage.leases import ClaimedRefill
from storage.server_time import shared_time
from storage.tokens import Scope

NOUN = "refill"


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

    def claim(self) -> Response:
        body = read_body(ClaimBody)
        gone = request.environ.get("waitress.client_disconnected", bool)
        rows = self._claim(body)
        if not rows and body.wait_seconds:
            rows = self.waiters.poll(lambda: self._claim_when_ready(body), body.wait_seconds, gone)
        return answer({"refills": [claimed(row) for row in rows]})

    def _claim_when_ready(self, body: ClaimBody) -> list[ClaimedRefill]:
        """Claim, but only look whether anything is ready while nothing is: that needs no turn to write."""
        with self.database.read() as connection:
            if not leases.anything_ready(connection, self._now(connection), body.wanted):
                return []
        return self._claim(body)

    def _claim(self, body: ClaimBody) -> list[ClaimedRefill]:
        with self.database.write() as connection:
            return leases.claim(
                connection,
                self._now(connection),
                limit=body.limit,
                lease=body.lease,
                metrics=body.wanted,
                consumer=body.consumer or "",
            )

    def extend(self, refill_id: str) -> Response:
        number, body = read_id(refill_id, NOUN), read_body(ExtendBody)
        with self.database.write() as connection:
            until = leases.extend(connection, number, body.lease_token, self._now(connection) + body.lease)
        return answer({"refill_id": number, "leased_until": until})

    def complete(self, refill_id: str) -> Response:
        number, body = read_id(refill_id, NOUN), read_body(CompleteBody)
        with self.database.write() as connection:
            call = leases.Complete(number, body.lease_token, body.external_id, body.delivered)
            done = leases.act_on_one(connection, call, self._now(connection))
        if done.changed:  # else this is a repeated call
            self.refilled(done.metric, done.units)
        return answer({"refill_id": number, "state": done.state})

    def fail(self, refill_id: str) -> Response:
        number, body = read_id(refill_id, NOUN), read_body(FailBody)
        with self.database.write() as connection:
            now = self._now(connection)
            state = leases.fail(connection, number, body.lease_token, now, body.failure, self.max_attempts)
        return answer({"refill_id": number, "state": state})

    def release(self, refill_id: str) -> Response:
        number, body = read_id(refill_id, NOUN), read_body(LeaseBody)
        with self.database.write() as connection:
            state = leases.release(connection, number, body.lease_token, self._now(connection))
        return answer({"refill_id": number, "state": state})

    def operate(self, refill_id: str, action: str) -> Response:
        number = read_id(refill_id, NOUN)
        read_nothing()
        with self.database.write() as connection:
            row = operator_actions.act(connection, number, action, self._now(connection), shadow=self.shadow)
        return answer({"refill_id": number, "state": row.state, "quantity": row.quantity})

    def listed(self) -> Response:
        """One page, newest first; a row beyond the limit shows that another page follows."""
        body = read_query(RefillsQuery)
        with self.database.read() as connection:
            rows = refills.listed(
                connection,
                state=body.state,
                order_id=body.order_id,
                limit=body.limit + 1,
                before=body.cursor,
            )
        page = rows[: body.limit]
        more = str(page[-1].refill_id) if len(rows) > body.limit else None
        return answer({"refills": [shown(row) for row in page], "next_cursor": more})


def refill_routes(queue: RefillQueue, guard: Guard) -> Blueprint:
    """The routes under /api/v1/refills, each with its scope."""
    routes = Blueprint("refills", __name__, url_prefix="/api/v1/refills")
    see = guard.needs(queue.listed, Scope.REFILLS_MANAGE, Scope.REFILLS_CONSUME)
    routes.add_url_rule("", "list", see, methods=["GET"])
    routes.add_url_rule("/claim", "claim", guard.needs(queue.claim, Scope.REFILLS_CONSUME), methods=["POST"])
    for view in (queue.extend, queue.complete, queue.fail, queue.release):
        name, consume = view.__name__, guard.needs(view, Scope.REFILLS_CONSUME)
        routes.add_url_rule(f"/<refill_id>/{name}", name, consume, methods=["POST"])
    operate = guard.needs(queue.operate, Scope.REFILLS_MANAGE)
    for action in operator_actions.ACTIONS:
        path, given = f"/<refill_id>/{action}", {"action": action}
        routes.add_url_rule(path, action, operate, methods=["POST"], defaults=given)
    return routes
