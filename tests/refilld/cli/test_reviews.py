"""`refilld reviews`: refund reviews for the operator."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from storage import leases
from tests import lease_calls
from tests.refilld.cli_world import CliWorld, cli_world


@pytest.fixture
def cli(tmp_path: Path) -> Iterator[CliWorld]:
    with cli_world(tmp_path) as cli:
        yield cli


@pytest.fixture
def asked(cli: CliWorld) -> CliWorld:
    """A review of a dead refill of 100 units."""
    cli.world.queue("1")
    (row,) = cli.world.claim()
    failure = leases.Failure("no such profile", retryable=False)
    with cli.world.database.write() as tx:
        lease_calls.fail(tx, row.refill_id, row.lease_token, cli.world.now, failure, 10)
    return cli


def test_the_list_names_order_units_and_clause(asked: CliWorld) -> None:
    """All that the operator needs for the decision."""
    (row,) = map(json.loads, asked.run("reviews", "list", "--json").stdout.splitlines())
    assert (row["order_id"], row["cause"], row["units"], row["refill_id"]) == ("1", "refill_given_up", 100, 1)
    assert row["clause"].startswith("full or partial refund only when the order cannot be fulfilled")
    assert "refill_given_up" in asked.run("reviews", "list").stdout


def test_a_closed_review_leaves_the_list_and_keeps_its_note(asked: CliWorld) -> None:
    """`--all` still shows it."""
    result = asked.run("reviews", "close", 1, "--note", "refunded 0.15 USD")
    assert (result.exit_code, result.stdout) == (0, "review 1 is closed\n")
    assert asked.run("reviews", "list").stdout == "nothing to show\n"
    (row,) = map(json.loads, asked.run("reviews", "list", "--all", "--json").stdout.splitlines())
    assert row["note"] == "refunded 0.15 USD"


@pytest.mark.parametrize("review_id", [1, 404])
def test_a_closed_or_unknown_review_cannot_be_closed(asked: CliWorld, review_id: int) -> None:
    """The error is one line."""
    asked.run("reviews", "close", 1)
    result = asked.main("reviews", "close", review_id)
    assert result.returncode == 1
    message = {1: "review 1 is closed already", 404: "there is no review 404"}[review_id]
    assert result.stderr == f"refilld: {message}\n"


@pytest.fixture
def two_asked(asked: CliWorld) -> CliWorld:
    """Another review, of an order of 150 units."""
    asked.world.queue("2", quantity=150)
    (row,) = asked.world.claim()
    failure = leases.Failure("no such profile", retryable=False)
    with asked.world.database.write() as tx:
        lease_calls.fail(tx, row.refill_id, row.lease_token, asked.world.now, failure, 10)
    return asked


def test_several_reviews_are_closed_after_a_preview(two_asked: CliWorld) -> None:
    """Without a yes nothing changes; an unknown one is left out with its reason."""
    assert two_asked.main("reviews", "close", 1, 2).returncode == 2
    shown = two_asked.run("reviews", "close", 1, 2, "--dry-run")
    assert shown.stdout.splitlines() == [
        "closes 2 reviews, 250 units",
        "  cause: refill_given_up",
        "  provider: acme",
    ]
    done = two_asked.run("reviews", "close", 1, 2, 404, "--note", "refused", "--yes")
    assert (done.exit_code, done.stdout) == (1, "2 reviews closed, 1 refused\n")
    assert done.stderr.splitlines()[-1] == "  left out: review 404: there is no such review"
    assert two_asked.run("reviews", "list").stdout == "nothing to show\n"


@pytest.mark.parametrize(
    ("options", "closed"),
    [
        (["--cause", "refill_given_up"], 2),
        (["--cause", "short_delivery"], 0),
        (["--service", "1234"], 2),
        (["--provider", "nobody"], 0),
        (["--before", "1h"], 0),
    ],
)
def test_a_filter_chooses_the_reviews(two_asked: CliWorld, options: list[str], closed: int) -> None:
    """By cause, service, provider and age."""
    done = two_asked.run("reviews", "close", *options, "--yes")
    assert (done.exit_code, done.stdout) == (0, f"{closed} reviews closed\n")


@pytest.mark.parametrize("words", [[], [1, "--service", "1234"]])
def test_ids_or_a_filter_are_needed(cli: CliWorld, words: list[object]) -> None:
    """Not both, and not neither."""
    assert cli.run("reviews", "close", *words).exit_code == 2
