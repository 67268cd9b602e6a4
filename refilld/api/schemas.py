"""The schemas of request bodies and query strings."""

from datetime import datetime, timedelta
from typing import Annotated, Any, ClassVar, Self

from pydantic import AfterValidator, AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field

from monitor.model.target import Metric
from refilld.services.input_limits import (
    LARGEST_NUMBER,
    LONGEST_NAME,
    LONGEST_RETRY,
    LONGEST_TEXT,
    NO_CONTROL_CHARACTERS,
    PRINTABLE,
    YEARS,
    printable,
    without_control_characters,
)
from refilld.strict_json import read_json
from storage.claim_selection import ClaimFilter
from storage.leases import Failure

_FILLED = Field(min_length=1)
_TEXT = (
    Field(max_length=LONGEST_TEXT, json_schema_extra={"pattern": NO_CONTROL_CHARACTERS}),
    AfterValidator(without_control_characters),
)
_NAME = (
    Field(max_length=LONGEST_NAME, json_schema_extra={"pattern": PRINTABLE}),
    AfterValidator(printable),
)
Text = Annotated[str, _FILLED, *_TEXT]
Note = Annotated[str, *_TEXT]
"""A text that may be empty."""
Name = Annotated[str, _FILLED, *_NAME]
Label = Annotated[str, *_NAME]
"""A name that may be empty."""


def _whole(value: Any) -> Any:
    """A number without a fraction as an integer, as JSON Schema defines them."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _in_years(at: datetime) -> datetime:
    if at.year not in YEARS:
        raise ValueError(f"must be between {YEARS[0]} and {YEARS[-1]}")
    return at


Time = Annotated[
    AwareDatetime,
    Field(json_schema_extra={"pattern": "^(19[7-9][0-9]|2[0-9]{3})-"}),
    AfterValidator(_in_years),
]
OtherRow = Annotated[Any, Field(description="Any other value: it is refused, and does not stop the others")]
Whole = BeforeValidator(_whole)
LeaseSeconds = Annotated[int, Field(ge=30, le=86_400), Whole]


class Body(BaseModel):
    """A JSON object with strict types (a string is not a number) and no unknown fields."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, use_attribute_docstrings=True)
    optional: ClassVar[bool] = False
    """Whether it may be left out."""
    forms: ClassVar[Any] = None
    """The types that the OpenAPI document describes in place of this one."""

    @classmethod
    def read(cls, data: bytes) -> Self:
        """Read the bytes of a body; raises NotJsonError, BadInputError or pydantic's ValidationError."""
        read = cls.model_validate_json(data)
        read_json(data.decode())  # no key is given twice
        return read


class Nothing(Body):
    """The body of an action without parameters."""

    optional = True


class ClaimBody(Body):
    limit: Annotated[int, Field(ge=1, le=1000), Whole] = 1
    """Refills, at most."""
    lease_seconds: LeaseSeconds = 300
    """Seconds for which no other consumer gets the refills."""
    wait_seconds: Annotated[int, Field(ge=0, le=30), Whole] = 0
    """Seconds to wait, at most, if nothing is ready."""
    metrics: list[Metric] | None = Field(default=None, min_length=1, max_length=100)
    """Only refills of these metrics."""
    providers: list[Name] | None = Field(default=None, min_length=1, max_length=100)
    """Only refills of orders of these providers."""
    services: list[Name] | None = Field(default=None, min_length=1, max_length=100)
    """Only refills of orders of these services."""
    consumer: Name | None = None
    """A name of who claims, for the record."""

    def wanted(self, *, buyers_first: bool) -> ClaimFilter:
        """The refills that the consumer delivers."""
        parts = (frozenset(self.providers or ()), frozenset(self.services or ()))
        return ClaimFilter(frozenset(self.metrics or ()), *parts, buyers_first)

    @property
    def lease(self) -> timedelta:
        return timedelta(seconds=self.lease_seconds)


class LeaseBody(Body):
    """What a consumer does with a refill, here: release it."""

    verb: ClassVar[str] = "release"

    lease_token: Name = Field(repr=False)
    """The token that the claim has given for this refill."""


class ExtendBody(LeaseBody):
    verb = "extend"

    lease_seconds: LeaseSeconds
    """Seconds from now until the lease ends."""

    @property
    def lease(self) -> timedelta:
        return timedelta(seconds=self.lease_seconds)


class CompleteBody(LeaseBody):
    verb = "complete"

    external_id: Text | None = None
    """The provider's id of the delivery."""
    delivered: Annotated[int, Field(ge=0, le=LARGEST_NUMBER), Whole] | None = None
    """Units delivered, if not all of the refill. What is missing then is owed again after the cooldown.
    More than the quantity counts as the quantity.
    0 means that nothing was delivered; it is one of the order's refills all the same, which `fail` is not."""


class FailBody(LeaseBody):
    verb = "fail"

    reason: Text
    """What went wrong."""
    retryable: bool = True
    """Whether the refill is queued again; it is dead otherwise."""
    retry_after_seconds: Annotated[int, Field(ge=0, le=int(LONGEST_RETRY.total_seconds())), Whole] | None = (
        None
    )
    """Seconds until it may be claimed again, in place of the back-off."""

    @property
    def failure(self) -> Failure:
        seconds = self.retry_after_seconds
        return Failure(self.reason, self.retryable, None if seconds is None else timedelta(seconds=seconds))


class FlagBody(Body):
    """Why a flag is set."""

    optional = True

    comment: Note = ""
    """Why the flag is set."""
