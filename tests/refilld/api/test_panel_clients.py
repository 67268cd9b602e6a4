"""Programs of others speak the panel dialect with the real server: an independent client, and curl."""

import re
import subprocess
from collections.abc import Iterator
from contextlib import closing
from decimal import Decimal
from functools import partial
from pathlib import Path

import pytest
import smm

from refilld.api.server import HttpServer
from storage.tokens import Scope
from tests.builders import HOUR
from tests.refilld.panel_world import Panel, an_order

PAGE = Path(__file__).parents[3] / "docs" / "panel.md"
EXAMPLES = re.findall(r"(?m)^(curl .*)\n# (.*)$", PAGE.read_text(encoding="utf-8"))


@pytest.fixture
def url(panel: Panel) -> Iterator[str]:
    """The address of the real server, with two orders."""
    paid = {"start_count": 3572, "price": Decimal("0.27819"), "currency": "USD"}
    panel.sell(an_order("1", **paid), an_order("2"))
    server = HttpServer(panel.world.app(), "127.0.0.1", 0)
    server.start()
    yield f"http://127.0.0.1:{server.port}"
    server.stop()


@pytest.fixture
def client(url: str, panel: Panel) -> Iterator[smm.SMM]:
    with closing(smm.SMM(f"{url}/api/v2/", panel.key)) as client:
        yield client


def test_the_examples_of_the_documentation_work(url: str, panel: Panel) -> None:
    """In their order, byte for byte."""
    script = "\necho\n".join(command for command, _ in EXAMPLES)
    run = subprocess.run(
        ["sh", "-ec", script], env={"URL": url, "KEY": panel.key, "PATH": "/usr/bin:/bin"},
        capture_output=True, text=True, check=True, timeout=30,
    )  # fmt: skip
    assert run.stdout.splitlines() == [answer for _, answer in EXAMPLES]
    assert len(EXAMPLES) == 7


def test_a_client_follows_a_refill_to_its_end(client: smm.SMM, panel: Panel) -> None:
    """From the request over the drop to the delivery."""
    number = client.create_refill(1)["refill"]
    assert client.get_refill_status(number) == {"status": "Pending"}
    panel.world.now += HOUR
    panel.owe("1")
    assert client.get_refill_status(number) == {"status": "Pending"}
    (claimed,) = panel.world.caller(Scope.REFILLS_CONSUME).claim()
    assert client.get_refill_status(number) == {"status": "In progress"}
    body = {"lease_token": claimed["lease_token"]}
    panel.world.caller(Scope.REFILLS_CONSUME).post(f"/{claimed['refill_id']}/complete", body)
    assert client.get_refill_status(number) == {"status": "Completed"}
    with pytest.raises(smm.SMMAPIError, match=r"^Refill not found$"):
        client.get_refill_status(99)


def test_a_client_reads_lists_and_orders(client: smm.SMM) -> None:
    assert client.create_multi_refill([1, 2, 3]) == [
        {"order": 1, "refill": 1},
        {"order": 2, "refill": 2},
        {"order": 3, "refill": {"error": "Incorrect order ID"}},
    ]
    assert client.get_multi_refill_status([2, 3]) == [
        {"refill": 2, "status": "Pending"},
        {"refill": 3, "status": {"error": "Refill not found"}},
    ]
    assert client.get_status(1)["start_count"] == "3572"
    assert client.get_multi_status([1, 3])["3"] == {"error": "Incorrect order ID"}
    assert [row["service"] for row in client.get_services()] == [1234]


def test_a_client_is_told_what_is_wrong(url: str, client: smm.SMM) -> None:
    """As an error of the API, and never of the network."""
    client.create_refill(1)
    with pytest.raises(smm.SMMAPIError, match="The refill task is not completed for this order"):
        client.create_refill(1)
    wrong = (client.get_balance, partial(client.cancel_orders, [1]), partial(client.add_order, 1))
    for call in wrong:
        with pytest.raises(smm.SMMAPIError, match=r"^Incorrect request$"):
            call()
    stranger = smm.SMM(f"{url}/api/v2", "wrong")
    with closing(stranger), pytest.raises(smm.SMMAPIError, match=r"^Invalid API key$"):
        stranger.get_services()
