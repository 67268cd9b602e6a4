"""Column types that behave the same on both engines, and the types of untyped rows and queries."""

from datetime import datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Any, Generic, TypeAlias, TypeVar

from sqlalchemy import BigInteger, Dialect, Row, Select, Text
from sqlalchemy.types import TypeDecorator

from monitor.model.instants import EPOCH

AnyRow: TypeAlias = Row[*tuple[Any, ...]]
"""A row of any query; not used outside this package."""
AnySelect: TypeAlias = Select[*tuple[Any, ...]]

E = TypeVar("E", bound=StrEnum)

_MICROSECOND = timedelta(microseconds=1)


def microseconds(at: datetime) -> int:
    """A time as it is stored, and as raw queries compare it."""
    return (at - EPOCH) // _MICROSECOND


def instant(stored: int | None) -> datetime | None:
    """A stored time, as raw queries return it."""
    return None if stored is None else EPOCH + stored * _MICROSECOND


class Instant(TypeDecorator[datetime]):
    """An aware UTC time, stored as microseconds since 1970 in a 64-bit integer."""

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> int | None:  # noqa: ARG002
        return None if value is None else microseconds(value)

    def process_result_value(self, value: int | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        return instant(value)


class EnumText(TypeDecorator[E], Generic[E]):
    """A member of a StrEnum, stored as text; a CHECK of the table lists the values."""

    impl = Text
    cache_ok = True

    def __init__(self, words: type[E]) -> None:
        super().__init__()
        self.words = words

    def process_bind_param(self, value: E | None, dialect: Dialect) -> str | None:  # noqa: ARG002
        return None if value is None else str(value)

    def process_result_value(self, value: str | None, dialect: Dialect) -> E | None:  # noqa: ARG002
        return None if value is None else self.words(value)


class Amount(TypeDecorator[Decimal]):
    """An exact amount of money, stored as text because SQLite has no decimal numbers."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: Decimal | None, dialect: Dialect) -> str | None:  # noqa: ARG002
        return None if value is None else str(value)

    def process_result_value(self, value: str | None, dialect: Dialect) -> Decimal | None:  # noqa: ARG002
        return None if value is None else Decimal(value)
