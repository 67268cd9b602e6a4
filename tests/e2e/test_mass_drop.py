"""A fault of the platform lowers all counts and reverts: no refill follows."""

import pytest

from tests.e2e.installation import Installation, Sold

SHOP = [Sold(f"{n}", f"profile.{n}") for n in range(1, 7)]


@pytest.fixture
def fallen(place: Installation) -> Installation:
    """Six profiles that have all lost 300 of 500 at the same time."""
    place.settings |= {
        "mass_drop.enabled": "true",
        "mass_drop.min_targets": "5",
        "mass_drop.hold": "4s",
        "terms.default.confirmations": "3",
    }
    place.sell(SHOP)
    with place.daemon() as daemon:
        daemon.until_logged("look.taken", len(SHOP), outcome="count")
        assert daemon.stop() == 0
    for sold in SHOP:
        place.count(sold.username, sold.delivered_count - 300)
    return place


def test_a_loss_that_the_platform_reverts_is_not_refilled(fallen: Installation) -> None:
    """All refills are held with one alert; after the hold only the three orders still down are refilled."""
    with fallen.daemon() as daemon:
        daemon.until_logged("drop.decided", len(SHOP), decision="hold", reason="mass_drop")
        for sold in SHOP[:3]:
            fallen.count(sold.username, sold.delivered_count)
        daemon.until_logged("drop.decided", 3, decision="refill")
        daemon.until_logged("drop.decided", 3, decision="refuse", reason="recovered")
        assert daemon.stop() == 0
    by_order = {row["order_id"]: (row["state"], row["quantity"]) for row in fallen.refills()}
    whole = {sold.order_id: ("rejected", 300) for sold in SHOP[:3]}
    assert by_order == whole | {sold.order_id: ("queued", 300) for sold in SHOP[3:]}
    assert len(fallen.alerts("mass_drop.started")) == 1


def test_the_operator_releases_a_mass_drop_with_one_command(fallen: Installation) -> None:
    """Recovered refills are discarded."""
    fallen.settings["mass_drop.hold"] = "2d"
    with fallen.daemon() as daemon:
        daemon.until_logged("drop.decided", len(SHOP), decision="hold", reason="mass_drop")
        fallen.count(SHOP[0].username, SHOP[0].delivered_count)
        whole = {"link": SHOP[0].link, "count": SHOP[0].delivered_count}
        daemon.until_logged("look.taken", len(daemon.logged("look.taken", **whole)) + 1, **whole)
        done = fallen.command("mass-drops", "release", "followers", "--yes")
        assert daemon.stop() == 0
    assert done == "5 released (1,500 units), 1 discarded\n"
