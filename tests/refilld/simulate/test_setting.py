"""The setup of a simulation: its budget and its services."""

from datetime import timedelta

import pytest

from monitor.model.target import Metric
from refilld.settings.settings import Settings
from refilld.simulate.setting import built_in, section_of
from tests.refilld.simulate.simulate_world import BEGIN

ON = {"enabled": True}


@pytest.mark.parametrize(
    ("sources", "given", "expected"),
    [
        ({}, None, (30, 60)),
        ({"instaloader": ON | {"requests_per_hour": 40}}, None, (40, 60)),
        ({"instaloader": {"requests_per_hour": 40}}, None, (30, 60)),
        ({"instaloader": ON, "graph": ON}, None, (130, 15)),
        ({"instaloader": ON, "simulated": {"requests_per_hour": 7, "spacing": "5s"}}, None, (7, 5)),
        ({"instaloader": ON}, 120, (120, 30)),
        ({"instaloader": ON}, 10, (10, 60)),
    ],
)
def test_the_budget_is_the_sources_own_or_that_of_all_enabled_ones(
    sources: dict[str, object], given: int | None, expected: tuple[int, int]
) -> None:
    """Two sources, one with a request per minute and one with three: four per minute."""
    section = section_of(Settings.model_validate({"sources": sources}), "simulated", given)
    hour, seconds = expected
    assert (section.requests_per_hour, section.spacing) == (hour, timedelta(seconds=seconds))


def test_the_configured_services_are_sold() -> None:
    settings = Settings.model_validate({"services": {"17": {"metric": "likes"}, "18": {"terms": "default"}}})
    world = built_in(settings, orders=50, days=1, seed=1)
    sold = {row["service"] for row in world.sold(BEGIN) if row["metric"] == Metric.LIKES}
    assert sold == {"17"}
