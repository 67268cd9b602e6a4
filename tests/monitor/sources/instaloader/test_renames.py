"""A renamed profile is followed by its user id; an account that took over its name is not."""

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from monitor.model.link import Link, LinkKind
from monitor.model.snapshot import Outcome, Snapshot
from monitor.model.target import Metric, Target
from monitor.sources.contract import Reading
from monitor.sources.instaloader.source import InstaloaderSource
from refilld.demo.instagram import (
    DOWN,
    LOGIN_WALL,
    MISSING,
    RATE_LIMITED,
    DemoInstagram,
    InstagramStandIn,
    Profile,
    account_answer,
    page,
    profile_page,
    user,
    user_id_of,
)
from refilld.demo.tunnel import HttpAnswer

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
NATGEO = Target(Link(LinkKind.PROFILE, "natgeo"), Metric.FOLLOWERS)
ACCOUNT = user_id_of("natgeo")
KNOWN = replace(NATGEO, account=ACCOUNT)
BY_ID = {"GET /natgeo/": 1, "GET /": 1, "POST /api/graphql": 1}
Read = Callable[[Target], Reading]


@pytest.fixture
def read(source: InstaloaderSource) -> Read:
    return lambda target: source.read([target], NOON)


@pytest.fixture
def look(read: Read) -> Callable[..., Snapshot]:
    """Take a look at natgeo, whose account is stored."""
    return lambda target=KNOWN: read(target).snapshots[0]


@pytest.fixture
def world(standin: InstagramStandIn) -> DemoInstagram:
    standin.world = world = DemoInstagram(lambda: NOON, {"natgeo": Profile(1234)})
    return world


def asked(standin: InstagramStandIn) -> dict[str, int]:
    """The number of requests by method and path."""
    paths = [f"{one.method} {one.path}" for one in standin.requests]
    return {path: paths.count(path) for path in paths}


def result_of(snapshot: Snapshot) -> tuple[Outcome, int | None, str, str]:
    return snapshot.outcome, snapshot.count, snapshot.account, snapshot.username


def test_a_look_returns_the_account_and_no_other_username(
    world: DemoInstagram, look: Callable[..., Snapshot]
) -> None:
    """Private profiles included; the user id is `pk`, while `id` is another number."""
    assert result_of(look(NATGEO)) == (Outcome.COUNT, 1234, ACCOUNT, "")
    world.profiles["natgeo"] = Profile(1234, private=True)
    assert result_of(look(NATGEO)) == (Outcome.PRIVATE, None, ACCOUNT, "")


def test_a_renamed_profile_is_found_by_its_id_and_then_by_its_new_name(
    world: DemoInstagram, standin: InstagramStandIn, read: Read
) -> None:
    """The first look after the rename costs two more requests, the next one none."""
    world.rename("natgeo", "nat.geo")
    moved = read(KNOWN)
    assert result_of(moved.snapshots[0]) == (Outcome.COUNT, 1234, ACCOUNT, "nat.geo")
    assert (asked(standin), moved.requests) == (BY_ID, 3)
    standin.forget()
    after = read(replace(KNOWN, username_now="nat.geo"))
    assert result_of(after.snapshots[0]) == (Outcome.COUNT, 1234, ACCOUNT, "nat.geo")
    assert (asked(standin), after.requests) == ({"GET /nat.geo/": 1}, 1)


def test_a_profile_is_followed_over_several_renames_and_back(
    world: DemoInstagram, look: Callable[..., Snapshot]
) -> None:
    """Back at the username of the order, no other username is returned."""
    world.rename("natgeo", "nat.geo")
    world.rename("nat.geo", "geo.nat")
    assert result_of(look(replace(KNOWN, username_now="nat.geo"))) == (
        Outcome.COUNT,
        1234,
        ACCOUNT,
        "geo.nat",
    )
    world.rename("geo.nat", "natgeo")
    assert result_of(look(replace(KNOWN, username_now="geo.nat"))) == (Outcome.COUNT, 1234, ACCOUNT, "")


