"""The contract between refilld and a source of counts, version 1.

A source answers a batch of targets with one typed snapshot each. It is a class that an installed
distribution names under the entry-point group `refilld.sources`. The entry point's name is the source's
name: the `NAME` of `[sources.NAME]`. docs/sources.md explains every part of the contract with an example.

Creation. If the class has a class method `configured(options)`, the source is what it returns, else what
the class returns without arguments. `options` maps names to strings. `configured` sends no request and
raises BadInputError, naming `sources.NAME.OPTION`, for an option that it cannot use.

Reading. `read` is called with at least 1 and at most `batch` targets, all of one `request_key`, by one
thread of a process at a time. It never raises because of what the remote side does, never sleeps, never
retries and never touches refilld's database. Budget, pauses and retries are refilld's part.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol, runtime_checkable

from monitor.errors import BadInputError
from monitor.model.snapshot import Snapshot
from monitor.model.target import Metric, Target

INTERFACE_VERSION = 1
"""Version of this contract.

It is raised when a source written for the version before could fail or be misunderstood: an attribute or
a parameter is added that sources must have or accept, one is removed, or one changes its meaning. An
optional attribute or a field with a default does not raise it.
"""


class SourceContractError(BadInputError):
    """A source breaks the contract: the message names the source and the breach."""


@dataclass(frozen=True, slots=True)
class RateLimitHint:
    """What the platform says about its own limit in an answer; None where it says nothing."""

    used_percent: int | None = None
    """Used share of the platform's limit, in percent; 100 when it refuses further requests."""
    wait: timedelta | None = None
    """Time for which the platform asks for no further request."""


@dataclass(frozen=True, slots=True)
class Reading:
    """The answer to a batch."""

    snapshots: tuple[Snapshot, ...]
    """One for each target, in the order of the targets."""
    requests: int
    """Requests sent to the platform, failed ones included; 0 when none was sent."""
    rate_limit: RateLimitHint = RateLimitHint()


@runtime_checkable
class Source(Protocol):
    """A source of counts."""

    name: str
    """Name of the entry point."""
    metrics: frozenset[Metric]
    """Metrics that the source can count."""
    batch: int
    """Largest number of targets of one `read`; at least 1."""

    def request_key(self, target: Target) -> str | None:
        """Return the key of the request that shows the target; None when the source cannot read it.

        Targets with the same key are read together: up to `batch` of them cost one request. The result
        depends on the target alone and needs no request.
        """

    def read(self, targets: Sequence[Target], now: datetime) -> Reading:
        """Read the counts of targets that have one `request_key`.

        Every snapshot has its target as given, `at` = `now` (in UTC) and `source` = `name`.
        """
