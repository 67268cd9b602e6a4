"""Many actions on refills in one request, each with its own result."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from itertools import groupby
from typing import Annotated, Any, Literal, TypeAlias, get_args

from flask import Response, g
from pydantic import Field, SkipValidation, ValidationError

from monitor.errors import BadInputError, RefilldError
from refilld.api.answers import BatchAnswer
from refilld.api.problems import (
    DEFECT,
    NOT_AVAILABLE,
    UNAVAILABLE,
    ProblemKind,
    log_defect,
    problem_fields,
    refusal,
)
from refilld.api.refill_actions import RefillActions
from refilld.api.responses import answer
from refilld.api.route import PREFIX, ApiRoute
from refilld.api.schemas import Body, CompleteBody, ExtendBody, FailBody, LeaseBody, OtherRow, Whole
from refilld.services.input_limits import LARGEST_ID
from storage.chunks import chunks
from storage.engine import Database
from storage.tokens import Scope

MOST_ROWS = 1_000
CHUNK = 500
"""Rows of consumers in one transaction, which holds up all other writers."""
RefillId = Annotated[int, Field(ge=1, le=LARGEST_ID), Whole]


class ExtendRow(ExtendBody):
    action: Literal["extend"]
    """What is done."""
    refill_id: RefillId
    """Of the refill."""


class CompleteRow(CompleteBody):
    action: Literal["complete"]
    """What is done."""
    refill_id: RefillId
    """Of the refill."""


class FailRow(FailBody):
    action: Literal["fail"]
    """What is done."""
    refill_id: RefillId
    """Of the refill."""


class ReleaseRow(LeaseBody):
    action: Literal["release"]
    """What is done."""
    refill_id: RefillId
    """Of the refill."""


class OperatorRow(Body):
    action: Literal["approve", "reject", "requeue", "cancel"]
    """What is done."""
    refill_id: RefillId
    """Of the refill."""


ConsumerRow: TypeAlias = ExtendRow | CompleteRow | FailRow | ReleaseRow
AnyRow: TypeAlias = ConsumerRow | OperatorRow
_ROWS: Mapping[str, type[AnyRow]] = {
    action: row for row in get_args(AnyRow) for action in get_args(row.model_fields["action"].annotation)
}
"""The types of rows by their actions."""


class BatchBody(Body):
    """Up to 1,000 actions; one that is refused does not stop the others."""

    actions: Annotated[list[SkipValidation[AnyRow | OtherRow]], Field(min_length=1, max_length=MOST_ROWS)]
    """What is done, in this order."""


@dataclass(frozen=True, slots=True)
class _Place:
    """A valid row and its place in the request."""

    index: int
    row: AnyRow

    @property
    def scope(self) -> Scope:
        return Scope.REFILLS_MANAGE if isinstance(self.row, OperatorRow) else Scope.REFILLS_CONSUME


@dataclass(frozen=True, slots=True)
class RefillBatch:
    """Carries out the rows of a request in their order."""

    database: Database
    actions: RefillActions

    def batch(self, body: BatchBody) -> Response:
        results: list[dict[str, object]] = [_named(sent) for sent in body.actions]
        self._fill(list(_valid(body.actions, results)), results)
        return answer({"results": results})

    def carry_out_each(self, rows: Sequence[OperatorRow]) -> list[dict[str, object]]:
        """Carry out actions of an operator, one in one transaction; the result of each."""
        results: list[dict[str, object]] = [{"refill_id": row.refill_id} for row in rows]
        self._fill([_Place(index, row) for index, row in enumerate(rows)], results)
        return results

    def _fill(self, places: Sequence[_Place], results: list[dict[str, object]]) -> None:
        """Carry out rows, and complete their results; what was not done gets the fault that ended it."""
        begun, undone = False, dict[str, object]()
        for chunk in _transactions(places):
            try:
                done = self._carry_out(chunk)
            except Exception as error:
                if not begun:
                    raise
                undone = _undone(error)  # what was done must be told
                break
            begun = True
            for place, fields in done:
                results[place.index] |= fields
        for one in results:
            if "status" not in one:
                one.update(undone)

    def _carry_out(self, chunk: Sequence[_Place]) -> list[tuple[_Place, dict[str, object]]]:
        """The rows of one transaction with their results; a refused one has changed nothing."""
        first = chunk[0].row
        if isinstance(first, OperatorRow):
            return [(chunk[0], self._operate(first))]
        rows = [place.row for place in chunk if not isinstance(place.row, OperatorRow)]
        with self.database.write() as tx:
            found = self.actions.move_many(tx, [(row.refill_id, row) for row in rows])
        return list(zip(chunk, map(_result, found), strict=True))

    def _operate(self, row: OperatorRow) -> dict[str, object]:
        try:
            with self.database.write() as tx:
                return _result(self.actions.operate(tx, row.refill_id, row.action))
        except RefilldError as error:
            return _result(error)


def _result(done: Mapping[str, object] | RefilldError) -> dict[str, object]:
    """The result of a row; raises errors that the client cannot mend."""
    if not isinstance(done, RefilldError):
        return {"status": HTTPStatus.OK, **done}
    fields = refusal(done)
    if fields is None:
        raise done
    return _refused(fields)


def _valid(sent: Sequence[Any], results: list[dict[str, object]]) -> Iterator[_Place]:
    """The rows that may be carried out; the others get their results."""
    for index, fields in enumerate(sent):
        try:
            place = _Place(index, _row(fields))
        except (ValidationError, BadInputError) as error:
            results[index] |= _refused(refusal(error) or {})
            continue
        if place.scope in g.token.scopes:
            yield place
        else:
            detail = f"The token does not have the scope {place.scope}."
            missing = problem_fields(HTTPStatus.FORBIDDEN, detail, kind=ProblemKind.MISSING_SCOPE)
            results[index] |= _refused(missing)


def _row(sent: Any) -> AnyRow:
    """The row that is sent; raises pydantic's ValidationError, or BadInputError."""
    if not isinstance(sent, dict):
        raise BadInputError("row", 'is not an object; write it like {"action": "release", "refill_id": 7, …}')
    action = sent.get("action")
    row = _ROWS.get(action) if isinstance(action, str) else None
    if row is None:
        fault = "is missing" if action is None else "is not known"
        raise BadInputError("action", f"{fault}; the actions are {', '.join(_ROWS)}")
    return row.model_validate(sent)


