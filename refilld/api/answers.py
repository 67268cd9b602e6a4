"""The types of answers, by which the OpenAPI document describes them; most follow from stored rows."""

from collections.abc import Iterable
from datetime import datetime
from decimal import Decimal
from functools import cache
from typing import Annotated, Any, get_type_hints

from pydantic import BaseModel, ConfigDict, Field, WithJsonSchema, create_model

from monitor.events.kind import EventKind
from monitor.events.severity import Severity, Status
from monitor.model.drop import DropState
from monitor.model.order import Flag, OrderStatus
from monitor.model.refill import RefillState
from monitor.model.snapshot import Outcome
from monitor.model.target import Metric
from monitor.model.terms import TermsOrigin
from refilld.services.queue_pause import QueueMode
from refilld.services.refill_fields import CLAIMED, SHOWN
from refilld.services.refill_requests import Recheck
from storage.decision_list import DecisionListing
from storage.drop_list import DropListing
from storage.leases import ClaimedRefill
from storage.orders import ImportResult
from storage.refills import RefillRow
from storage.webhook_log import WebhookAttemptRow, WebhookDeliveryRow

Price = Annotated[Decimal, WithJsonSchema({"type": "string"})]


class AnswerBody(BaseModel):
    """A JSON object; later versions may add fields."""

    model_config = ConfigDict(frozen=True, use_attribute_docstrings=True)


class _RowBody(AnswerBody):
    """Its subclasses have no source: the search for one reads all modules, at every start."""

    model_config = ConfigDict(use_attribute_docstrings=False)


def _of_row(name: str, row: type, names: Iterable[str] | None = None) -> type[AnswerBody]:
    """The type of a stored row, or of some of its fields."""
    hints = get_type_hints(row)
    fields: Any = {one: (hints[one], ...) for one in (hints if names is None else names)}
    return create_model(name, __base__=_RowBody, __doc__=row.__doc__, **fields)


@cache
def page_of(noun: str, row: type) -> type[AnswerBody]:
    """One page of a list. It may have fewer rows than wanted, even none, though another page follows."""
    fields: Any = {noun: (list[row], ...)}  # type: ignore[valid-type]
    return create_model(
        f"{noun.capitalize()}PageAnswer", __base__=PageAnswer, __doc__=page_of.__doc__, **fields
    )


class PageAnswer(_RowBody):
    next_cursor: str | None = Field(description="The place of the next page; null at the end.")
    next: str | None = Field(description="The address of the next page; null at the end.")


class OrderAnswer(AnswerBody):
    """An order."""

    order_id: str
    service: str
    link: str
    link_typed: str
    metric: Metric
    owner: str | None
    quantity: int
    remains: int
    status: OrderStatus
    completed_at: datetime | None
    created_at: datetime | None
    start_count: int | None
    start_measured: bool
    base_lowered: int
    counted_at: datetime | None
    terms: str
    terms_from: TermsOrigin
    provider: str | None
    customer: str | None
    language: str | None
    price: Price | None
    currency: str | None
    imported_at: datetime
    updated_at: datetime
    settled_look_at: datetime | None
    forgotten_at: datetime | None


class ListedOrderAnswer(OrderAnswer):
    """An order in a list, with the newest look at its target and what is open on it."""

    username_now: str | None
    last_look_at: datetime | None
    last_outcome: Outcome | None
    last_count: int | None
    flags: list[Flag]
    drop_state: DropState | None
    claim: int | None
    refill_state: RefillState | None


class SentenceAnswer(AnswerBody):
    word: str
    sentence: str


class StoryAnswer(OrderAnswer):
    """An order with its numbers, what is owed, and all that happened to it."""

    limits: dict[str, Any]
    ends_at: datetime | None
    flags: list[Flag] | None
    username_now: str | None
    source: str | None
    next_look: datetime | None
    why: str
    count: int | None
    baseline: int | None
    line: int | None
    floor: int | None
    in_flight: int
    claim: int | None
    threshold: int
    answer: SentenceAnswer
    snapshots: list[dict[str, Any]]
    snapshots_left_out: int
    drops: list[dict[str, Any]]
    decisions: list[dict[str, Any]]
    refills: list[dict[str, Any]]
    requests: list[dict[str, Any]]
    flags_set: list[dict[str, Any]]
    reviews: list[dict[str, Any]]
    corrections: list[dict[str, Any]]
    events: list[dict[str, Any]]


class FlagsAnswer(AnswerBody):
    """The flags of an order after a change."""

    order_id: str
    flags: list[Flag]
    changed: bool


