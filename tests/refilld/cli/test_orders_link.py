"""`refilld orders link`: the link for a buyer."""

from tests.refilld.cli_world import CliWorld

ROW = "17,followers,natgeo,1000,Completed,2026-03-01T12:00:00Z,1000,0,followers,,,"


def turn_on(cli: CliWorld) -> None:
    place = cli.home / "refilld.toml"
    place.write_text(f'{place.read_text()}\n[web]\nbuyer_pages = true\npublic_url = "https://shop.example"\n')


def test_the_link_of_an_order_stays_the_same_until_it_is_revoked(cli: CliWorld) -> None:
    turn_on(cli)
    cli.imported(ROW)
    first = cli.run("orders", "link", "17").stdout
    assert first.startswith("https://shop.example/buyer/MTc.")
    assert cli.run("orders", "link", "17").stdout == first
    assert cli.run("orders", "link", "17", "--revoke").stdout not in {first, ""}


def test_a_link_to_pages_that_are_off_is_refused_with_the_remedy(cli: CliWorld) -> None:
    cli.imported(ROW)
    result = cli.run("orders", "link", "17")
    assert result.exit_code == 2
    assert "write under [web]: buyer_pages = true" in result.stderr
