"""Restores and copies of the database in words."""

from monitor.model.time_words import minute
from storage.transfer_action import TransferAction
from storage.transfers import TransferRow

_WORDS = {
    TransferAction.RESTORED: "restored from",
    TransferAction.COPIED: "copied from",
    TransferAction.MOVED: "moved to",
    TransferAction.REOPENED: "reopened, after it was moved to",
}


def transfer_sentence(row: TransferRow) -> str:
    """When something was restored or copied, from where, and what follows from it."""
    said = f"{_WORDS[row.action]} {row.place} on {minute(row.at)} UTC"
    if row.first_id is not None:
        said += f"; ids since then begin at {row.first_id}"
    if row.hold_until is not None:
        said += f"; refills were held until {minute(row.hold_until)} UTC"
    return said