class RequestAnswer(AnswerBody):
    """The answer to a customer who noticed a drop."""

    order_id: str
    word: str
    sentence: str
    count: int | None
    counted_at: datetime | None
    line: int | None
    missing: int | None
    threshold: int | None
    quantity: int | None
    outcome: Outcome | None
    looked_at: datetime | None
    since: datetime | None
    recheck: Recheck
    note: str | None


class RowAnswer(AnswerBody):
    """What became of one order."""

    row: int
    order_id: str | None
    result: ImportResult
    field: str = ""
    detail: str = ""


class ResultsAnswer(AnswerBody):
    """What became of each order, in their order, and how many had which result."""

    results: list[RowAnswer]
    added: int
    updated: int
    unchanged: int
    refused: int
    ignored: int
    forgotten: int
    notes: list[str]
    """What was left out, and what was assumed."""


RefillAnswer = _of_row("RefillAnswer", RefillRow, SHOWN)
ClaimedAnswer = _of_row("ClaimedAnswer", ClaimedRefill, CLAIMED)
DropAnswer = _of_row("DropAnswer", DropListing)
DecisionAnswer = _of_row("DecisionAnswer", DecisionListing)


class EventAnswer(AnswerBody):
    """An event: what happened, by whom, and the same in one line."""

    event_id: int
    at: datetime
    kind: EventKind
    version: int
    severity: Severity
    status: Status
    dedup_key: str
    subject: dict[str, Any]
    payload: dict[str, Any]
    text: str
    actor: str
    request_id: str | None


class ClaimAnswer(AnswerBody):
    """The refills that were claimed."""

    refills: list[ClaimedAnswer]  # type: ignore[valid-type]


class ExtendedAnswer(AnswerBody):
    """A lease that was extended."""

    refill_id: int
    leased_until: datetime


class MovedAnswer(AnswerBody):
    """A refill that a consumer has given back."""

    refill_id: int
    state: RefillState


class OperatedAnswer(MovedAnswer):
    """A refill that an operator has changed."""

    quantity: int


class ProbeAnswer(AnswerBody):
    status: str


class ReadyAnswer(ProbeAnswer):
    queue: QueueMode
    """Whether refills are handed out."""
    pauses: int
    """Number of the parts that are paused; `GET /api/v1/queue` names them."""


class EndpointAnswer(AnswerBody):
    """A webhook endpoint."""

    endpoint_id: int
    url: str
    state: str
    kinds: list[str]
    services: list[str]
    providers: list[str]
    metrics: list[Metric]
    description: str
    created_at: datetime
    failing_since: datetime | None
    paused_until: datetime | None
    disabled_at: datetime | None
    disabled_reason: str | None


class NewEndpointAnswer(EndpointAnswer):
    """A new webhook endpoint with its secret, which no other answer has."""

    secret: str


class EndpointsAnswer(AnswerBody):
    endpoints: list[EndpointAnswer]


class SecretAnswer(AnswerBody):
    """A new secret of an endpoint."""

    endpoint_id: int
    secret: str


class PlannedTestAnswer(AnswerBody):
    endpoint_id: int
    delivery_id: int


class ReplayAnswer(AnswerBody):
    endpoint_id: int
    messages: int


DeliveryAnswer = _of_row("DeliveryAnswer", WebhookDeliveryRow)
AttemptAnswer = _of_row("AttemptAnswer", WebhookAttemptRow)


class DeliveryLogAnswer(DeliveryAnswer):  # type: ignore[valid-type,misc]
    """A delivery with all its attempts."""

    log: list[AttemptAnswer]  # type: ignore[valid-type]


class FaultAnswer(AnswerBody):
    field: str
    detail: str


class ProblemAnswer(AnswerBody):
    """An error (RFC 9457)."""

    type: str
    title: str
    status: int
    detail: str = ""
    errors: list[FaultAnswer] = Field(default=[])
    """The fields that are wrong."""


class BatchRowAnswer(AnswerBody):
    """What became of one action: its status, and either what the single call answers or a problem."""

    refill_id: int | None
    status: int
    state: RefillState | None = None
    quantity: int = 0
    leased_until: datetime | None = None
    problem: ProblemAnswer | None = None


class BatchAnswer(AnswerBody):
    """What became of each action, in their order."""

    results: list[BatchRowAnswer]


class RequeueAnswer(BatchAnswer):
    """What became of each dead refill that was tried, in the order of their ids."""

    next_after: int | None
    """`after` of the next call; null if there is nothing left to try."""
