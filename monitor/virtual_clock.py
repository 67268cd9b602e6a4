"""Virtual clock: whose turn it is at one source, without a date.

Each request target has one stored number, its due value, written when it was last looked at. The clock stands
at V, the due value of the target that was routinely looked at last; the next is the least due value, less
what its stream has been put forward by. How fast V runs follows from the budget alone: where the budget falls,
or a wave of drops begins, no stored value changes.
"""

from datetime import datetime

from monitor.outlook import Outlook

YOUNG = 72.0
"""Hours since completion up to which an order is in its service's stream of young ones."""


def stream_of(service: str, hours: float) -> str:
    """The stream of an order, by service and age: waves come upon services, and upon young orders more."""
    return f"{'young' if hours < YOUNG else 'old'} {service}"


class VirtualClock:
    """The state of one source's cadence."""

    @classmethod
    def load(cls, text: str) -> "VirtualClock":
        """The clock that `dump` wrote; a new one where the text is anything else."""
        raise NotImplementedError

    def dump(self) -> str:
        """Everything that the clock remembers, as JSON."""
        raise NotImplementedError

    def due(self, stream: str, outlook: Outlook) -> float:
        """The value to store for a target that was looked at just now, by the outlook of its request."""
        raise NotImplementedError

    def turn(self, stream: str, due: float) -> float:
        """What a stored value is compared by across streams: the least goes first."""
        raise NotImplementedError

    def offset(self, stream: str) -> float:
        """How far the stream has been put forward: `turn` is the due value less this."""
        raise NotImplementedError

    def pop(self, stream: str, due: float) -> None:
        """Move V to a target that is routinely looked at because it is the next. No other look may call this."""

    def served(self, value: float) -> None:
        """Learn the price of a request from what the one just popped was worth (`outlook.index`)."""

    def pays(self, value: float) -> bool:
        """Whether a last call of this value is worth a request."""
        raise NotImplementedError

    def last_called(self, value: float) -> None:
        """Learn the price from a last call that was paid."""

    def saw(self, stream: str, *, expected: float, crossed: bool, hours: float, now: datetime) -> None:
        """Note a routine look at an order, for the wave gate.

        `expected`: the chance that it would have crossed since the look before (`outlook.chance`), `hours` ago.
        """


def last_call(weight: float, hazard: float) -> float:
    """What a look at an order just before its guarantee ends is worth (hazard since its last look)."""
    raise NotImplementedError
