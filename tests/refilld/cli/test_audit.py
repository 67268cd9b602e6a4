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
