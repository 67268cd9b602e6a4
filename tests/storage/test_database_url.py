"""The URL of a database: several hosts, as libpq writes them."""

import pytest

from monitor.errors import BadInputError
from storage.database_url import parse_url
from storage.engine import Database

SECRET = "sw0rdfish"


@pytest.mark.parametrize(
    ("written", "host", "port"),
    [
        ("one:5433,two:5434", "one,two", "5433,5434"),
        ("one,two:5434", "one,two", "5432,5434"),
        ("10.0.0.1,10.0.0.2,10.0.0.3", "10.0.0.1,10.0.0.2,10.0.0.3", "5432,5432,5432"),
    ],
)
def test_several_hosts_are_given_to_libpq(written: str, host: str, port: str) -> None:
    """A host without a port has the usual one."""
    url = parse_url(f"postgresql+psycopg://me:{SECRET}@{written}/shop?target_session_attrs=read-write")
    _, parameters = url.get_dialect()().create_connect_args(url)
    expected = {"host": host, "port": port, "dbname": "shop", "user": "me", "password": SECRET}
    assert parameters.items() >= (expected | {"target_session_attrs": "read-write"}).items()


def test_the_name_of_a_database_on_several_hosts_has_no_password() -> None:
    database = Database(f"postgresql://me:{SECRET}@one:5433,two:5434/shop")
    assert SECRET not in database.name
    assert "one%3A5433" in database.name


def test_a_comma_in_a_password_is_no_second_host() -> None:
    url = parse_url("postgresql://me:a,b@one:5433/shop")
    assert (url.host, url.port, url.password) == ("one", 5433, "a,b")


@pytest.mark.parametrize("hosts", ["one:port,two", "one:5432,two:", "one:5432,,two:5432"])
def test_hosts_that_cannot_be_read_are_a_one_line_error(hosts: str) -> None:
    with pytest.raises(BadInputError, match="not a database URL") as caught:
        parse_url(f"postgresql://me:{SECRET}@{hosts}/shop")
    assert SECRET not in str(caught.value)
