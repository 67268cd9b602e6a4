"""Two scripted sources: one reads profiles with their posts, the other reads single pages."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from jobs.adaptive_selection import AdaptiveSelection
from jobs.target_selection import TargetSelection
from monitor.cadence.adaptive import AdaptiveCadence
from monitor.cadence.fixed import FixedCadence
from monitor.cadence.hazard import Hazards
from monitor.cadence.schedule import Cadence
from monitor.model.link import Link, LinkKind
from monitor.model.order import Order
from monitor.model.snapshot import Outcome, Snapshot
from monitor.model.target import Metric, Target
from monitor.sources.contract import Reading
from storage import cadence_stats
from tests.builders import START
from tests.jobs.jobs_world import Answer, JobsWorld, an_order

EVERY = timedelta(hours=6)


def a_post(code: str, metric: Metric = Metric.LIKES, owner: str | None = "natgeo") -> Target:
    return Target(Link(LinkKind.POST, code), metric, owner)


def a_post_order(
    order_id: str, code: str, metric: Metric = Metric.LIKES, owner: str | None = "natgeo", **changes: Any
) -> Order:
    """Give an order of 1000 likes or views on a post that had 1000."""
    target = a_post(code, metric, owner)
    return replace(an_order(order_id), service=str(metric), target=target, link_typed=code, **changes)


@dataclass
class Pages:
    """One page per profile and per post; the page of a post shows its likes and its views."""

    script: Callable[[str, datetime], Answer] = lambda _name, _now: 2000
    name: str = "pages"
    metrics: frozenset[Metric] = frozenset(Metric)
    batch: int = 20
    differs: int = 0
    count_kind: str = "count"
    while_reading: Callable[[], None] = lambda: None
    requests: list[list[str]] = field(default_factory=list)
    times: list[datetime] = field(default_factory=list)

    def request_key(self, target: Target) -> str | None:
        return f"{target.link.kind}:{target.link.key}" if target.metric in self.metrics else None

    def read(self, targets: Sequence[Target], now: datetime) -> Reading:
        assert len({self.request_key(target) for target in targets}) == 1
        assert len(targets) <= self.batch
        self.requests.append([f"{target.link.key}:{target.metric}" for target in targets])
        self.times.append(now)
        self.while_reading()
        return Reading(tuple(self._shot(target, now) for target in targets), 1)

    def _shot(self, target: Target, now: datetime) -> Snapshot:
        answer = self.script(target.link.key, now)
        if isinstance(answer, BaseException):
            raise answer
        if isinstance(answer, Outcome):
            return Snapshot(target, now, answer, self.name)
        return Snapshot(target, now, Outcome.COUNT, self.name, answer + self.differs, self.count_kind)

    @property
    def seen(self) -> list[str]:
        return [one for request in self.requests for one in request]


@dataclass
class Profiles(Pages):
    """One request per profile returns its posts too; a post without an owner cannot be read."""

    name: str = "profiles"
    metrics: frozenset[Metric] = frozenset({Metric.FOLLOWERS, Metric.LIKES})
    count_kind: str = "the_count"

    def request_key(self, target: Target) -> str | None:
        owner = target.link.key if target.link.kind is LinkKind.PROFILE else target.owner
        return f"profile:{owner}" if owner and target.metric in self.metrics else None


def learn(world: JobsWorld) -> AdaptiveSelection:
    """Switch the world to the adaptive cadence, with the stored statistics, as a starting daemon does."""
    with world.database.read() as tx:
        cadence = AdaptiveCadence(EVERY, Hazards(cadence_stats.load(tx)), cadence_stats.average_prices(tx))
    selection = AdaptiveSelection(cadence)
    choose(world, cadence, selection)
    return selection


def choose(world: JobsWorld, cadence: Cadence, selection: TargetSelection) -> None:
    world.policy = replace(world.policy, cadence=cadence)
    world.selection = selection


FIXED = FixedCadence(EVERY)
LATER = START + timedelta(days=2)
"""Two days after completion: the standard order has settled."""
