"""The schemas of requests about webhook endpoints."""

from datetime import datetime
from typing import Annotated

from pydantic import AfterValidator, AwareDatetime, Field

from monitor.model.target import Metric
from monitor.webhooks.subscription import ALL
from refilld.api.schemas import Body, Name
from refilld.services.input_limits import YEARS
from refilld.services.webhooks import MOST_VALUES

Names = Annotated[list[Name], Field(max_length=MOST_VALUES)]


class EndpointBody(Body):
    """A new endpoint."""

    url: str = Field(max_length=2000)
    kinds: Names = [ALL]  # noqa: RUF012  # pydantic copies mutable defaults
    services: Names = []  # noqa: RUF012
    providers: Names = []  # noqa: RUF012
    metrics: list[Metric] = Field(default=[], max_length=MOST_VALUES)
    description: Annotated[str, Field(max_length=100)] = ""


def _in_years(at: datetime) -> datetime:
    if at.year not in YEARS:
        raise ValueError(f"must be between {YEARS[0]} and {YEARS[-1]}")
    return at


class ReplayBody(Body):
    """A replay of all events since a time."""

    since: Annotated[AwareDatetime, Field(strict=False), AfterValidator(_in_years)]
    undelivered: bool = False
