"""Lists: every table fits 80 columns with long values, no id or token is cut, and `--wide` has all."""

import sqlite3
from contextlib import closing
from datetime import timedelta

import pytest
from rich.cells import cell_len

from monitor.alerts.matchers import parse_matchers
from monitor.events.kind import EventKind
from monitor.guarantee.mass_drop import MassDropCounts
from monitor.model.queue_part import PartKind, QueuePart
from monitor.model.role import Role
from monitor.model.target import Metric
from monitor.webhooks.verdict import WebhookAnswer
from storage import daemons, events, leases, mass_drops, queue_pauses, silences, sources, tokens, users
from storage.daemons import DaemonMode
from storage.silences import NewSilence
from storage.tokens import Scope
from tests import lease_calls
from tests.builders import HOUR, NOW, an_event
from tests.command_tree import command_at, commands
from tests.refilld.cli_world import CliWorld
from tests.storage.webhook_rows import an_endpoint, claim, dispatch, record

SERVICE = "Instagram Followers | 365 Days ♻️ | Max 1M | 👑 Premium Real Accounts | Speed 50K/Day 🚀"
USERNAME = "the.longest.user_name.of_all_"
LINK = f"https://www.instagram.com/{USERNAME}"
PROVIDER = "provider-with-a-long-name.example.com"
CUSTOMER = "a.customer.with.a.long.address@example.com"
FAILURE = "the provider answered: your order could not be placed because the link is not valid"
ELSEWHERE = {("backtest",), ("sources", "probe")}
"""Commands that print tables of something else than stored rows, tested with their own."""
TABLES = [
    path
    for path in commands()
    if path not in ELSEWHERE and "wide" in {one.name for one in command_at(path).params}
]
ARGUMENTS: dict[tuple[str, ...], tuple[str, ...]] = {
    ("search",): ("1790486",),
    ("webhooks", "deliveries"): ("1",),
    ("retention", "what-if"): ("--window", "7d"),
}
IDS = ("179048600101", "179048600102", "179048600103", "179048600104")


@pytest.fixture
def filled(cli: CliWorld) -> CliWorld:
    """Rows with realistic long values for every list."""
    cli.world.queue(*IDS[:3])
    cli.world.queue(IDS[3], held=True)
    (gone, failing) = cli.world.claim(2)
    long_reason = {"used": "x" * 60}
    with cli.world.database.write() as tx:
        lease_calls.fail(
            tx, gone.refill_id, gone.lease_token, cli.world.now, leases.Failure(FAILURE, False), 10
        )
        lease_calls.fail(
            tx, failing.refill_id, failing.lease_token, cli.world.now, leases.Failure(FAILURE), 10
        )
        mass_drops.begin(tx, Metric.FOLLOWERS, MassDropCounts(123_456, 65_432), cli.world.now)
        events.add(tx, an_event(EventKind.MASS_DROP_STARTED, FAILURE * 3), cli.world.now)
        matchers = parse_matchers(f'link="{LINK}", provider="{PROVIDER}"')
        new = NewSilence(matchers, CUSTOMER, FAILURE, cli.world.now, cli.world.now + HOUR)
        silences.add(tx, new, cli.world.now)
        daemons.register(tx, "a-host.with-a-long-name.example.com", 4_194_304, "0.1.0", DaemonMode.RUN, NOW)
        users.add(tx, CUSTOMER, Role.OPERATOR, "hash", NOW)
        tokens.create(tx, "the panel of the shop in the other office", Scope, cli.world.now)
        held = sources.breaker(tx, "instaloader").held(None, f"operator: {long_reason}")
        sources.save_breaker(tx, "instaloader", held)
        queue_pauses.pause(tx, QueuePart(PartKind.PROVIDER, "another of a long name"), FAILURE, NOW)
    endpoint_id = an_endpoint(
        cli.world.database,
        f"https://{PROVIDER}/hooks/refilld?secret=0123456789",
        kinds=("drop.*", "refill.dead", "mass_drop.started"),
        services=(SERVICE,),
        providers=(PROVIDER,),
    )
    dispatch(cli.world.database, endpoint_id, at=cli.world.now)
    refused = WebhookAnswer(None, "TLS: unable to get local issuer certificate", timedelta(0))
    record(cli.world.database, claim(cli.world.database, endpoint_id, cli.world.now), refused, cli.world.now)
    with closing(sqlite3.connect(cli.world.path)) as connection, connection:
        connection.execute(
            "UPDATE orders SET service = ?, provider = ?, customer = ?", [SERVICE, PROVIDER, CUSTOMER]
        )
        rename = "UPDATE targets SET key = ? || target_id, link = ? || target_id || '/'"
        connection.execute(rename, [USERNAME, LINK])
    config = (cli.home / "refilld.toml").read_text()
    service = f'[services."{SERVICE}"]\nmetric = "followers"\n'
    enabled = "[sources.instaloader]\nenabled = true\n"
    (cli.home / "refilld.toml").write_text(f"{config}{enabled}{service}")
    return cli


