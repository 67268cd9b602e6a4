"""Lists of refills: pages, filters, and omitted secrets."""

from tests.refilld.queue_world import QueueWorld


def test_pages_show_every_refill_once_newest_first(world: QueueWorld) -> None:
    """Following `next_cursor` neither skips nor repeats a refill while new ones are added."""
    ids = world.queue(*map(str, range(7)))
    caller = world.caller()
    seen: list[int] = []
    cursor: str | None = ""
    while cursor is not None:
        page = caller.get(f"?limit=3{cursor and f'&cursor={cursor}'}").get_json()
        seen += [refill["refill_id"] for refill in page["refills"]]
        cursor = page["next_cursor"]
        world.queue(f"new {cursor}")
    assert seen == ids[::-1]


def test_a_list_can_be_filtered_by_state_and_order(world: QueueWorld) -> None:
    """Both filters apply together."""
    held = world.queue("1", "2", held=True)
    world.queue("3")
    caller = world.caller()
    assert [refill["refill_id"] for refill in caller.get("?state=held").get_json()["refills"]] == held[::-1]
    (only,) = caller.get("?state=held&order_id=1").get_json()["refills"]
    assert (only["order_id"], only["state"], only["reason"]) == ("1", "held", "mass_drop")
    assert caller.get("?state=dead&order_id=1").json == {"refills": [], "next_cursor": None, "next": None}


def test_a_claim_without_a_name_has_no_consumer(world: QueueWorld) -> None:
    """As a refill that was never claimed."""
    world.queue("1", "2", "3")
    caller = world.caller()
    caller.claim()
    caller.claim(consumer="panel-1")
    assert [row["consumer"] for row in caller.get().get_json()["refills"]] == [None, "panel-1", None]


def test_lists_never_show_lease_tokens(world: QueueWorld) -> None:
    """A reader must not be able to complete a refill."""
    world.queue("1")
    caller = world.caller()
    (refill,) = caller.claim()
    assert refill["lease_token"] not in caller.get().text
    caller.post(f"/{refill['refill_id']}/complete", {"lease_token": refill["lease_token"]})
    assert refill["lease_token"] not in caller.get().text
    assert "token" not in caller.get().text
