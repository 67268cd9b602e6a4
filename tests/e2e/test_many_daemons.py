"""Several daemons on PostgreSQL have the same result as one."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.installation import Installation, Sold, installed, until
from tests.e2e.queue_client import QueueClient

SHOP = [Sold(f"{n}", f"profile.{n}") for n in range(1, 13)]


@pytest.fixture
def shop(tmp_path: Path, fresh_postgres: str) -> Iterator[Installation]:
    """An installation on PostgreSQL with imported orders."""
    with installed(tmp_path) as place:
        place.settings["database.url"] = fresh_postgres
        place.command("init")
        place.sell(SHOP)
        yield place


def test_two_daemons_share_the_work_and_refill_once(shop: Installation) -> None:
    """Every loss is queued once, also when one daemon is killed."""
    for order in SHOP:
        shop.count(order.username, 1300)
    token = shop.command("token", "create", "--scope", "refills:consume").strip()
    with shop.daemon() as first, shop.daemon() as second:
        client = QueueClient(first.port, token)
        first.until_logged("look.taken", 3)
        second.until_logged("look.taken", 3)
        second.kill()
        # its claims end after ten minutes, too late for this test
        queued = until(lambda: enough(client.listed(), len(SHOP) - 1), "refills")
        assert {row["quantity"] for row in queued} == {200}
        assert len({row["order_id"] for row in queued}) == len(queued)
        assert first.stop() == 0


def test_two_daemons_share_one_budget(shop: Installation) -> None:
    """Requests of one daemon count for the other."""
    shop.settings["sources.instaloader.requests_per_hour"] = "5"
    with shop.daemon() as first, shop.daemon() as second:
        until(lambda: shop.looks() >= 5, "the budget to be spent")
        for daemon in (first, second):
            daemon.until_logged("daemon.started")
            assert daemon.stop() == 0
    shop.command("run", "--once")
    assert (shop.looks(), shop.source()["requests_last_hour"]) == (5, 5)


def enough(refills: list[dict[str, object]], number: int) -> list[dict[str, object]]:
    return refills if len(refills) >= number else []
