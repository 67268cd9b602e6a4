"""A flag cancels queued refills."""

from tests.e2e.installation import Installation, Sold
from tests.e2e.queue_client import QueueClient

NASA = Sold("1001", "nasa", start=1000, quantity=500)


def test_a_dispute_cancels_the_queued_refill_and_lifting_it_starts_again(place: Installation) -> None:
    """No refill can be claimed while the flag is set; then the loss is confirmed again."""
    place.sell([NASA])
    place.count("nasa", 1100)
    token = place.here("token", "create", "--scope", "refills:consume").strip()
    with place.daemon() as daemon:
        client = QueueClient(daemon.port, token)
        daemon.until_logged("drop.decided", order_id="1001", decision="refill")
        assert place.command("orders", "flag", "1001", "dispute") == "order 1001 is flagged dispute\n"
        assert client.claim() == []
        assert [(row["number"], row["state"]) for row in place.refills()] == [(1, "cancelled")]
        looks = place.looks()
        place.command("orders", "unflag", "1001", "dispute")
        [refill] = client.until_claimed()
        assert (refill["order_id"], refill["quantity"], place.looks() - looks >= 2) == ("1001", 400, True)
        assert daemon.stop() == 0
    assert [(row["number"], row["state"]) for row in place.refills()] == [(2, "claimed"), (1, "cancelled")]
