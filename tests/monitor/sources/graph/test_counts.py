"""Which counts Graph gives, and which of them one request reads."""

from collections.abc import Callable
from dataclasses import replace

from monitor.model.snapshot import Outcome, Snapshot
from monitor.model.target import Metric
from monitor.sources.contract import Reading
from monitor.sources.graph.source import GraphSource
from monitor.sources.registry import open_source
from refilld.demo.graph import GraphStandIn, ProfessionalAccount, SmallGraph
from refilld.demo.instagram import Post
from tests.monitor.sources.graph.graph_world import NOW, post, profile


def test_it_is_found_under_its_name(options: dict[str, str]) -> None:
    """Through the entry points, as every source is."""
    assert isinstance(open_source("graph", options), GraphSource)


def test_one_request_brings_followers_and_dozens_of_posts(
    world: SmallGraph, standin: GraphStandIn, read: Callable[..., Reading]
) -> None:
    """Every count under the name of its own field, so that no series mixes them."""
    codes = [f"Reel{number:07}" for number in range(90)]
    world.accounts["natgeo"] = ProfessionalAccount(
        1234, {code: Post(at, at + 1000) for at, code in enumerate(codes)}
    )
    targets = [
        profile(),
        *(post(code, metric) for code in codes[:45] for metric in (Metric.LIKES, Metric.VIEWS)),
    ]
    reading = read(*targets)
    assert [(shot.count_kind, shot.count) for shot in reading.snapshots] == [
        ("followers_count", 1234),
        *(pair for at in range(45) for pair in (("like_count", at), ("view_count", at + 1000))),
    ]
    assert reading.requests == len(standin.requests) == 1


def test_targets_of_one_request_share_a_request_key(source: GraphSource) -> None:
    """A post is found through its owner, a renamed profile under its new name."""
    assert source.request_key(profile()) == "profile:natgeo"
    assert source.request_key(profile(username_now="geo")) == "profile:geo"
    assert source.request_key(post("ReelAAAAAAA", Metric.VIEWS, "NatGeo")) == "profile:natgeo"
    assert source.request_key(post("ReelAAAAAAA", owner=None)) is None


def test_a_renamed_profile_is_requested_by_its_new_name(
    world: SmallGraph, look: Callable[..., Snapshot]
) -> None:
    """The old name may belong to another account."""
    world.accounts["geo"] = ProfessionalAccount(77)
    assert look(profile(username_now="geo")).count == 77


def test_the_id_that_graph_gives_is_not_taken_for_instagrams(look: Callable[..., Snapshot]) -> None:
    """It is another one for each app: a series would take it for another account."""
    assert look(profile()).account == ""


def test_hidden_counts_are_hidden_and_not_zero(world: SmallGraph, read: Callable[..., Reading]) -> None:
    """Graph leaves them out; the detail says so."""
    world.accounts["natgeo"] = ProfessionalAccount(5, {"ReelAAAAAAA": Post(10, 20, hidden=True)})
    likes, views = read(post("ReelAAAAAAA"), post("ReelAAAAAAA", Metric.VIEWS)).snapshots
    assert {likes.outcome, views.outcome} == {Outcome.HIDDEN}
    assert "owner hides it" in likes.detail
    assert "owner hides it" in views.detail


def test_a_picture_has_no_views(look: Callable[..., Snapshot]) -> None:
    """They are hidden, and the detail says why; unavailable would mean that the post may be gone."""
    seen = look(post("PictureAAAA", Metric.VIEWS))
    assert (seen.outcome, seen.detail) == (Outcome.HIDDEN, "an image: only reels have views")


def test_zero_is_a_number(world: SmallGraph, read: Callable[..., Reading]) -> None:
    """As long as the answer says it."""
    world.accounts["natgeo"] = ProfessionalAccount(0, {"ReelAAAAAAA": Post(0, 0)})
    reading = read(profile(), post("ReelAAAAAAA"), post("ReelAAAAAAA", Metric.VIEWS))
    assert [shot.count for shot in reading.snapshots] == [0, 0, 0]


def test_an_account_that_graph_does_not_know_is_not_found(read: Callable[..., Reading]) -> None:
    """Profile and posts alike, with the honest detail that it may just be a personal account."""
    shots = read(profile("nobody"), post("ReelAAAAAAA", owner="nobody")).snapshots
    assert {shot.outcome for shot in shots} == {Outcome.NOT_FOUND}
    assert {shot.detail for shot in shots} == {
        "not a professional account, or it does not exist: Graph does not say which"
    }


def test_targets_of_two_profiles_share_no_request(
    standin: GraphStandIn, read: Callable[..., Reading]
) -> None:
    """Nothing is sent for what the contract rules out, and nothing is raised."""
    for targets in ([profile(), profile("nasa")], [post("ReelAAAAAAA", owner=None)]):
        reading = read(*targets)
        assert {shot.outcome for shot in reading.snapshots} == {Outcome.SCHEMA}
        assert reading.requests == len(standin.requests) == 0


def test_no_target_costs_no_request(source: GraphSource, standin: GraphStandIn) -> None:
    """An empty batch is answered with an empty reading."""
    assert source.read([], NOW) == Reading((), 0)
    assert standin.requests == ()


def test_a_metric_on_the_wrong_kind_of_page_cannot_be_seen(source: GraphSource) -> None:
    """Likes of a profile, followers of a post."""
    assert source.request_key(replace(profile(), metric=Metric.LIKES, owner="natgeo")) is None
    assert source.request_key(replace(post("ReelAAAAAAA"), metric=Metric.FOLLOWERS)) is None
