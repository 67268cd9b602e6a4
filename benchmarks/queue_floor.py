"""A bare Flask view on waitress, for `benchmarks/queue.py`: what HTTP itself costs, without any work.

Run as a program it prints its port and serves. Its answers have the form of those of refilld.
"""

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from flask import Flask, request

from benchmarks.queue_sides import Http, Opened


@contextmanager
def bare_flask() -> Iterator[Opened]:
    """Serve the views in a process of their own; yields what opens a connection of a consumer."""
    command = [sys.executable, "-m", "benchmarks.queue_floor"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            port = int(process.stdout.readline())
            yield lambda: Http(port, "none")
        finally:
            process.terminate()


def views() -> Flask:
    app = Flask("floor")

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
    from waitress.server import create_server  # type: ignore[import-untyped]

    server = create_server(views(), host="127.0.0.1", port=0, threads=16)
    print(server.effective_port, flush=True)
    server.run()
