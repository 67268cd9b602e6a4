"""A class with only `read` is adapted to a source."""

from collections.abc import Sequence
from datetime import UTC, datetime

from monitor.model.link import Link, LinkKind
from monitor.model.snapshot import Outcome, Snapshot
from monitor.model.target import Metric, Target
from monitor.sources.contract import Reading, Source
from monitor.sources.reader_adapter import ReaderAdapter

NOW = datetime(2026, 1, 1, tzinfo=UTC)
NASA = Target(Link(LinkKind.PROFILE, "nasa"), Metric.FOLLOWERS)
POST = Link(LinkKind.POST, "C0deAAAAAAA")


class Seven:
    """Returns the count 7 for every target."""

    def read(self, targets: Sequence[Target], now: datetime) -> list[Snapshot]:
        return [Snapshot(target, now, Outcome.COUNT, "seven", 7) for target in targets]


class ThreeRequests:
    """Reports three requests per reading."""

    def read(self, targets: Sequence[Target], now: datetime) -> Reading:
        return Reading(tuple(Seven().read(targets, now)), 3)


def test_it_supports_all_metrics_with_one_target_per_request() -> None:
    source = ReaderAdapter("seven", Seven())
    assert isinstance(source, Source)
    assert (source.name, source.metrics, source.batch) == ("seven", frozenset(Metric), 1)
    names = {
        source.request_key(target)
        for target in (NASA, Target(POST, Metric.LIKES), Target(POST, Metric.VIEWS))
    }
    assert len(names) == 3


def test_a_list_of_snapshots_counts_as_one_request() -> None:
    reading = ReaderAdapter("seven", Seven()).read([NASA], NOW)
    assert (reading.requests, [snapshot.count for snapshot in reading.snapshots]) == (1, [7])


def test_a_reading_reports_its_requests() -> None:
    assert ReaderAdapter("three requests", ThreeRequests()).read([NASA], NOW).requests == 3
