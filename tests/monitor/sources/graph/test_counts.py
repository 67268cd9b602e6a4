"""The counts that Graph gives, and those that one request reads."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from monitor.model.snapshot import Outcome, Snapshot
from monitor.model.target import Metric
from monitor.sources.contract import Reading
from monitor.sources.graph.source import GraphSource
from monitor.sources.registry import open_source
from refilld.demo.graph import GraphStandIn, ProfessionalAccount, SmallGraph
from refilld.demo.graph_answers import IG_USER_ID, discovery
from refilld.demo.instagram import Post
from tests.monitor.sources.graph.graph_world import NOW, post, profile


def test_the_registry_finds_it_by_name(options: dict[str, str]) -> None:
    """Through the entry points, like every source."""
    assert isinstance(open_source("graph", options), GraphSource)


def test_one_request_reads_followers_and_dozens_of_posts(
    world: SmallGraph, standin: GraphStandIn, read: Callable[..., Reading]
) -> None:
    """The count kind is the name of the field, so that no series mixes them."""
    codes = [f"Reel{number:07}" for number in range(90)]
    world.accounts["natgeo"] = ProfessionalAccount(
        1234, {code: Post(at, at + 1000) for at, code in enumerate(codes)}
    )
    targets = [
        profile(),
        *(post(code, metric) for code in codes[:45] for metric in (Metric.LIKES, Metric.VIEWS)),
    ]
    reading = read(*targets)
    assert [(snapshot.count_kind, snapshot.count) for snapshot in reading.snapshots] == [
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


def test_the_id_that_graph_gives_is_not_used_as_account(look: Callable[..., Snapshot]) -> None:
    """It differs from app to app, so a series would end with another account."""
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
    """If the answer contains it."""
    world.accounts["natgeo"] = ProfessionalAccount(0, {"ReelAAAAAAA": Post(0, 0)})
    reading = read(profile(), post("ReelAAAAAAA"), post("ReelAAAAAAA", Metric.VIEWS))
    assert [snapshot.count for snapshot in reading.snapshots] == [0, 0, 0]


def test_an_account_that_graph_does_not_find_is_not_found(read: Callable[..., Reading]) -> None:
    """Profile and posts; the detail says that it may be a personal account."""
    snapshots = read(profile("nobody"), post("ReelAAAAAAA", owner="nobody")).snapshots
    assert {snapshot.outcome for snapshot in snapshots} == {Outcome.NOT_FOUND}
    assert {snapshot.detail for snapshot in snapshots} == {
        "not a professional account, or it does not exist: Graph does not say which"
    }


def test_targets_of_two_profiles_share_no_request(
    standin: GraphStandIn, read: Callable[..., Reading]
) -> None:
    """The contract excludes it: no request is sent and nothing is raised."""
    for targets in ([profile(), profile("nasa")], [post("ReelAAAAAAA", owner=None)]):
        reading = read(*targets)
        assert {snapshot.outcome for snapshot in reading.snapshots} == {Outcome.SCHEMA}
        assert reading.requests == len(standin.requests) == 0


def test_no_target_costs_no_request(source: GraphSource, standin: GraphStandIn) -> None:
    """An empty batch is answered with an empty reading."""
    assert source.read([], NOW) == Reading((), 0)
    assert standin.requests == ()


def test_a_metric_on_the_wrong_kind_of_page_has_no_request_key(source: GraphSource) -> None:
    """Likes of a profile, followers of a post."""
    assert source.request_key(replace(profile(), metric=Metric.LIKES, owner="natgeo")) is None
    assert source.request_key(replace(post("ReelAAAAAAA"), metric=Metric.FOLLOWERS)) is None


def test_each_snapshot_names_the_account_within_our_own(
    world: SmallGraph, read: Callable[..., Reading]
) -> None:
    """Graph's ids differ between apps, so they are compared only where our own account is the same."""
    snapshots = read(profile(), post("ReelAAAAAAA"), post("missingAAAA")).snapshots
    assert {snapshot.source_account for snapshot in snapshots} == {
        f"{IG_USER_ID}:{world.accounts['natgeo'].account}"
    }
    assert {snapshot.account for snapshot in snapshots} == {""}


@pytest.mark.parametrize("shown", [{}, {"id": 17841499999999999}, {"id": "x"}, {"id": None}])
def test_an_answer_without_an_id_names_no_account(
    script: Callable[..., None], look: Callable[..., Snapshot], shown: dict[str, object]
) -> None:
    script(discovery({"username": "natgeo", "followers_count": 5} | shown))
    seen = look(profile())
    assert (seen.count, seen.source_account) == (5, "")
