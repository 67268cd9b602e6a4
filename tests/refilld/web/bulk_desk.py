"""A desk with refills that are held for a mass drop, and the job that carries out bulk actions."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jobs.bulk_actions import BulkActions
from monitor.guarantee.queue_rules import QueueRules
from tests.refilld.queue_world import QueueWorld
from tests.refilld.web.desk_world import Browser, DeskWorld


@dataclass
class BulkDesk:
    """The desk, and the queue of its database."""

    desk: DeskWorld
    queue: QueueWorld

    def work(self) -> None:
        """Let the job carry out what is confirmed."""
        BulkActions(self.desk.database, self.desk.clock, QueueRules()).run_once()

    def preview(self, browser: Browser, **fields: Any) -> str:
        """Send the form of the queue; returns the path of the preview."""
        browser.get("/bulk")
        sent = {"subject": "refills", "action": "approve", "back": "/queue?state=held"} | fields
        answer = browser.post("/bulk/preview", **sent)
        assert answer.status_code == 303
        return str(answer.location)


def bulk_desk(desk: DeskWorld, directory: Path, *held: str) -> BulkDesk:
    """Refills of 100 units of these orders are held; their count shows that all are missing."""
    made = BulkDesk(desk, QueueWorld(desk.database, directory, now=desk.now))
    made.queue.queue(*held, held=True)
    at = int(desk.now.timestamp() * 1_000_000)
    with desk.database.write() as tx:
        tx.exec_driver_sql(f"UPDATE targets SET last_count = 1900, last_count_at = {at}")
    return made