def test_every_list_is_printed_as_such_a_table() -> None:
    lists = {path for path in commands() if path[-1] == "list"}
    others = {("audit",), ("daemons",), ("queue", "status"), ("refills", "claim"), ("terms", "show")}
    assert lists | others | {*ARGUMENTS} == set(TABLES)


@pytest.mark.parametrize("path", TABLES, ids=" ".join)
def test_a_list_fits_80_columns(filled: CliWorld, path: tuple[str, ...]) -> None:
    result = filled.run(*path, *ARGUMENTS.get(path, ()))
    assert result.exit_code == 0, result.output
    lines = result.stdout.splitlines()
    assert len(lines) > 1
    assert [line for line in lines if cell_len(line) > 80] == []


@pytest.mark.parametrize("path", TABLES, ids=" ".join)
def test_a_row_is_one_line(filled: CliWorld, path: tuple[str, ...]) -> None:
    """And not a record of a line for each field; below the reviews the policy is quoted."""
    words = (*path, *ARGUMENTS.get(path, ()))
    rows = len(filled.run(*words, "--json").stdout.splitlines()) if path[-1] != "claim" else 1
    assert len(filled.run(*words).stdout.splitlines()) <= rows + 6


@pytest.mark.parametrize("path", [("orders", "list"), ("drops", "list"), ("refills", "list")], ids=" ".join)
def test_an_order_id_is_never_cut(filled: CliWorld, path: tuple[str, ...]) -> None:
    output = filled.run(*path).stdout
    assert [order_id for order_id in IDS if order_id not in output] == []


def test_a_very_long_id_goes_on_below(cli: CliWorld) -> None:
    """Nothing of it is lost, and the table still fits."""
    order_id = "x" * 70
    cli.imported(f"{order_id},svc,@shop,1000,Completed,2026-02-20T00:00:00Z,500,0,followers,,,")
    _, *rows = cli.run("orders", "list").stdout.splitlines()
    assert "".join(row.split()[0] for row in rows) == order_id
    assert max(map(cell_len, rows)) <= 80


def test_a_lease_token_is_never_cut(filled: CliWorld) -> None:
    output = filled.run("refills", "claim", "--limit", 10).stdout
    with closing(sqlite3.connect(filled.world.path)) as connection:
        found = connection.execute("SELECT lease_token FROM refills WHERE state = 'claimed'").fetchall()
    assert found
    assert all(token in output for (token,) in found)


def test_wide_prints_all_columns_and_cuts_nothing(filled: CliWorld) -> None:
    output = filled.run("orders", "list", "--wide").stdout
    for text in (SERVICE, PROVIDER, CUSTOMER, f"{LINK}1/", "2026-02-24 12:00:00Z"):
        assert text in output
    narrow = filled.run("orders", "list").stdout
    assert SERVICE not in narrow
    assert "the.longest.us" in narrow
