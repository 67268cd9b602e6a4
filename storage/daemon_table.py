"""The tables of the daemons: which processes are alive, and which of them carries out a job for all."""

from sqlalchemy import BigInteger, Column, Integer, Table, Text

from storage.column_types import Instant
from storage.metadata import Key, metadata

daemons = Table(
    "daemons",
    metadata,
    Column("daemon_id", Key, primary_key=True),
    Column("host", Text, nullable=False),
    Column("pid", Integer, nullable=False),
    Column("version", Text, nullable=False),
    Column("mode", Text, nullable=False),
    Column("started_at", Instant, nullable=False),
    Column("beat_at", Instant, nullable=False),
    Column("guarantee_mode", Text),
)

job_holders = Table(
    "job_holders",
    metadata,
    Column("job", Text, primary_key=True),
    Column("daemon_id", BigInteger, nullable=False),
    Column("begun_at", Instant, nullable=False),
)
