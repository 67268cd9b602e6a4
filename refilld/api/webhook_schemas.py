"""The schemas of requests about webhook endpoints."""

from typing import Annotated

from pydantic import Field, WithJsonSchema

from monitor.model.target import Metric
from monitor.webhooks.address import LONGEST_URL
from monitor.webhooks.subscription import ALL, patterns
from refilld.api.schemas import Body, Label, Name, Time
from refilld.services.webhooks import MOST_VALUES

Names = Annotated[list[Name], Field(max_length=MOST_VALUES)]
Kind = Annotated[Name, WithJsonSchema({"type": "string", "enum": patterns()})]
_URL = r"^https://([a-z][a-z0-9-]{0,30}\.){1,3}[a-z]{2,20}(:(443|[2-9][0-9]{3}))?(/[A-Za-z0-9._~/-]{0,200})?$"
"""The usual form; other ports, queries and addresses are possible."""


class EndpointBody(Body):
    """A new endpoint."""

    url: Annotated[str, Field(max_length=LONGEST_URL, json_schema_extra={"format": "uri", "pattern": _URL})]
    """Where events are sent to."""
    kinds: Annotated[list[Kind], Field(max_length=MOST_VALUES)] = [ALL]  # noqa: RUF012  # pydantic copies
    """Kinds of events; one with a star at its end is all that begin so."""
    services: Names = []  # noqa: RUF012
    """Only events of orders of these services; all without any."""
    providers: Names = []  # noqa: RUF012
    """Only events of orders of these providers; all without any."""
    metrics: list[Metric] = Field(default=[], max_length=MOST_VALUES)
    """Only events of these metrics; all without any."""
    description: Label = ""
    """What it is for."""


class ReplayBody(Body):
    """A replay of all events since a time."""

    since: Time
    """Events of this time or later."""
    undelivered: bool = False
    """Only events that were not delivered."""
