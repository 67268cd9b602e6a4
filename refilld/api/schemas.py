"""The schemas of request bodies and query strings."""

from datetime import timedelta
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from monitor.model.refill import RefillState
from monitor.model.target import Metric
from refilld.services.input_limits import (
    LARGEST_ID,
    LARGEST_NUMBER,
    LONGEST_NAME,
    LONGEST_RETRY,
    LONGEST_TEXT,
    printable,
    without_control_characters,
)
from storage.leases import Failure

Text = Annotated[
    str, Field(min_length=1, max_length=LONGEST_TEXT), AfterValidator(without_control_characters)
]
Name = Annotated[str, Field(min_length=1, max_length=LONGEST_NAME), AfterValidator(printable)]
LeaseSeconds = Annotated[int, Field(ge=30, le=86_400)]


class Body(BaseModel):
    """A JSON object with strict types (a string is not a number) and no unknown fields."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class Nothing(Body):
    """The body of an action without parameters."""


class ClaimBody(Body):
    limit: int = Field(default=1, ge=1, le=1000)
    lease_seconds: LeaseSeconds = 300
    wait_seconds: int = Field(default=0, ge=0, le=30)
    metrics: list[Metric] | None = Field(default=None, min_length=1, max_length=100)
    consumer: Name | None = None

    @property
    def wanted(self) -> tuple[Metric, ...]:
        """The requested metrics; all if none are named."""
        return tuple(self.metrics or Metric)

    @property
    def lease(self) -> timedelta:
        return timedelta(seconds=self.lease_seconds)


class LeaseBody(Body):
    lease_token: Name


class ExtendBody(LeaseBody):
    lease_seconds: LeaseSeconds

    @property
    def lease(self) -> timedelta:
        return timedelta(seconds=self.lease_seconds)


class CompleteBody(LeaseBody):
    external_id: Text | None = None
    delivered: int | None = Field(default=None, ge=0, le=LARGEST_NUMBER)


class FailBody(LeaseBody):
    reason: Text
    retryable: bool = True
    retry_after_seconds: int | None = Field(default=None, ge=0, le=int(LONGEST_RETRY.total_seconds()))

    @property
    def failure(self) -> Failure:
        seconds = self.retry_after_seconds
        return Failure(self.reason, self.retryable, None if seconds is None else timedelta(seconds=seconds))


class RefillsQuery(BaseModel):
    """The query string of the list of refills."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    state: RefillState | None = None
    order_id: Text | None = None
    limit: int = Field(default=100, ge=1, le=1000)
    cursor: int | None = Field(default=None, ge=1, le=LARGEST_ID)
