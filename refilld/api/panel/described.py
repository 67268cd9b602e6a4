"""The panel dialect as the OpenAPI document shows it."""

from http import HTTPStatus
from typing import Literal, TypeAlias

from pydantic import BaseModel, ConfigDict, RootModel

from refilld.api.openapi_parts import OF_TOKENS
from refilld.api.panel.dialect import PanelDialect
from refilld.api.panel.words import PanelFault, RefillWord
from refilld.api.route import ApiRoute

Id: TypeAlias = int | str
"""A number, if it is one."""


class _Described(BaseModel):
    model_config = ConfigDict(use_attribute_docstrings=True)


class PanelForm(_Described):
    """The request of a panel; the fields of ids are those of its action."""

    key: str
    """A token with the scope panel:use. It opens all orders: it is for the shop's own panel alone."""
    action: Literal["refill", "refill_status", "status", "services"]
    """What is asked."""
    order: str | None = None
    """The id of an order."""
    orders: str | None = None
    """Up to 100 ids, with commas between them."""
    refill: str | None = None
    """The id of a refill."""
    refills: str | None = None
    """Up to 100 ids, with commas between them."""


class PanelErrorAnswer(_Described):
    """What went wrong."""

    error: PanelFault


class PanelRefillAnswer(_Described):
    """The id of the refill that was asked for."""

    refill: str


class PanelRefillRow(_Described):
    """The same, of one of several orders."""

    order: Id
    refill: int | PanelErrorAnswer


class PanelStatusAnswer(_Described):
    """The status of a refill."""

    status: RefillWord


class PanelStatusRow(_Described):
    """The same, of one of several refills."""

    refill: Id
    status: RefillWord | PanelErrorAnswer


class PanelOrderAnswer(_Described):
    """An order, as the last import told it."""

    charge: str
    start_count: str
    status: str
    remains: str
    currency: str


class PanelServiceRow(_Described):
    """A service that is configured, or that orders have."""

    service: Id
    name: str
    type: str
    category: str
    rate: str
    min: str
    max: str
    refill: bool
    cancel: bool


class PanelAnswer(
    RootModel[
        PanelErrorAnswer
        | PanelRefillAnswer
        | list[PanelRefillRow]
        | PanelStatusAnswer
        | list[PanelStatusRow]
        | PanelOrderAnswer
        | dict[str, PanelOrderAnswer | PanelErrorAnswer]
        | list[PanelServiceRow]
    ]
):
    """What the action answers; an error has the status 200, too."""


def panel_route(dialect: PanelDialect) -> ApiRoute:
    """The one call; its key is a field of the form."""
    return ApiRoute(
        "POST",
        "/api/v2",
        dialect.call,
        "An action of a panel, in the dialect of panels; the key is a field of the form",
        PanelAnswer,
        form=PanelForm,
        problems=(HTTPStatus.REQUEST_ENTITY_TOO_LARGE,),
        headers=OF_TOKENS,
    )
