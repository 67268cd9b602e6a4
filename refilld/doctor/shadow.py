"""Checks of shadow mode: whether it is on, and what waits for a decision since."""

from collections.abc import Iterator
from datetime import datetime

from monitor.model.decision import Reason
from monitor.model.sums import item_of, summed
from refilld.doctor.finding import Finding, ok, warning
from refilld.report.words import sum_words
from refilld.services.daemon_presence import Presence, present
from refilld.settings.guarantee import GuaranteeSection
from storage import held_refills
from storage.engine import Transaction


def findings(tx: Transaction, section: GuaranteeSection, now: datetime) -> Iterator[Finding]:
    """Say whether refills are queued, and how many are held from shadow mode."""
    yield from _not_restarted(tx, section.mode, now)
    rows = held_refills.totals(tx, Reason.SHADOW)
    held = summed(item_of(row.refills, row.units, row.price, row.currency, row.ordered) for row in rows)
    if section.shadow:
        says = f"shadow mode is on, so nothing is queued or told; held instead: {sum_words(held)}"
        yield warning(
            "guarantee.mode", says, 'to leave it, set mode = "live" under [guarantee] and restart the daemon'
        )
        return
    yield ok("guarantee.mode", "refills are queued")
    if held.number:
        says = f"held from shadow mode until you decide: {sum_words(held)}"
        yield warning("guarantee.shadow_held", says, "refilld shadow show, then release or discard")


def _not_restarted(tx: Transaction, mode: str, now: datetime) -> Iterator[Finding]:
    """The daemons that are still in the mode that they started with."""
    for one in present(tx, now):
        row = one.row
        if one.presence is Presence.ALIVE and row.guarantee_mode not in {None, mode}:
            runs = f"the process {row.pid} on {row.host} is in {row.guarantee_mode} mode"
            hint = "restart the process: it has read its configuration at its start"
            yield warning("guarantee.running_mode", f"{runs}, the configuration in {mode} mode", hint)
