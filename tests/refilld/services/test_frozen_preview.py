"""A stored preview says what was shown, and stays small however much is left out."""

from decimal import Decimal

from monitor.model.sums import item_of
from refilld.services.frozen_preview import MOST_NAMES, MOST_REASONS, FrozenPreview, dump, load, parts_of
from refilld.services.left_out import LeftOut


def test_what_was_stored_is_read_again() -> None:
    """With exact amounts, and rows without a price, a provider or an order."""
    sold = ("1", "likes", None, item_of(1, 100, Decimal("12.345"), "EUR", 300))
    unpriced = ("", None, "north", item_of(1, 50, None, None, 100))
    parts = parts_of(("queued", [sold, unpriced, sold]), ("ended", []))
    found = load(dump(parts, [LeftOut("7", "closed already")]))
    assert found.parts == parts
    (part,) = found.parts
    assert (part.orders, part.all.number, part.all.units) == (1, 3, 250)
    assert part.all.by_currency[0].amount == Decimal("8.230")
    assert (found.reasons[0].why, found.reasons[0].names, found.left_out_otherwise) == (
        "closed already", ("7",), 0,
    )  # fmt: skip


def test_of_many_reasons_and_rows_the_most_frequent_and_first_are_kept() -> None:
    often = [LeftOut(f"{i}", "closed already") for i in range(1000)]
    each = [LeftOut(f"{i}", f"refill {i} is open already") for i in range(1000)]
    found = load(dump((), each + often))
    assert (found.left_out, len(found.reasons)) == (2000, MOST_REASONS)
    assert (found.reasons[0].number, len(found.reasons[0].names)) == (1000, MOST_NAMES)
    assert found.left_out_otherwise == 1000 - (MOST_REASONS - 1)


def test_an_action_of_an_earlier_release_has_no_preview() -> None:
    assert load("") == FrozenPreview()
