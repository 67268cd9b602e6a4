"""Checks of shadow mode: whether it is on, and what waits for a decision since."""

from collections.abc import Iterator

from monitor.model.decision import Reason
from monitor.model.sums import item_of, summed
from refilld.doctor.finding import Finding, ok, warning
from refilld.report.words import sum_words
from storage import held_refills
from storage.engine import Transaction


def findings(tx: Transaction, *, shadow: bool) -> Iterator[Finding]:
    """Say whether refills are queued, and how many are held from shadow mode."""
    rows = held_refills.totals(tx, Reason.SHADOW)
    held = summed(item_of(row.refills, row.units, row.price, row.currency, row.ordered) for row in rows)
    if shadow:
        says = f"shadow mode is on, so nothing is queued or told; held instead: {sum_words(held)}"
        yield warning(
            "guarantee.mode", says, 'to leave it, set mode = "live" under [guarantee] and restart the daemon'
        )
        return
    yield ok("guarantee.mode", "refills are queued")
    if held.number:
        says = f"held from shadow mode until you decide: {sum_words(held)}"
        yield warning("guarantee.shadow_held", says, "refilld shadow show, then release or discard")
