"""The metadata of all tables, and helpers for constraints and indexes.

All constraints have fixed names, by which a violation is mapped to a domain error.
"""

from collections.abc import Iterable, Mapping
from enum import StrEnum
from types import MappingProxyType

from sqlalchemy import BigInteger, CheckConstraint, Index, Integer, MetaData, Table, event, text

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "pk": "pk_%(table_name)s",
    }
)

ONLY_ON = "only_on"
"""In the `info` of an index: the name of the only engine that has it."""
Key = BigInteger().with_variant(Integer, "sqlite")  # SQLite numbers rows itself only for INTEGER


def numbers_rows(table: Table) -> bool:
    """Whether the database numbers the rows of a table, by its only key."""
    return [column.type for column in table.primary_key] == [Key]


@event.listens_for(Table, "after_parent_attach")
def _number_without_reuse(table: Table, parent: MetaData) -> None:
    """On SQLite, give no id out again after its row was deleted; PostgreSQL's sequences never do."""
    if parent is metadata and numbers_rows(table):
        table.dialect_options["sqlite"]["autoincrement"] = True


def one_of(column: str, words: Iterable[StrEnum]) -> CheckConstraint:
    """A CHECK that a column has one of the values of an enum."""
    return CheckConstraint(f"{column} IN ({', '.join(repr(str(w)) for w in words)})", name=f"known_{column}")


def partial(
    name: str,
    *columns: str,
    where: str,
    unique: bool = False,
    postgresql_ops: Mapping[str, str] = MappingProxyType({}),
) -> Index:
    """A partial index on both engines."""
    return Index(
        name,
        *columns,
        unique=unique,
        sqlite_where=text(where),
        postgresql_where=text(where),
        postgresql_ops=dict(postgresql_ops),
    )


def only_postgresql(index: Index) -> Index:
    """An index that SQLite does not need."""
    index.info[ONLY_ON] = "postgresql"
    index.ddl_if(dialect="postgresql")
    return index
