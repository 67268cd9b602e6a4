"""Claiming the next request: what is claimed is looked at."""

import pytest

from jobs import routing
from jobs.adaptive_selection import AdaptiveSelection
from jobs.target_selection import FixedSelection, TargetSelection
from monitor.cadence.adaptive import AdaptiveCadence
from monitor.cadence.hazard import Hazards
from storage import due
from tests.builders import HOUR
from tests.jobs.jobs_world import JobsWorld, ScriptedSource, a_configured_source, an_order

PROFILES = ("ann", "bob", "cat", "dan")
SELECTIONS = (FixedSelection(), AdaptiveSelection(AdaptiveCadence(6 * HOUR, Hazards({}))))


@pytest.mark.parametrize("selection", SELECTIONS, ids=["fixed", "adaptive"])
def test_only_the_first_free_request_of_those_that_are_tried_is_claimed(
    world: JobsWorld, selection: TargetSelection
) -> None:
    """Another daemon holds the first one; a claim without a look would keep the others from all for long."""
    world.selection = selection
    configured = a_configured_source(ScriptedSource())
    world.sell(*(an_order(name, name) for name in PROFILES))
    with world.database.write() as tx:
        router = world.sampling(configured).policy.router
        assert router is not None
        routing.route_new(tx, router, selection.queue_position, world.now)
        due.claim_targets(tx, [world.target("ann").target_id], world.now + HOUR)
    with world.database.write() as tx:
        requests = selection.claim_next(tx, configured, world.now, tried=4)
    assert len(requests) == 1
    claimed = [until is not None for until in world.rows("targets", "claimed_until")]
    assert sum(claimed) == 2
