"""The section `[orders]`."""

from datetime import tzinfo
from typing import Literal

from pydantic import field_validator

from monitor.model.order import OrderStatus
from refilld.order_fields import FIELDS, LEFT_OUT
from refilld.settings.section import Section, valid
from refilld.time_format import checked_date_format, zone_named


class OrdersSection(Section):
    """How the shop's orders files are written, and what their numbers mean."""

    map: dict[str, str] = {}
    timezone: str | None = None
    date_format: str | None = None
    statuses: dict[str, OrderStatus] = {}
    zero_start_count: Literal["measure", "trust"] = "measure"

    @field_validator("map")
    @classmethod
    def _fields_exist(cls, columns: dict[str, str]) -> dict[str, str]:
        for field in columns.values():
            if field not in {*FIELDS, LEFT_OUT}:
                raise ValueError(f"there is no field {field!r}; there are {', '.join(FIELDS)}")
        if len(set(columns.values()) - {LEFT_OUT}) < sum(field != LEFT_OUT for field in columns.values()):
            raise ValueError("two columns are mapped to one field; keep one")
        return columns

    @field_validator("timezone")
    @classmethod
    def _zone_exists(cls, name: str | None) -> str | None:
        return name if name is None else valid(name, zone_named)

    @field_validator("date_format")
    @classmethod
    def _format_isvalid(cls, text: str | None) -> str | None:
        return text if text is None else valid(text, checked_date_format)

    @property
    def trust_zero(self) -> bool:
        """Whether a start count of 0 is believed even if the first judged count contradicts it."""
        return self.zero_start_count == "trust"

    @property
    def zone(self) -> tzinfo | None:
        return None if self.timezone is None else zone_named(self.timezone)
