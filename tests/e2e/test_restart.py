"""A restart keeps the charged requests and the state of the sources."""

from refilld.demo.instagram import RATE_LIMITED
from tests.e2e.installation import Installation, Sold, until

SHOP = [Sold(f"{n}", f"profile.{n}") for n in range(1, 9)]


def test_the_budget_survives_a_kill(place: Installation) -> None:
    """The limit of five requests an hour includes those before a restart."""
    place.settings["sources.instaloader.requests_per_hour"] = "5"
    place.sell(SHOP)
    with place.daemon() as daemon:
        daemon.until_logged("look.taken", at_least=5)
        daemon.kill()
    for _ in range(2):
        place.command("run", "--once")
    answer = [row["recheck"] for row in place.rows("check", "8")]
    assert (place.looks(), answer) == (5, ["due"])
    state = place.source()
    assert (state["requests_last_hour"], state["requests_per_hour"], state["state"]) == (5, 5, "ready")


def test_a_paused_source_stays_paused(place: Installation) -> None:
    """Until the pause is over or an operator resumes it."""
    place.settings["sources.instaloader.first_pause"] = "1h"
    place.sell(SHOP)
    place.world.outage = RATE_LIMITED
    with place.daemon() as daemon:
        daemon.until_logged("look.taken")  # by then the pause is stored
        assert daemon.logged("source.paused", reason="rate_limited")
        daemon.kill()
    place.world.outage = None
    place.command("run", "--once")
    state = place.source()
    assert (place.looks(), state["state"], state["reason"]) == (1, "paused", "rate_limited")
    assert state["until"] is not None
    assert place.command("sources", "resume", "instaloader") == "instaloader may look again\n"
    place.command("run", "--once")
    assert sum(place.looks(order.username) > 0 for order in SHOP) == len(SHOP)


def test_a_stopped_source_stays_stopped_until_it_is_resumed(place: Installation) -> None:
    """Three refusals in a row stop it; a running daemon notices the resume."""
    place.sell(SHOP)
    place.world.outage = RATE_LIMITED
    with place.daemon() as daemon:
        daemon.until_logged("look.taken", at_least=3)  # by then the stop is stored
        assert daemon.logged("source.paused", until="an operator resumes it")
        daemon.kill()
    place.world.outage = None
    assert place.looks() == 3
    place.command("run", "--once")
    assert (place.looks(), place.source()["state"]) == (3, "stopped")
    assert len(place.alerts("source.blocked")) == 3
    with place.daemon() as daemon:
        daemon.until_logged("daemon.started")
        place.command("sources", "resume", "instaloader")
        until(lambda: place.looks() > 3, "a look after the source was resumed")
        daemon.until_logged("look.taken", outcome="count")
        assert daemon.stop() == 0
