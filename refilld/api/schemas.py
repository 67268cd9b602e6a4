"""The schemas of request bodies and query strings."""

from datetime import timedelta
from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field

from monitor.model.target import Metric
from refilld.services.input_limits import (
    LARGEST_NUMBER,
    LONGEST_NAME,
    LONGEST_RETRY,
    LONGEST_TEXT,
    NO_CONTROL_CHARACTERS,
    PRINTABLE,
    printable,
    without_control_characters,
)
from refilld.strict_json import read_json
from storage.claim_selection import ClaimFilter
from storage.leases import Failure

Text = Annotated[
    str,
    Field(min_length=1, max_length=LONGEST_TEXT, json_schema_extra={"pattern": NO_CONTROL_CHARACTERS}),
    AfterValidator(without_control_characters),
]
Name = Annotated[
    str,
    Field(min_length=1, max_length=LONGEST_NAME, json_schema_extra={"pattern": PRINTABLE}),
    AfterValidator(printable),
]


def _whole(value: Any) -> Any:
    """A number without a fraction as an integer, as JSON Schema defines them."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


Whole = BeforeValidator(_whole)
LeaseSeconds = Annotated[int, Field(ge=30, le=86_400), Whole]


class Body(BaseModel):
    """A JSON object with strict types (a string is not a number) and no unknown fields."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, use_attribute_docstrings=True)
    optional: ClassVar[bool] = False
    """Whether it may be left out."""

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
    lease_seconds: LeaseSeconds = 300
    wait_seconds: Annotated[int, Field(ge=0, le=30), Whole] = 0
    metrics: list[Metric] | None = Field(default=None, min_length=1, max_length=100)
    providers: list[Name] | None = Field(default=None, min_length=1, max_length=100)
    services: list[Name] | None = Field(default=None, min_length=1, max_length=100)
    consumer: Name | None = None

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


class ExtendBody(LeaseBody):
    verb = "extend"

    lease_seconds: LeaseSeconds

    @property
    def lease(self) -> timedelta:
        return timedelta(seconds=self.lease_seconds)


class CompleteBody(LeaseBody):
    verb = "complete"

    external_id: Text | None = None
    delivered: Annotated[int, Field(ge=0, le=LARGEST_NUMBER), Whole] | None = None
    """Units delivered, if not all of the refill. What is missing then is owed again after the cooldown.
    0 means that nothing was delivered; it is one of the order's refills all the same, which `fail` is not."""


class FailBody(LeaseBody):
    verb = "fail"

    reason: Text
    retryable: bool = True
    retry_after_seconds: Annotated[int, Field(ge=0, le=int(LONGEST_RETRY.total_seconds())), Whole] | None = (
        None
    )

    @property
    def failure(self) -> Failure:
        seconds = self.retry_after_seconds
        return Failure(self.reason, self.retryable, None if seconds is None else timedelta(seconds=seconds))


class FlagBody(Body):
    """Why a flag is set."""

    optional = True

    comment: Text | Literal[""] = ""
