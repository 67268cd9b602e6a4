"""Check of the queue: what is paused."""

from collections.abc import Iterator

from refilld.doctor.finding import Finding, ok, warning
from refilld.services.queue_pause import resume_command, shown_pauses
from storage import queue_pauses
from storage.engine import Transaction


def findings(tx: Transaction) -> Iterator[Finding]:
    """Name each pause, or say that there is none."""
    pauses = queue_pauses.listed(tx)
    if not pauses:
        yield ok("queue.pauses", "nothing is paused")
    named, further = shown_pauses(pauses)
    for one in named:
        says = f"{one.part} is paused by {one.paused_by or 'somebody'}: {one.why}"
        remedy = f"{resume_command(one.part)}, once its refills may be delivered again"
        yield warning("queue.pauses", says, remedy)
    if further:
        yield warning(
            "queue.pauses", f"{further:,} more parts are paused", "refilld queue status, which lists all"
        )
