"""Partitions by month on PostgreSQL: the next one is created, and old ones are compacted."""

from collections.abc import Callable
from datetime import datetime

import structlog

from storage import partition_compaction, partitions
from storage.engine import Database
from storage.patience import MIGRATION

log = structlog.get_logger()


def maintain_partitions(database: Database, now: datetime, heartbeat: Callable[[], None]) -> None:
    """Create the partition of the next month, and compact the oldest one that the retention has passed."""
    if database.sqlite:
        return
    patient = database.with_patience(MIGRATION)
    for table in partitions.PARTITIONED:
        with patient.write() as tx:
            created = partitions.create_next(tx, table, now)
        if created is not None:
            log.info("partitions.created", table=table, partition=created)
        with patient.write() as tx:
            compacted = partition_compaction.compact_oldest(tx, table, now, heartbeat)
        if compacted is not None:
            log.info("partitions.compacted", table=table, into=compacted.name, rows=compacted.rows)
