"""Which orders a curve is computed from, where a shop has more of them than can be read in a short time."""

from collections.abc import Iterable
from hashlib import blake2b

MOST_OF_A_GROUP = 2_000
"""Orders of one service, provider and metric that are read."""
MOST_ORDERS = 50_000
"""Orders that are read in all."""
_RANGE = 2**64


def order_quota(sizes: Iterable[int]) -> int:
    """The number of orders up to which each group can be read whole; of larger groups so many are sampled."""
    left, ordered = MOST_ORDERS, sorted(sizes)
    for position, size in enumerate(ordered):
        share = left // (len(ordered) - position)
        if size > share:
            return max(1, min(share, MOST_OF_A_GROUP))
        left -= size
    return MOST_OF_A_GROUP


def is_sampled(order_id: str, fraction: float) -> bool:
    """Whether an order is in a sample of this fraction; a larger sample has it as well."""
    number = int.from_bytes(blake2b(order_id.encode(), digest_size=8).digest(), "big")
    return number < fraction * _RANGE
