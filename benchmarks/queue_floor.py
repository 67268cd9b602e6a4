"""A bare Flask view on waitress, for `benchmarks/queue.py`: what HTTP itself costs, without any work.

Run as a program it serves on a port. Its answers have the form of refilld's, so that the same consumer asks.
"""

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from flask import Flask, request

from benchmarks.queue_server import free_port, wait_for
from benchmarks.queue_sides import Http, Opened


@contextmanager
def bare_flask() -> Iterator[Opened]:
    """Serve the views in a process of their own; yields what opens a connection of a consumer."""
    port = free_port()
    process = subprocess.Popen([sys.executable, "-m", "benchmarks.queue_floor", str(port)])
    try:
        wait_for(port, process)
        yield lambda: Http(port, "none")
    finally:
        process.terminate()
        process.wait(timeout=30)


def views() -> Flask:
    app = Flask("floor")

    @app.get("/healthz")
    def healthz() -> dict[str, str]:
        return {}

    @app.post("/api/v1/refills/claim")
    def claim() -> str:
        limit = json.loads(request.get_data())["limit"]
        return json.dumps({"refills": [{"refill_id": 1, "lease_token": "t" * 43}] * limit})

    @app.post("/api/v1/refills/<refill_id>/complete")
    def complete(refill_id: str) -> str:
        json.loads(request.get_data())
        return json.dumps({"refill_id": refill_id, "state": "completed"})

    @app.post("/api/v1/refills/batch")
    def batch() -> str:
        actions = json.loads(request.get_data())["actions"]
        return json.dumps({"results": [{"refill_id": 1, "state": "completed"}] * len(actions)})

    return app


if __name__ == "__main__":
    from waitress import serve  # type: ignore[import-untyped]

    serve(views(), host="127.0.0.1", port=int(sys.argv[1]), threads=16)
