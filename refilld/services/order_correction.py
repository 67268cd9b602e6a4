"""Corrects the start count of an order, and tells what rests on the old one."""

from dataclasses import dataclass
from datetime import datetime
from gettext import NullTranslations

from refilld.services.input_limits import note_of
from refilld.translations.numbers import shown_number
from refilld.translations.source_text import ENGLISH, marked_forms
from storage import drops, order_corrections, refills
from storage.engine import Transaction

_MOST_REFILLS = 1000


@dataclass(frozen=True, slots=True)
class CorrectionResult:
    """What a correction has changed."""

    order_id: str
    changed: bool
    """False: the order had this start count already."""
    before: int | None
    after: int
    decisions: int
    """Number of decisions that rest on the old baseline."""
    open_refills: tuple[int, ...]

    def facts(self) -> dict[str, object]:
        return {
            "order_id": self.order_id,
            "changed": self.changed,
            "field": order_corrections.START_COUNT,
            "before": self.before,
            "after": self.after,
            "decisions": self.decisions,
            "open_refills": list(self.open_refills),
        }


_BEFORE = marked_forms(
    "{number} earlier decision rests on the old baseline and stays as it is",
    "{number} earlier decisions rest on the old baseline and stay as they are",
)


def decisions_before(number: int, into: NullTranslations = ENGLISH) -> str:
    """What remains of the decisions that were made before a correction."""
    return _BEFORE.into(into, number).format(number=shown_number(f"{number:,}", into))


def correct_start_count(
    tx: Transaction, order_id: str, start_count: int, comment: str, now: datetime
) -> CorrectionResult:
    """Correct the start count; raises NotFoundError, or BadInputError without a comment."""
    why = note_of("comment", comment, "say why the start count is corrected")
    row = order_corrections.correct_start_count(tx, order_id, start_count, now, why)
    found = refills.listed(tx, order_id=order_id, limit=_MOST_REFILLS) if row else []
    return CorrectionResult(
        order_id=order_id,
        changed=row is not None,
        before=row.before if row else start_count,
        after=start_count,
        decisions=len(drops.decisions_of(tx, order_id)) if row else 0,
        open_refills=tuple(refill.refill_id for refill in found if refill.state.open),
    )
