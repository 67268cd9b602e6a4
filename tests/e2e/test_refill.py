"""The whole process: a loss is detected, confirmed, queued, served and refilled once."""

import re
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.e2e.installation import Installation, Sold, installed, until
from tests.e2e.queue_client import QueueClient
from tests.pgbouncer import pgbouncer

NASA = Sold("1001", "nasa", start=1000, quantity=500)
STEADY = Sold("1002", "steady.one")


@pytest.fixture(params=["sqlite", "pgbouncer"])
def shop(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Installation]:
    """An installation on SQLite, or on PostgreSQL behind PgBouncer."""
    with installed(tmp_path) as place, ExitStack() as stack:
        if request.param == "pgbouncer":
            server = request.getfixturevalue("fresh_postgres")
            place.settings["database.url"] = stack.enter_context(pgbouncer(server))
        yield place


def test_a_loss_becomes_one_refill_that_is_served_and_completed(shop: Installation) -> None:
    """From the orders file to the completed refill."""
    assert "wrote refilld.toml" in shop.command("init")
    shop.sell([NASA, STEADY])
    token = shop.command("token", "create", "--scope", "refills:consume").strip()
    with shop.daemon() as daemon:
        client = QueueClient(daemon.port, token)
        daemon.until_logged("look.taken", link=NASA.link, outcome="count", count=1500)
        assert client.claim() == []
        shop.count("nasa", 1100)
        [refill] = client.until_claimed()
        fields = {name: refill[name] for name in ("order_id", "link", "metric", "quantity", "reason")}
        assert fields == {
            "order_id": "1001", "link": NASA.link, "metric": "followers", "quantity": 400,
            "reason": "drop_confirmed",
        }  # fmt: skip
        shop.count("nasa", 1500)
        assert client.complete(refill).status == 200
        before = shop.looks("nasa")
        until(lambda: shop.looks("nasa") >= before + 2, "looks after the refill has settled")
        assert client.claim() == []
        assert daemon.stop() == 0
    [kept] = shop.refills()
    assert (kept["state"], kept["delivered"] or kept["quantity"]) == ("completed", 400)
    assert [(drop["order_id"], drop["state"], drop["claim"]) for drop in shop.drops()] == [
        ("1001", "refilled", 400)
    ]


def test_a_slow_delivery_is_not_refilled_twice(place: Installation) -> None:
    """While a completed refill settles, lower counts open no new drop."""
    place.settings["terms.default.settle"] = "20s"
    place.sell([NASA])
    place.count("nasa", 1100)
    token = place.here("token", "create", "--scope", "refills:consume").strip()
    with place.daemon() as daemon:
        client = QueueClient(daemon.port, token)
        [refill] = client.until_claimed()
        assert client.complete(refill).status == 200
        seen = len(daemon.until_logged("look.taken", count=1100))
        daemon.until_logged("look.taken", seen + 2, count=1100)
        place.count("nasa", 1500)
        daemon.until_logged("look.taken", count=1500)
        assert daemon.stop() == 0
    assert [(drop["order_id"], drop["state"]) for drop in place.drops()] == [("1001", "refilled")]


def test_a_lease_survives_a_kill_of_the_daemon(place: Installation) -> None:
    """Completing it afterwards works, also repeatedly."""
    place.sell([NASA])
    place.count("nasa", 1100)
    token = place.here("token", "create", "--scope", "refills:consume").strip()
    with place.daemon() as daemon:
        [refill] = QueueClient(daemon.port, token).until_claimed()
        daemon.kill()
    place.count("nasa", 1500)
    with place.daemon() as daemon:
        client = QueueClient(daemon.port, token)
        assert client.claim() == []
        answers = [client.complete(refill), client.complete(refill)]
        assert [(a.status, a.body["state"]) for a in answers] == [(200, "completed")] * 2
        assert daemon.stop() == 0
    assert [row["state"] for row in place.refills()] == ["completed"]


def test_a_token_is_the_only_output_and_required(place: Installation) -> None:
    """Requests without it, or with another scope, are refused."""
    token = place.here("token", "create", "--scope", "refills:consume")
    reader = place.here("token", "create", "--scope", "orders:read").strip()
    assert re.fullmatch(r"\S{20,}\n", token)
    with place.daemon() as daemon:
        ask = {"limit": 1}
        assert QueueClient(daemon.port, token.strip()).post("/claim", ask).status == 200
        assert QueueClient(daemon.port, "wrong").post("/claim", ask).status == 401
        assert QueueClient(daemon.port, reader).post("/claim", ask).status == 403
        assert daemon.stop() == 0