def _transactions(places: Sequence[_Place]) -> Iterator[Sequence[_Place]]:
    """The rows of each transaction: many of consumers, or one of an operator, which locks a target.

    Those of consumers lock refills in the order of their ids, so that no two requests wait for each other.
    """
    for scope, run in groupby(places, lambda place: place.scope):
        if scope is Scope.REFILLS_MANAGE:
            yield from ([place] for place in run)
        else:
            yield from chunks(sorted(run, key=lambda place: place.row.refill_id), CHUNK)


def _named(sent: Any) -> dict[str, object]:
    """The beginning of a result: which refill is meant."""
    refill_id = sent.get("refill_id") if isinstance(sent, dict) else None
    return {"refill_id": refill_id if type(refill_id) is int else None}  # not a truth value


def _undone(error: Exception) -> dict[str, object]:
    """The result of rows that an error of the database, or a defect, has prevented."""
    if isinstance(error, UNAVAILABLE):  # they may be sent again
        return _refused(problem_fields(HTTPStatus.SERVICE_UNAVAILABLE, NOT_AVAILABLE))
    log_defect(error)
    return _refused(problem_fields(HTTPStatus.INTERNAL_SERVER_ERROR, f"Not carried out: {DEFECT}"))


def _refused(fields: dict[str, object]) -> dict[str, object]:
    return {"status": fields["status"], "problem": fields}


def batch_routes(batch: RefillBatch) -> tuple[ApiRoute, ...]:
    """The route of the batch."""
    return (
        ApiRoute(
            "POST",
            f"{PREFIX}/refills/batch",
            batch.batch,
            "Up to 1,000 actions on refills, each with its own result",
            BatchAnswer,
            scopes=(Scope.REFILLS_CONSUME, Scope.REFILLS_MANAGE),
            body=BatchBody,
        ),
    )
