"""Graph says that it is enough, or that the token is: it is left alone, and nothing else stands still."""

from refilld.demo.graph_answers import EXPIRED, THROTTLED, usage
from refilld.demo.tunnel import HttpAnswer
from tests.e2e.installation import Running
from tests.e2e.queue_client import QueueClient
from tests.e2e.two_sources import Bought, TwoEyes, claimed, seen

ALONE = Bought("alone", "natgeo", "official")
"""Its service allows Graph alone."""
OTHER = Bought("other", "nasa")
PERSONAL = Bought("personal", "anna")
REFUSALS = {"code 4": THROTTLED, "429": HttpAnswer("", 429), "an expired token": EXPIRED}


def left_alone(place: TwoEyes, daemon: Running, state: str, reason: str) -> None:
    """Graph is not asked any more, the pages are; then an operator resumes it."""
    asked = len(place.official.requests)
    seen(daemon, PERSONAL, at_least=2, source="instaloader")
    states = place.states()
    assert (states["graph"]["state"], states["graph"]["reason"]) == (state, reason)
    assert states["graph"]["until"] is not None
    assert states["instaloader"]["state"] == "ready"
    assert len(place.official.requests) == asked
    place.graph.outage, place.graph.usage = None, ()
    place.command("sources", "resume", "graph")
    seen(daemon, ALONE, source="graph")


def test_graph_waits_while_the_other_source_continues(both: TwoEyes) -> None:
    """Near its limit it waits; refused it is paused with an alert; a loss elsewhere is refilled."""
    both.settings |= {"services.official.metric": "followers", "services.official.sources": '["graph"]'}
    both.professional("natgeo", 1500)
    both.professional("nasa", 1500)
    both.personal("natgeo", 1500)
    both.personal("anna", 1500)
    both.buy([ALONE, OTHER, PERSONAL])
    token = both.consumer()
    with both.daemon() as daemon:
        seen(daemon, ALONE, OTHER, PERSONAL, count=1500)
        both.graph.usage = usage(95)
        daemon.until_logged("source.strained", source="graph", used_percent=95)
        both.personal("anna", 1200)
        [refill] = claimed(QueueClient(daemon.port, token), 1).values()
        assert (refill["order_id"], refill["quantity"]) == ("personal", 300)
        left_alone(both, daemon, "waiting", "platform")
        for number, answer in enumerate(REFUSALS.values(), 1):
            both.graph.outage = answer
            daemon.until_logged("source.paused", number, source="graph")
            reason = "login_required" if answer is EXPIRED else "rate_limited"
            left_alone(both, daemon, "paused", reason)
        assert daemon.stop() == 0
    assert both.told() == [("source.blocked", None)] * len(REFUSALS)
    assert [drop["order_id"] for drop in both.drops()] == ["personal"]
    assert both.looks("natgeo") == 0