@pytest.mark.parametrize("private", [False, True])
def test_an_account_that_took_over_the_name_is_not_counted(
    world: DemoInstagram, look: Callable[..., Snapshot], private: bool
) -> None:
    """The account of the order is followed, whatever the new owner of its username shows."""
    world.rename("natgeo", "nat.geo")
    world.profiles["natgeo"] = Profile(7, private=private)
    assert result_of(look()) == (Outcome.COUNT, 1234, ACCOUNT, "nat.geo")


def test_a_name_taken_over_from_a_deleted_account_is_not_found(
    world: DemoInstagram, look: Callable[..., Snapshot]
) -> None:
    """The detail says why."""
    world.profiles["natgeo"] = Profile(7, user_id="18")
    snapshot = look()
    assert result_of(snapshot) == (Outcome.NOT_FOUND, None, "", "")
    assert snapshot.detail.startswith("the name belongs to another account now")


def test_a_deleted_profile_is_not_found_by_its_id_either(
    world: DemoInstagram, standin: InstagramStandIn, read: Read
) -> None:
    """It is requested once, and the requests are counted."""
    del world.profiles["natgeo"]
    reading = read(KNOWN)
    assert result_of(reading.snapshots[0]) == (Outcome.NOT_FOUND, None, "", "")
    assert (asked(standin), reading.requests) == (BY_ID, 3)


def test_without_a_known_account_only_the_page_is_requested(
    world: DemoInstagram, standin: InstagramStandIn, read: Read
) -> None:
    """A target that was never counted has no account to follow."""
    world.rename("natgeo", "nat.geo")
    assert read(NATGEO).snapshots[0].outcome is Outcome.NOT_FOUND
    assert asked(standin) == {"GET /natgeo/": 1}


def test_the_count_of_an_account_is_read_at_every_look(
    world: DemoInstagram, look: Callable[..., Snapshot]
) -> None:
    """The library would cache the first answer forever."""
    world.rename("natgeo", "nat.geo")
    assert look().count == 1234
    world.profiles["nat.geo"] = replace(world.profiles["nat.geo"], followers=1000)
    assert look().count == 1000


@pytest.mark.parametrize("name", ["..", "explore", "p", "\u212aim", "a/b"])
def test_a_new_name_that_no_profile_can_have_is_not_followed(
    world: DemoInstagram, look: Callable[..., Snapshot], name: str
) -> None:
    """It would become part of addresses, ours and that of fulfilment."""
    world.rename("natgeo", name)
    assert result_of(look())[::3] == (Outcome.SCHEMA, "")


def test_a_name_without_a_profile_is_resolved_by_id_again(
    world: DemoInstagram, look: Callable[..., Snapshot]
) -> None:
    """So that a wrong stored username is corrected."""
    world.rename("natgeo", "nat.geo")
    assert result_of(look(replace(KNOWN, username_now="p"))) == (Outcome.COUNT, 1234, ACCOUNT, "nat.geo")


def test_an_account_is_requested_with_exactly_this_form(
    world: DemoInstagram, standin: InstagramStandIn, look: Callable[..., Snapshot]
) -> None:
    """The id of the query, the user id, and the tokens of the start page."""
    world.rename("natgeo", "nat.geo")
    look()
    form = standin.requests[-1].form
    assert json.loads(form["variables"])["id"] == ACCOUNT
    assert form | {"variables": ""} == {
        "variables": "", "doc_id": "27937681195819736", "server_timestamps": "true", "lsd": "stand-in-lsd",
        "av": "0",
    }  # fmt: skip


def account(**changes: Any) -> HttpAnswer:
    return account_answer(user("nat.geo", 1234, user_id=ACCOUNT) | changes)


