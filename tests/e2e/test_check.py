"""`refilld check`: the answer to a customer, with its reason and figures."""

from typing import Any

from tests.e2e.installation import Installation, Sold, until
from tests.e2e.queue_client import QueueClient

NASA = Sold("1001", "nasa", start=1000, quantity=500)
OTHER = Sold("1002", "other")


def check(place: Installation, order_id: str = "1001", *more: str) -> dict[str, Any]:
    [answer] = place.rows("check", order_id, *more)
    return answer


def test_check_reads_the_target_and_answers_with_the_numbers(place: Installation) -> None:
    """A complete count, a slightly lower one, and a drop that a second look confirms."""
    place.sell([NASA])
    numbers = ("word", "count", "line", "missing", "threshold", "quantity", "recheck")

    def answer_fields() -> tuple[object, ...]:
        answer = check(place, "1001", "--fresh")
        return tuple(answer[name] for name in numbers)

    assert answer_fields() == ("no_drop", 1500, 1500, 0, 25, None, "done")
    place.count("nasa", 1476)
    assert answer_fields() == ("below_threshold", 1476, 1500, 24, 25, None, "done")
    place.count("nasa", 1100)
    assert answer_fields() == ("awaiting_confirmation", 1100, 1500, 400, 25, None, "done")
    until(lambda: answer_fields()[0] == "refill", "the confirmation")
    assert answer_fields() == ("refill", 1100, 1500, 400, 25, 400, "done")
    assert place.command("check", "1001").startswith("1001: refill. A refill of 400 followers for ")
    assert [row["quantity"] for row in place.refills(state="queued")] == [400]


def test_a_repeated_check_within_the_hour_costs_no_look(place: Installation) -> None:
    """For any number of repetitions."""
    place.sell([NASA])
    assert [check(place)["recheck"] for _ in range(3)] == ["done", "stands", "stands"]
    assert place.looks("nasa") == 1


def test_check_gives_the_reason_why_nothing_is_owed(place: Installation) -> None:
    """A private profile, flags, an unknown order; other orders of the call are still answered."""
    place.sell([NASA, OTHER])
    place.change("nasa", private=True)
    answer = check(place)
    assert (answer["word"], answer["count"], answer["recheck"]) == ("profile_private", None, "done")
    assert "make the profile public" in answer["sentence"]
    place.command("orders", "flag", "1001", "hold")
    assert (check(place)["word"], place.looks("nasa")) == ("suspended:hold", 1)
    place.command("orders", "flag", "1001", "chargeback")
    assert check(place)["word"] == "void:chargeback"
    done = place.refilld("check", "nobody", "1002")
    assert (done.code, done.complaint) == (1, "refilld: there is no order nobody")
    assert done.out.startswith(f"1002: no_drop. Nothing is missing: {OTHER.link} had 1500 followers on ")


def test_check_tells_what_a_look_without_a_count_found(place: Installation) -> None:
    """An older count is never presented as one of now; an operator's look records no request."""
    place.sell([NASA])
    assert check(place, "1001", "--look-only")["word"] == "no_drop"
    assert place.rows("orders", "show", "1001")[0]["requests"] == []
    del place.world.profiles["nasa"]
    done = place.command("check", "1001", "--fresh")
    assert done.startswith(f"1001: target_not_found. {NASA.link} could not be found since ")
    assert "the look just now gave no count: not_found since " in done
    place.settings["sources.instaloader.enabled"] = "false"
    answer = check(place, "1001", "--fresh", "--language", "es")
    assert (answer["recheck"], answer["outcome"]) == ("impossible", "not_found")
    assert answer["note"].startswith("no source is enabled, so nothing is looked at; set enabled = true")
    assert answer["sentence"].startswith(f"No se ha podido encontrar {NASA.link} desde el ")


def test_a_private_profile_gets_no_refill_until_it_is_public(place: Installation) -> None:
    """Its queued refill is not claimed, one alert is raised, and afterwards the refill is claimed."""
    place.sell([NASA, OTHER])
    token = place.here("token", "create", "--scope", "refills:consume").strip()
    with place.daemon() as daemon:
        client = QueueClient(daemon.port, token)
        place.count("nasa", 1100)
        daemon.until_logged("drop.decided", order_id="1001", decision="refill")
        place.change("nasa", private=True)
        place.change("other", private=True, followers=900)
        daemon.until_logged("look.taken", 3, link=NASA.link, outcome="private")
        daemon.until_logged("look.taken", 3, link=OTHER.link, outcome="private")
        assert client.claim() == []
        alerted = [alert["link"] for alert in place.alerts("target.private")]
        assert sorted(alerted) == [NASA.link, OTHER.link]
        assert [drop["order_id"] for drop in place.drops()] == ["1001"]
        place.change("nasa", private=False)
        assert [refill["order_id"] for refill in client.until_claimed()] == ["1001"]
        place.change("other", private=False)
        daemon.until_logged("drop.decided", order_id="1002")
        assert daemon.stop() == 0
    assert len(place.alerts("target.private")) == 2
