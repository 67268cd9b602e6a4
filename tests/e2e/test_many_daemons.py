"""Several daemons on PostgreSQL have the same result as one, also when one is killed."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from storage.engine import Database
from tests.e2e.installation import Installation, Running, Sold, installed, until
from tests.e2e.queue_client import QueueClient

SHOP = [Sold(f"{n}", f"profile.{n}") for n in range(1, 13)]
LATER = (
    "UPDATE daemons SET beat_at = beat_at - {microseconds} WHERE pid = {pid}",
    "UPDATE job_holders SET begun_at = begun_at - {microseconds}",
    "UPDATE targets SET claimed_until = claimed_until - {microseconds}",
)
"""What a test sees after a time in which a daemon of that process number did nothing."""
TEN_MINUTES = 600 * 1_000_000


@pytest.fixture
def shop(tmp_path: Path, fresh_postgres: str) -> Iterator[Installation]:
    """An installation on PostgreSQL with imported orders."""
    with installed(tmp_path) as place:
        place.settings["database.url"] = fresh_postgres
        place.here("init")
        place.sell(SHOP)
        yield place


def test_two_daemons_share_the_work_and_refill_once(shop: Installation) -> None:
    """Every loss is queued once, also when the daemon that holds the jobs is killed at work."""
    for order in SHOP:
        shop.count(order.username, 1300)
    token = shop.here("token", "create", "--scope", "refills:consume").strip()
    with shop.daemon() as first, shop.daemon() as second:
        for daemon in (first, second):
            daemon.until_logged("daemon.started")
        killed = until(lambda: holder(shop, first, second), "a holder of the alerts")
        assert killed is not None
        other = second if killed is first else first
        killed.kill()
        assert states(shop) == {killed.process.pid: "gone", other.process.pid: "alive"}
        ten_minutes_pass(shop, killed)
        client = QueueClient(other.port, token)
        queued = until(lambda: enough(client.listed(), len(SHOP)), "refills")
        assert {row["quantity"] for row in queued} == {200}
        assert len({row["order_id"] for row in queued}) == len(queued)
        until(lambda: holder(shop, other) is other, "the other one to hold the alerts")
        assert other.stop() == 0


def holder(shop: Installation, *running: Running) -> Running | None:
    """The daemon that holds the alerts; None as long as it is none of these."""
    holding = {row["pid"] for row in shop.rows_here("daemons") if "alerting" in row["jobs"]}
    return next((one for one in running if one.process.pid in holding), None)


def states(shop: Installation) -> dict[int, str]:
    return {row["pid"]: row["state"] for row in shop.rows_here("daemons")}


def ten_minutes_pass(shop: Installation, killed: Running) -> None:
    with closing(Database(shop.settings["database.url"])) as database, database.write() as tx:
        for statement in LATER:
            tx.exec_driver_sql(statement.format(microseconds=TEN_MINUTES, pid=killed.process.pid))


def enough(refills: list[dict[str, object]], number: int) -> list[dict[str, object]]:
    return refills if len(refills) >= number else []
