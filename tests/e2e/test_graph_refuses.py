"""Graph is rate limited or its token expires: it gets no requests, and the other source continues."""

from refilld.demo.graph_answers import EXPIRED, THROTTLED, usage
from refilld.demo.tunnel import HttpAnswer
from tests.e2e.installation import Running
from tests.e2e.queue_client import QueueClient
from tests.e2e.two_sources import Bought, TwoSourceInstallation, claimed, seen

ALONE = Bought("alone", "natgeo", "official")
"""Its service allows Graph only."""
OTHER = Bought("other", "nasa")
PERSONAL = Bought("personal", "anna")
REFUSALS = {"code 4": THROTTLED, "429": HttpAnswer("", 429), "an expired token": EXPIRED}


RENEW = "the access token has ended: renew it in sources.graph.token_file, then refilld sources resume graph"


def check_refused_graph(place: TwoSourceInstallation, daemon: Running, state: str, reason: str) -> None:
    """Check that only the other source gets requests; then resume Graph, as an operator does."""
    asked = len(place.official.requests)
    seen(daemon, PERSONAL, at_least=2, source="instaloader")
    states = place.states()
    assert (states["graph"]["state"], states["graph"]["reason"]) == (state, reason)
    assert states["graph"]["until"] is not None
    assert states["instaloader"]["state"] == "ready"
    assert len(place.official.requests) == asked
    place.graph.outage, place.graph.usage = None, ()
    place.command("sources", "resume", "graph")
    seen(daemon, ALONE, OTHER, source="graph")  # without a count in between, OTHER could be refused 3 times


def test_graph_waits_while_the_other_source_continues(two_sources: TwoSourceInstallation) -> None:
    """Near its limit it waits; a refusal pauses it with an alert; the other source detects a loss."""
    two_sources.settings |= {
        "services.official.metric": "followers",
        "services.official.sources": '["graph"]',
    }
    two_sources.professional("natgeo", 1500)
    two_sources.professional("nasa", 1500)
    two_sources.personal("natgeo", 1500)
    two_sources.personal("anna", 1500)
    two_sources.buy([ALONE, OTHER, PERSONAL])
    token = two_sources.consumer()
    with two_sources.daemon() as daemon:
        seen(daemon, ALONE, OTHER, PERSONAL, count=1500)
        two_sources.graph.usage = usage(95)
        daemon.until_logged("source.strained", source="graph", used_percent=95)
        two_sources.personal("anna", 1200)
        [refill] = claimed(QueueClient(daemon.port, token), 1).values()
        assert (refill["order_id"], refill["quantity"]) == ("personal", 300)
        check_refused_graph(two_sources, daemon, "waiting", "platform")
        for number, answer in enumerate(REFUSALS.values(), 1):
            two_sources.graph.outage = answer
            daemon.until_logged("source.paused", number, source="graph")
            reason = "login_required" if answer is EXPIRED else "rate_limited"
            if answer is EXPIRED:
                assert two_sources.states()["graph"]["detail"].startswith(RENEW)
            check_refused_graph(two_sources, daemon, "paused", reason)
        assert daemon.stop() == 0
    ended_and_begun = [("source.ready", None), ("source.blocked", None)]
    assert two_sources.alert_subjects() == ended_and_begun * len(REFUSALS)
    assert sum(RENEW in alert["text"] for alert in two_sources.alerts("source.blocked")) == 1
    assert [drop["order_id"] for drop in two_sources.drops()] == ["personal"]
    assert two_sources.looks("natgeo") == 0
