"""`refilld audit`: who changed what, with the words that people read."""

import json

from tests.refilld.cli_world import CliWorld


def test_the_trail_says_who_did_what(cli: CliWorld) -> None:
    """The flag was set at the prompt, by the account that runs the command."""
    cli.world.queue("1")
    assert cli.main("orders", "flag", "1", "dispute").returncode == 0
    rows = [json.loads(line) for line in cli.run("audit", "--order", "1", "--json").stdout.splitlines()]
    texts = {row["kind"]: (row["actor"].split()[0], row["text"]) for row in rows if row["actor"]}
    assert texts["order.flagged"] == ("cli", "order 1 was flagged dispute")
    assert texts["refill.cancelled"][1].endswith("is cancelled, queued before (order flagged dispute)")


def test_a_partial_delivery_is_told_beside_the_units_that_were_queued(cli: CliWorld) -> None:
    """In the trail and in the list of refills; a whole delivery is not told twice."""
    whole, part = cli.world.queue("1", "2")
    for row, delivered in zip(cli.world.claim(limit=2), ([], ["--delivered", 60]), strict=True):
        given = ["--lease-token", row.lease_token, *delivered]
        assert cli.run("refills", "complete", row.refill_id, *given).exit_code == 0
    texts = [
        json.loads(line)["text"]
        for line in cli.run("audit", "--kind", "refill.completed", "--json").stdout.splitlines()
    ]
    assert texts == [
        f"refill {part} of 100 for order 2 is completed with 60 delivered, claimed before (complete)",
        f"refill {whole} of 100 for order 1 is completed, claimed before (complete)",
    ]
    heading, newest, _ = (line.split() for line in cli.run("refills", "list").stdout.splitlines())
    assert dict(zip(heading, newest, strict=False))["delivered"] == "60"
