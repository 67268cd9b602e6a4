"""Refills over HTTP: the actions of consumers and of operators."""

from collections.abc import Iterator
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from flask import Response

from refilld.api.answers import ClaimAnswer, ExtendedAnswer, MovedAnswer, OperatedAnswer
from refilld.api.long_poll import LongPoll
from refilld.api.refill_actions import RefillActions
from refilld.api.responses import answer
from refilld.api.route import PREFIX, ApiRoute
from refilld.api.schemas import ClaimBody, CompleteBody, ExtendBody, FailBody, LeaseBody, Nothing
from refilld.services.refill_fields import claimed
from storage import operator_actions
from storage.engine import Database
from storage.tokens import Scope


@dataclass(frozen=True, slots=True)
class RefillQueue:
    """The queue as consumers and operators use it."""

    database: Database
    actions: RefillActions
    long_poll: LongPoll

    def claim(self, body: ClaimBody) -> Response:
        if body.wait_seconds and self.long_poll.has_like(body):
            return self.long_poll.answer(body)
        with self.database.write(single=True) as tx:
            rows = self.actions.claim(tx, self.actions.now(tx), body)
        if body.wait_seconds and not rows:
            return self.long_poll.answer(body)
        return answer({"refills": [claimed(row) for row in rows]})

    def move(self, refill_id: int, body: LeaseBody) -> Response:
        """Extend, complete, fail or release a refill; most complete one, which is a single statement."""
        if isinstance(body, CompleteBody):
            with self.database.write(single=True) as tx:
                done = self.actions.complete(tx, refill_id, body)
            if done is not None:
                return answer(done)
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
        links={name: f"$response.body#/refills/0/{name}" for name in ("refill_id", "lease_token")},
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
            arguments={"action": action},
            body=Nothing,
            scopes=(Scope.REFILLS_MANAGE,),
            problems=_REFUSED,
        )