@pytest.mark.parametrize(
    ("answer", "outcome", "count"),
    [
        (account(), Outcome.COUNT, 1234),
        (account(pk=int(ACCOUNT)), Outcome.COUNT, 1234),
        (account(is_private=True), Outcome.PRIVATE, None),
        # an account, but not clearly the requested one, or not clearly a number
        (account(pk="18"), Outcome.SCHEMA, None),
        (account(pk=None), Outcome.SCHEMA, None),
        (account(username="a/../b"), Outcome.SCHEMA, None),
        (account(username=7), Outcome.SCHEMA, None),
        (account(is_private=None), Outcome.SCHEMA, None),
        (account(follower_count=None), Outcome.SCHEMA, None),
        (account(follower_count="1,234"), Outcome.SCHEMA, None),
        (account(follower_count=-1), Outcome.SCHEMA, None),
        # no account: the outcome of the page stands
        (account_answer(None), Outcome.NOT_FOUND, None),
        (account_answer({}), Outcome.NOT_FOUND, None),
        (account_answer([7]), Outcome.NOT_FOUND, None),
        (MISSING, Outcome.NOT_FOUND, None),
        # refused for anonymous visitors: no refusal of the whole source
        (HttpAnswer("{}", 400), Outcome.NOT_FOUND, None),
        (HttpAnswer("", 403), Outcome.NOT_FOUND, None),
        (LOGIN_WALL, Outcome.NOT_FOUND, None),
        (HttpAnswer("null"), Outcome.NOT_FOUND, None),
        # no answer: not even that it is not found
        (RATE_LIMITED, Outcome.RATE_LIMITED, None),
        (DOWN, Outcome.TRANSIENT, None),
    ],
)
@pytest.mark.parametrize(
    "first",
    [MISSING, page({"xig_user_by_username": None}), profile_page("natgeo", 7, user_id="18")],
    ids=["404", "null", "another's"],
)
def test_the_answer_for_an_id_is_read_as_strictly_as_a_page(
    script: Any,
    look: Callable[..., Snapshot],
    first: HttpAnswer,
    answer: HttpAnswer,
    outcome: Outcome,
    count: int | None,
) -> None:
    """A count needs an explicit number, and a missing answer never counts as absence."""
    script.page, script.by_id = first, answer
    snapshot = look()
    assert (snapshot.outcome, snapshot.count) == (outcome, count)


@pytest.mark.parametrize("outage", [RATE_LIMITED, DOWN, LOGIN_WALL, HttpAnswer("<html></html>")])
def test_a_page_without_data_causes_no_second_request(
    script: Any, standin: InstagramStandIn, look: Callable[..., Snapshot], outage: HttpAnswer
) -> None:
    """After a refusal no request follows."""
    script.page = outage
    assert look().outcome not in {Outcome.COUNT, Outcome.NOT_FOUND}
    assert asked(standin) == {"GET /natgeo/": 1}


def test_a_page_without_a_user_id_is_counted_as_before(script: Any, look: Callable[..., Snapshot]) -> None:
    """There is no account to compare."""
    script.page = page({"xig_user_by_username": user("natgeo", 1234) | {"pk": None}})
    assert result_of(look()) == (Outcome.COUNT, 1234, "", "")


@pytest.mark.parametrize("name", ["a/../b", "a?x=1", "", "A"])
def test_only_valid_usernames_are_requested(
    standin: InstagramStandIn, read: Read, script: Any, name: str
) -> None:
    """From any origin: the library puts the name into the address unquoted."""
    reading = read(replace(KNOWN, username_now=name))
    sent = [one.path for one in standin.requests]
    assert sent == (["/natgeo/"] if not name else [])
    assert reading.requests == len(sent)


def test_the_tokens_are_fetched_once_for_many_lost_profiles(
    world: DemoInstagram, standin: InstagramStandIn, source: InstaloaderSource
) -> None:
    """Within six hours, as for posts; a lost profile then costs two requests."""
    world.rename("natgeo", "nat.geo")
    readings = [source.read([KNOWN], NOON + timedelta(hours=hour)) for hour in range(3)]
    assert [reading.requests for reading in readings] == [3, 2, 2]
