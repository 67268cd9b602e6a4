"""A part of the queue: all of it, or the refills of a metric, a provider or a service."""

from dataclasses import dataclass
from enum import StrEnum


class PartKind(StrEnum):
    """By what a part of the queue is named."""

    QUEUE = "queue"
    METRIC = "metric"
    PROVIDER = "provider"
    SERVICE = "service"


@dataclass(frozen=True, slots=True)
class QueuePart:
    """A part of the queue, which can be paused."""

    kind: PartKind = PartKind.QUEUE
    value: str = ""
    """The metric, provider or service; empty for the whole queue."""

    def __post_init__(self) -> None:
        if (self.kind is PartKind.QUEUE) != (not self.value):
            raise ValueError(f"not a part of the queue: {self.kind} {self.value!r}")

    def __str__(self) -> str:
        return f"{self.kind} {self.value}" if self.value else "the whole queue"


WHOLE_QUEUE = QueuePart()
