"""`refilld orders show --svg`: the chart of an order as a file."""

from tests.refilld.cli_world import CliWorld


def test_the_chart_is_written_beside_the_usual_output(cli: CliWorld) -> None:
    cli.world.queue("17")
    plain = cli.main("orders", "show", "17", "--json")
    shown = cli.main("orders", "show", "17", "--json", "--svg", "chart.svg")
    assert (shown.returncode, shown.stdout) == (0, plain.stdout)
    assert "decided: refill 100, because the drop is confirmed" in (cli.home / "chart.svg").read_text()


def test_a_place_that_cannot_be_written_to_is_named(cli: CliWorld) -> None:
    cli.world.queue("17")
    refused = cli.main("orders", "show", "17", "--svg", "missing/chart.svg")
    assert (refused.returncode, refused.stdout) == (2, "")
    assert refused.stderr == "Error: missing/chart.svg: cannot be written: No such file or directory\n"
