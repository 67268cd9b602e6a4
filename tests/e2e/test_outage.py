"""A failed look is never a drop, for any fault of Instagram."""

import pytest

from refilld.demo.instagram import LOGIN_WALL, RATE_LIMITED, page
from refilld.demo.tunnel import HttpAnswer, Mishap
from tests.e2e.installation import Installation, Sold

SHOP = [Sold(f"{n}", f"profile.{n}") for n in range(1, 7)]
# One of each outcome: tests/monitor/sources/instaloader has the outcomes of all answers.
OUTAGES = {
    "429": RATE_LIMITED,
    "login wall": LOGIN_WALL,
    "dropped": HttpAnswer(mishap=Mishap.DROP),
    "no number": page({"xig_user_by_username": {"username": "x", "follower_count": "many"}}),
    "blocked": HttpAnswer('{"message":"feedback_required","status":"fail"}', 403),
}
TRANSIENT_OUTAGES = {"dropped"}
"""Transient faults: the source is paused for a moment, without an alert."""


@pytest.mark.parametrize("outage", OUTAGES)
def test_an_outage_pauses_the_source_and_opens_no_drop(place: Installation, outage: str) -> None:
    """Counts, an outage until the source is paused, and counts again."""
    place.settings["sources.instaloader.first_pause"] = "1s"
    # Otherwise one profile, retried first, could raise its own alert before others have failed.
    place.settings["sampling.cadence"] = "fixed"
    place.sell(SHOP)
    with place.daemon() as daemon:
        daemon.until_logged("look.taken", len(SHOP), outcome="count")
        place.world.outage = OUTAGES[outage]
        daemon.until_logged("source.paused")
        place.world.outage = None
        seen = len(daemon.logged("look.taken", outcome="count"))
        daemon.until_logged("look.taken", seen + len(SHOP) + 1, outcome="count")
        failed = [line for line in daemon.logged("look.taken") if line["outcome"] != "count"]
        assert daemon.stop() == 0
    assert failed
    assert {line["count"] for line in failed} == {None}
    expected = [] if outage in TRANSIENT_OUTAGES else [("alert", "source.ready"), ("alert", "source.blocked")]
    assert [(row["record"], row.get("kind")) for row in place.records()] == expected
