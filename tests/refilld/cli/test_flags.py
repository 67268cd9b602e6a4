"""`refilld orders flag` and `unflag` with several orders."""

from tests.refilld.cli_world import CliWorld


def test_several_orders_are_flagged_after_a_preview(cli: CliWorld) -> None:
    """The refills that it cancels are shown; what is left out is refused with its reason."""
    cli.world.queue("1", "2")
    assert cli.run("orders", "flag", "2", "dispute").stdout == "order 2 is flagged dispute\n"
    cli.world.queue("3")
    shown = cli.run("orders", "flag", "1", "2", "3", "404", "dispute", "--dry-run")
    assert (shown.exit_code, shown.stdout.splitlines()) == (
        1,
        [
            "sets dispute on 2 orders",
            "  cancels 2 refills, 200 units",
            "  service: 1234",
            "  left out: order 2: already flagged dispute",
            "  left out: order 404: there is no such order",
        ],
    )
    assert cli.main("orders", "flag", "1", "3", "dispute").returncode == 2
    assert cli.world.state(1) == "queued"
    done = cli.run("orders", "flag", "1", "3", "dispute", "--yes")
    assert (done.exit_code, done.stdout) == (0, "2 orders flagged dispute\n")
    assert [cli.world.state(i) for i in (1, 2, 3)] == ["cancelled"] * 3


def test_several_orders_are_unflagged_after_a_preview(cli: CliWorld) -> None:
    """An order without the flag is left out."""
    cli.world.queue("1", "2", "3")
    cli.run("orders", "flag", "1", "2", "hold", "--yes")
    done = cli.run("orders", "unflag", "1", "2", "3", "hold", "--yes")
    assert (done.exit_code, done.stdout) == (1, "2 orders no longer flagged hold, 1 refused\n")
    assert done.stderr.splitlines()[-1] == "  left out: order 3: not flagged hold"
