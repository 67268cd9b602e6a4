"""The stand-in checks requests and tokens as strictly as Graph."""

from collections.abc import Callable
from typing import Any

import pytest
import requests

from monitor.model.snapshot import Outcome
from monitor.sources.contract import Reading
from monitor.sources.graph.source import GraphSource
from refilld.demo.graph import HOST, TOKEN, GraphStandIn, ProfessionalAccount, SmallGraph
from refilld.demo.graph_answers import DOWN, EXPIRED, IG_USER_ID, THROTTLED
from refilld.demo.instagram import HOSTS, Post, profile_page
from refilld.demo.tunnel import HttpAnswer
from tests.monitor.sources.graph.graph_world import NOW, post, profile

ADDRESS = f"https://{HOST}/v26.0/{IG_USER_ID}"


def ask(fields: str, token: str = TOKEN, **more: str) -> Any:
    parameters = {"fields": fields, **more}
    return requests.get(
        ADDRESS, params=parameters, headers={"Authorization": f"Bearer {token}"}, timeout=5
    ).json()


def test_only_the_token_authorizes(world: SmallGraph) -> None:
    """Unchanged, in the header."""
    fields = "business_discovery.username(natgeo){followers_count}"
    assert ask(fields)["business_discovery"]["followers_count"] == 1234
    assert ask(fields, token="another")["error"]["code"] == 190


@pytest.mark.parametrize(
    "fields",
    [
        "",
        "id",
        "business_discovery.username(natgeo)",
        "business_discovery.username(natgeo){followers_count",
        "business_discovery.username(nat geo){followers_count}",
        "business_discovery.username(natgeo){followers_count},id",
        "business_discovery.username(natgeo){password}",
        "business_discovery.username(natgeo){username,media.limit(x){shortcode}}",
        "business_discovery.username(natgeo){username,media}",
    ],
)
def test_an_unsupported_field_expression_is_refused(world: SmallGraph, fields: str) -> None:
    """So that an error in our requests is noticed."""
    assert ask(fields)["error"]["code"] == 100


def test_a_token_in_the_address_is_refused(world: SmallGraph) -> None:
    """Graph would accept it, but our token must not be in addresses."""
    fields = "business_discovery.username(natgeo){followers_count}"
    assert ask(fields, access_token=TOKEN)["error"]["code"] == 100


def test_it_gives_only_the_requested_fields_and_25_media_by_default(world: SmallGraph) -> None:
    """As Graph does; every object has its id."""
    world.accounts["natgeo"] = ProfessionalAccount(5, {f"Reel{at:07}": Post(at, 7) for at in range(30)})
    shown = ask("business_discovery.username(natgeo){username,media{like_count}}")["business_discovery"]
    assert sorted(shown) == ["id", "media", "username"]
    assert len(shown["media"]["data"]) == 25
    assert shown["media"]["data"][0] == {"like_count": 0, "id": "17858843269216389"}


def test_counts_follow_the_clock(world: SmallGraph, read: Callable[..., Reading]) -> None:
    """As in the stand-in for Instagram's pages."""
    world.accounts["natgeo"] = ProfessionalAccount(
        lambda at: at.hour, {"ReelAAAAAAA": Post(lambda at: at.day, 1)}
    )
    assert [snapshot.count for snapshot in read(profile(), post("ReelAAAAAAA")).snapshots] == [
        NOW.hour,
        NOW.day,
    ]


@pytest.mark.parametrize(
    ("outage", "outcome"),
    [
        (THROTTLED, Outcome.RATE_LIMITED),
        (EXPIRED, Outcome.LOGIN_REQUIRED),
        (DOWN, Outcome.TRANSIENT),
    ],
)
def test_an_outage_is_an_answer_to_everything(
    world: SmallGraph, read: Callable[..., Reading], outage: HttpAnswer, outcome: Outcome
) -> None:
    """For the duration of the outage."""
    world.outage = outage
    assert {snapshot.outcome for snapshot in read(profile(), post("ReelAAAAAAA")).snapshots} == {outcome}
    world.outage = None
    assert [snapshot.count for snapshot in read(profile(), post("ReelAAAAAAA")).snapshots] == [1234, 100]


def test_one_stand_in_can_serve_several_sites(source: GraphSource, monkeypatch: pytest.MonkeyPatch) -> None:
    """A process has one proxy, which serves Graph and Instagram's pages."""
    pages = dict.fromkeys(HOSTS, lambda _: profile_page("natgeo", 5))
    with GraphStandIn(SmallGraph(lambda: NOW, {"natgeo": ProfessionalAccount(7)}), pages) as standin:
        for name, value in standin.environment.items():
            monkeypatch.setenv(name, value)
        assert "natgeo" in requests.get("https://www.instagram.com/natgeo/", timeout=5).text
        assert source.read([profile()], NOW).snapshots[0].count == 7
        assert [asked.host for asked in standin.requests] == [HOST]
