"""The learned and the fixed cadence in turn: each continues with the state of the other."""

from datetime import timedelta
from typing import Any

import pytest

from refilld.demo.instagram import Post
from tests.e2e.installation import json_lines, now, until
from tests.e2e.two_sources import Bought, TwoSourceInstallation

PROFILE = Bought("profile", "natgeo")
LIKES = Bought("likes", "ReelAAAAAAA", "likes", "natgeo")
VIEWS = Bought("views", "ReelAAAAAAA", "views", "natgeo")
PERSONAL = Bought("personal", "anna")
SHOP = [PROFILE, LIKES, VIEWS, PERSONAL]
EVERY = timedelta(seconds=1)
"""The interval of an installation: `sampling.every`."""


@pytest.fixture
def shop(two_sources: TwoSourceInstallation) -> TwoSourceInstallation:
    """A shop whose orders have lost nothing."""
    two_sources.professional("natgeo", 1500, ReelAAAAAAA=Post(1500, 1500))
    two_sources.personal("anna", 1500)
    two_sources.buy(SHOP)
    return two_sources


def round_of_looks(place: TwoSourceInstallation, cadence: str) -> list[dict[str, Any]]:
    """Run `refilld run --once` under a cadence; it has to count every target. Return its decisions."""
    began = now()
    until(lambda: now() - began > EVERY, "all targets to be due again")
    place.settings["sampling.cadence"] = cadence
    done = place.refilld("run", "--once")
    assert done.code == 0, done
    lines = json_lines(done.err)
    counted = [line for line in lines if line["event"] == "look.taken" and line["outcome"] == "count"]
    assert {(line["link"], line["metric"]) for line in counted} == {(one.link, one.metric) for one in SHOP}
    return [line for line in lines if line["event"] == "drop.decided"]


def test_a_changed_cadence_loses_no_target_and_no_drop(shop: TwoSourceInstallation) -> None:
    """All targets are read in every round; one cadence confirms the drops that the other suspected."""
    assert round_of_looks(shop, "learned") == []
    shop.personal("anna", 1300)
    assert round_of_looks(shop, "fixed") == []
    [decided] = round_of_looks(shop, "learned")
    assert (decided["order_id"], decided["decision"], decided["quantity"]) == ("personal", "refill", 200)
    shop.change_post("natgeo", LIKES.about, likes=1100)
    assert round_of_looks(shop, "fixed") == []
    [decided] = round_of_looks(shop, "learned")
    assert (decided["order_id"], decided["decision"], decided["quantity"]) == ("likes", "refill", 400)
    assert sorted(refill["order_id"] for refill in shop.refills(state="queued")) == ["likes", "personal"]


def sent(shop: TwoSourceInstallation) -> int:
    """The number of requests to the official source so far."""
    return len(shop.official.requests)


@pytest.mark.parametrize("cadence", ["learned", "fixed"])
def test_check_has_its_own_reserve(shop: TwoSourceInstallation, cadence: str) -> None:
    """It assigns new targets, skips what Graph cannot read, and reads when routine looks have no budget."""
    shop.settings |= {
        "sampling.cadence": cadence,
        "sources.graph.requests_per_hour": "4",
        "sources.graph.reserve": "50",
    }
    answers = shop.rows("check", "profile", "personal")
    assert [(one["word"], one["count"], one["recheck"]) for one in answers] == [("no_drop", 1500, "done")] * 2
    assert (sent(shop), shop.looks("anna")) == (2, 1)
    shop.command("run", "--once")
    assert sent(shop) == 2, "the rest of the hour is for checks"
    known, answers = shop.exposure_hours(), shop.rows("check", "--fresh", *["likes"] * 3)
    assert [one["recheck"] for one in answers] == ["done", "done", "due"]
    assert sent(shop) == 4
    assert (shop.exposure_hours() > known) is (cadence == "learned"), (
        "counts of other targets in the answer are observations too"
    )
