"""One request to Graph reads an account and its posts, also when their looks were due at different times."""

import pytest

from refilld.demo.instagram import Post
from tests.e2e.two_sources import Bought, TwoSourceInstallation, seen

ACCOUNTS = ("natgeo", "nasa", "esa")
POSTS = 5


@pytest.mark.parametrize("cadence", ["learned", "fixed"])
def test_every_request_reads_all_targets_of_its_account(
    two_sources: TwoSourceInstallation, cadence: str
) -> None:
    """Three accounts of six targets, bought a second apart; one of them loses likes."""
    two_sources.settings["sampling.cadence"] = cadence
    orders = []
    for account in ACCOUNTS:
        codes = [f"Reel{account}{number}" for number in range(POSTS)]
        two_sources.professional(account, 1500, **{code: Post(1500) for code in codes})
        orders += [Bought(account, account), *(Bought(code, code, "likes", account) for code in codes)]
    two_sources.buy(orders)
    with two_sources.daemon() as daemon:
        seen(daemon, *orders, at_least=2)
        two_sources.change_post("nasa", "Reelnasa3", likes=1200)
        daemon.until_logged("drop.decided", order_id="Reelnasa3")
        seen(daemon, *orders, at_least=2)
        assert daemon.stop() == 0
    looks = two_sources.states()["graph"]["looks_per_request"]
    assert looks >= POSTS
    asked, taken = len(two_sources.official.requests), len(daemon.logged("look.taken"))
    assert taken / asked == pytest.approx(looks, rel=0.05)
