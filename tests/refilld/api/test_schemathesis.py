"""Schemathesis sends what the OpenAPI document allows and forbids to a real server, and finds nothing."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from refilld.api.server import HttpServer
from storage.tokens import Scope
from tests.refilld.queue_world import QueueWorld

HELD, QUEUED = 20, 20
CONFIGURATION = """
request-timeout = 40

[phases.coverage]
unexpected-methods = ["DELETE"]

[dictionaries.orders]
values = ["held-1", "held-2", "queued-1", "queued-2"]

[dictionaries.refills]
values = [1, 2, 3, 21, 22, 23]

[parameters]
"path.order_id" = { dictionary = "orders", probability = 0.7 }
"path.refill_id" = { dictionary = "refills", probability = 0.7 }
"body.key" = { dictionary = "keys", probability = 0.7 }
"body.order" = { dictionary = "orders", probability = 0.7 }

[[operations]]
include-name = "POST /api/v2"
[operations.checks.negative_data_rejection]
enabled = false  # the status of errors is 200, too
"""


@pytest.fixture
def server(world: QueueWorld) -> Iterator[HttpServer]:
    """A server with refills to claim and to approve; it is stopping, so no claim waits."""
    world.queue(*(f"held-{number}" for number in range(HELD)), held=True)
    world.queue(*(f"queued-{number}" for number in range(QUEUED)))
    world.stopping.set()
    started = HttpServer(world.app(), "127.0.0.1", 0)
    started.start()
    yield started
    started.stop()


def test_schemathesis_finds_nothing(world: QueueWorld, server: HttpServer, tmp_path: Path) -> None:
    """With all checks, ids that exist, and links followed."""
    configuration = tmp_path / "schemathesis.toml"
    secret = world.token(*Scope)
    configuration.write_text(f'{CONFIGURATION}\n[dictionaries.keys]\nvalues = ["{secret}"]\n')
    address = f"http://127.0.0.1:{server.port}/openapi.json"
    program = [str(Path(sys.executable).parent / "schemathesis"), "--config-file", str(configuration), "run"]
    options = ["--phases", "coverage,fuzzing,stateful", "--max-examples", "1", "--seed", "1", "--no-shrink"]
    token = ["--header", f"Authorization: Bearer {secret}"]
    done = subprocess.run(
        [*program, address, *options, *token],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-8000:] + done.stderr[-2000:]
    assert "Tested: 39" in done.stdout
