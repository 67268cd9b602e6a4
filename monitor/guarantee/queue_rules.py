"""What the configuration allows to be queued."""

from dataclasses import dataclass, field

from monitor.guarantee.daily_caps import DailyCaps


@dataclass(frozen=True, slots=True)
class QueueRules:
    """What the configuration allows to be queued."""

    caps: DailyCaps = field(default_factory=DailyCaps)
    """What a release must keep to; an operator who names refills decides above them."""
    shadow: bool = False
