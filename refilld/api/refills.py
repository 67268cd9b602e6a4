"""The queue over HTTP: consumers claim refills and give them back, operators decide on them."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from flask import Blueprint, Response, request

from refilld.api.auth import Guard
from refilld.api.long_poll import WaiterPool
from refilld.api.parsing import read_body, read_nothing, read_query, read_refill_id
from refilld.api.responses import answer
from refilld.api.schemas import ClaimBody, CompleteBody, ExtendBody, FailBody, LeaseBody, RefillsQuery
from refilld.services.refill_fields import claimed, shown
from storage import leases, operator_actions, refills
from storage.column_types import AnyRow
from storage.engine import Database
from storage.tokens import Scope


@dataclass(frozen=True, slots=True)
class RefillQueue:
    """The verbs of the queue; times are taken inside the transaction, after the wait for it."""

    database: Database
    clock: Callable[[], datetime]
    max_attempts: int
    patience: WaiterPool

    def claim(self) -> Response:
        asked = read_body(ClaimBody)
        gone = request.environ.get("waitress.client_disconnected", bool)
        rows = self.patience.ask(lambda: self._take(asked), asked.wait_seconds, gone)
        return answer({"refills": [claimed(row) for row in rows]})

    def _take(self, asked: ClaimBody) -> list[AnyRow]:
        with self.database.read() as connection:
            if not leases.anything_ready(connection, self.clock(), asked.wanted):
                return []
        with self.database.write() as connection:
            return leases.claim(
                connection,
                self.clock(),
                limit=asked.limit,
                lease=asked.lease,
                metrics=asked.wanted,
                consumer=asked.consumer or "",
            )

    def extend(self, refill_id: str) -> Response:
        number, asked = read_refill_id(refill_id), read_body(ExtendBody)
        with self.database.write() as connection:
            until = leases.extend(connection, number, asked.lease_token, self.clock() + asked.lease)
        return answer({"refill_id": number, "leased_until": until})

    def complete(self, refill_id: str) -> Response:
        number, asked = read_refill_id(refill_id), read_body(CompleteBody)
        with self.database.write() as connection:
            state = leases.complete(
                connection,
                number,
                asked.lease_token,
                self.clock(),
                external_id=asked.external_id,
                delivered=asked.delivered,
            )
        return answer({"refill_id": number, "state": state})

    def fail(self, refill_id: str) -> Response:
        number, asked = read_refill_id(refill_id), read_body(FailBody)
        with self.database.write() as connection:
            now = self.clock()
            state = leases.fail(connection, number, asked.lease_token, now, asked.failure, self.max_attempts)
        return answer({"refill_id": number, "state": state})

    def release(self, refill_id: str) -> Response:
        number, asked = read_refill_id(refill_id), read_body(LeaseBody)
        with self.database.write() as connection:
            state = leases.release(connection, number, asked.lease_token, self.clock())
        return answer({"refill_id": number, "state": state})

    def operate(self, refill_id: str, action: str) -> Response:
        number = read_refill_id(refill_id)
        read_nothing()
        with self.database.write() as connection:
            row = operator_actions.act(connection, number, action, self.clock())
        return answer({"refill_id": number, "state": row.state, "quantity": row.quantity})

    def listed(self) -> Response:
        """One page, newest first; one row more than asked for says whether another follows."""
        asked = read_query(RefillsQuery)
        with self.database.read() as connection:
            rows = refills.listed(
                connection,
                state=asked.state,
                order_id=asked.order_id,
                limit=asked.limit + 1,
                before=asked.cursor,
            )
        page = rows[: asked.limit]
        more = str(page[-1].refill_id) if len(rows) > asked.limit else None
        return answer({"refills": [shown(row) for row in page], "next_cursor": more})


def refill_routes(queue: RefillQueue, guard: Guard) -> Blueprint:
    """The queue's routes under /api/v1/refills, each behind its scope."""
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
