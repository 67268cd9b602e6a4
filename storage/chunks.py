"""Lists of ids in parts: both engines limit the parameters of a statement."""

from collections.abc import Iterator, Sequence
from typing import TypeVar

T = TypeVar("T")
_MOST = 5000


def chunks(ids: Sequence[T], size: int = _MOST) -> Iterator[Sequence[T]]:
    """The ids in parts that one statement takes, in their order."""
    for first in range(0, len(ids), size):
        yield ids[first : first + size]
