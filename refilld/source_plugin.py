"""Public interface for authors of sources, version 1: import from here and nowhere else in refilld.

docs/sources.md explains the contract and has a complete example. The names below keep their meaning for as
long as `INTERFACE_VERSION` stays the same; everything else in refilld may change with any release.

A source states the version that it was written for as the class attribute `interface_version = 1`. A refilld
with another version refuses to create it, with one line that names both versions.
"""

from monitor.errors import BadInputError
from monitor.model.link import Link, LinkKind
from monitor.model.snapshot import Outcome, Snapshot
from monitor.model.target import Metric, Target
from monitor.sources.checked_source import CheckedSource
from monitor.sources.contract import (
    INTERFACE_VERSION,
    RateLimitHint,
    Reading,
    Source,
    SourceContractError,
)

__all__ = [
    "INTERFACE_VERSION",
    "BadInputError",
    "CheckedSource",
    "Link",
    "LinkKind",
    "Metric",
    "Outcome",
    "RateLimitHint",
    "Reading",
    "Snapshot",
    "Source",
    "SourceContractError",
    "Target",
]
