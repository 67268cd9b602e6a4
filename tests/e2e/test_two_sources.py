"""Two sources together: each reads the targets that it can read."""

from pathlib import Path
from urllib.parse import unquote

from refilld.demo.graph import TOKEN
from refilld.demo.instagram import Post
from tests.e2e.installation import Running, json_lines
from tests.e2e.queue_client import QueueClient
from tests.e2e.two_sources import Bought, TwoSourceInstallation, claimed, seen

PROFILE = Bought("g-profile", "natgeo")
REEL_LIKES = Bought("g-reel-likes", "ReelAAAAAAA", "likes", "natgeo")
REEL_VIEWS = Bought("g-reel-views", "ReelAAAAAAA", "views", "natgeo")
PICTURE = Bought("g-picture", "PictureAAAA", "likes", "natgeo")
OFFICIAL = [PROFILE, REEL_LIKES, REEL_VIEWS, PICTURE]
PERSONAL = Bought("p-anna", "anna.private.person")
ORPHAN = Bought("p-orphan", "OrphanAAAAA", "likes")
ON_PAGES = [PERSONAL, ORPHAN]


def open_shop(place: TwoSourceInstallation) -> str:
    """Sell orders that Graph shows, and some that only the pages show; return a consumer's token."""
    place.professional("natgeo", 1500, ReelAAAAAAA=Post(1500, 1500), PictureAAAA=Post(1500))
    place.personal(PERSONAL.about, 1500)
    place.world.posts[ORPHAN.about] = Post(1500)
    place.buy([*OFFICIAL, *ON_PAGES])
    return place.consumer()


def arguments(daemon: Running) -> str:
    return Path(f"/proc/{daemon.process.pid}/cmdline").read_text()


def test_each_source_reads_what_it_can(two_sources: TwoSourceInstallation) -> None:
    """One request for a profile and its posts, one page each for the others; each loss is refilled once."""
    client_token = open_shop(two_sources)
    two_sources.forked = False  # a forked process has other arguments
    with two_sources.daemon() as daemon:
        client = QueueClient(daemon.port, client_token)
        seen(daemon, *OFFICIAL, source="graph", count=1500)
        seen(daemon, *ON_PAGES, source="instaloader", count=1500)
        two_sources.change_post("natgeo", REEL_LIKES.about, likes=1200)
        two_sources.personal(PERSONAL.about, 1100)
        refills = claimed(client, 2)
        assert {of: one["quantity"] for of, one in refills.items()} == {"g-reel-likes": 300, "p-anna": 400}
        two_sources.change_post("natgeo", REEL_LIKES.about, likes=1500)
        two_sources.personal(PERSONAL.about, 1500)
        assert [client.complete(one).status for one in refills.values()] == [200, 200]
        seen(daemon, *OFFICIAL, *ON_PAGES, at_least=2, count=1500)
        assert client.claim() == []
        assert TOKEN not in arguments(daemon)
        assert daemon.stop() == 0
    assert sorted((d["order_id"], d["state"]) for d in two_sources.drops()) == [
        ("g-reel-likes", "refilled"), ("p-anna", "refilled"),
    ]  # fmt: skip
    assert two_sources.alert_subjects() == []
    _check_orders_show(two_sources)
    _check_token_is_secret(two_sources)


def test_one_request_reads_a_profile_and_its_posts(two_sources: TwoSourceInstallation) -> None:
    """Four looks in one request; a second one finds that Graph cannot read the personal profile."""
    two_sources.settings["sampling.every"] = "6h"
    open_shop(two_sources)
    done = two_sources.refilld("run", "--once")
    counted = [line for line in json_lines(done.err) if line.get("outcome") == "count"]
    assert sorted(line["source"] for line in counted) == ["graph"] * 4 + ["instaloader"] * 2
    profiles = [
        unquote(asked.path).partition("username(")[2].partition(")")[0]
        for asked in two_sources.official.requests
    ]
    assert sorted(profiles) == [PERSONAL.about, "natgeo"]
    states = two_sources.states()
    assert states["graph"]["looks_per_request"] == (len(OFFICIAL) + 1) / 2
    assert (states["graph"]["state"], states["instaloader"]["state"]) == ("ready", "ready")


def _check_orders_show(place: TwoSourceInstallation) -> None:
    """Check that `orders show` names the source, and the time and reason of the next look."""
    for bought, source in ((REEL_VIEWS, "graph"), (PERSONAL, "instaloader")):
        [order] = place.rows("orders", "show", bought.order_id)
        assert (order["source"], order["count"]) == (source, 1500)
        assert order["next_look"] is not None
        assert "of the 25 units" in order["why"]
        newest = order["snapshots"][0]
        assert (newest["source"], newest["count"]) == (source, 1500)


def _check_token_is_secret(place: TwoSourceInstallation) -> None:
    """Check that the token is in a header of the requests to Graph, and nowhere else."""
    assert {asked.headers["authorization"] for asked in place.official.requests} == {f"Bearer {TOKEN}"}
    assert not any(TOKEN in asked.path for asked in (*place.official.requests, *place.standin.requests))
    files = [path for path in place.folder.iterdir() if path.is_file() and path.name != "graph-token"]
    assert {"refilld.db", "run-1.log", "run-1.out"} <= {path.name for path in files}
    assert [path.name for path in files if TOKEN.encode() in path.read_bytes()] == []


STAR = Bought("star", "star")


def test_a_change_of_the_source_is_no_drop(two_sources: TwoSourceInstallation) -> None:
    """Professional, personal, professional, with different counts each time: only losses are refilled."""
    two_sources.professional("star", 1500)
    two_sources.personal("star", 1440)  # 60 fewer would be a drop
    two_sources.buy([STAR])
    token = two_sources.consumer()
    with two_sources.daemon() as daemon:
        client = QueueClient(daemon.port, token)
        seen(daemon, STAR, source="graph", count=1500)
        assert two_sources.looks("star") == 0
        del two_sources.graph.accounts["star"]
        seen(daemon, STAR, at_least=2, source="instaloader", count=1440)
        assert two_sources.records() == []
        two_sources.personal("star", 1040)
        refill = claimed(client, 1)["star"]
        assert refill["quantity"] == 400
        two_sources.personal("star", 1440)
        assert client.complete(refill).status == 200
        seen(daemon, STAR, at_least=2, source="instaloader", count=1440)
        assert daemon.stop() == 0
    two_sources.professional("star", 1520)
    two_sources.settings["sources.instaloader.enabled"] = "false"
    asked = two_sources.looks()
    with two_sources.daemon() as daemon:
        client = QueueClient(daemon.port, token)
        seen(daemon, STAR, at_least=2, source="graph", count=1520)
        assert client.claim() == []
        two_sources.professional("star", 1220)
        refill = claimed(client, 1)["star"]
        assert refill["quantity"] == 300
        two_sources.professional("star", 1520)
        assert client.complete(refill).status == 200
        seen(daemon, STAR, at_least=2, count=1520)
        assert daemon.stop() == 0
    assert two_sources.looks() == asked
    assert [(drop["state"], drop["claim"]) for drop in two_sources.drops()] == [
        ("refilled", 300),
        ("refilled", 400),
    ]
    assert two_sources.alert_subjects() == []
    assert [row["quantity"] for row in two_sources.refills(state="completed")] == [300, 400]
