"""The example of docs/sources.md works as the page says: built, installed, tested, enabled and read."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from importlib.metadata import distributions
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from tests.main_in_process import run_main
from tests.plugin import example

COUNTS = {
    "/profile/nasa": {"followers": 5000},
    "/post/C0deAAAAAAA": {"likes": 12, "views": 345},
}
HEADER = "order_id,service,link,quantity,status,completed_at,start_count,metric\n"


@dataclass
class Provider:
    """A stand-in for the provider: answers what it has, and remembers what it was asked."""

    url: str
    asked: list[str] = field(default_factory=list)


@pytest.fixture
def provider() -> Iterator[Provider]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            here.asked.append(self.path)
            self.send_response(200 if self.path in COUNTS else 404)
            self.end_headers()
            self.wfile.write(json.dumps(COUNTS.get(self.path, {})).encode())

        def log_message(self, *_: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        here = Provider(f"http://127.0.0.1:{server.server_port}")
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield here
        server.shutdown()
        thread.join()


@pytest.fixture(scope="module")
def distribution(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return example.write(tmp_path_factory.mktemp("example") / "refilld-json-counts")


@pytest.fixture(scope="module")
def installed(distribution: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder that the distribution is installed into."""
    return example.install(distribution, tmp_path_factory.mktemp("site"))


@dataclass(frozen=True)
class Shop:
    """A folder with configuration and database, and refilld with the plugin installed."""

    home: Path
    installed: Path

    def run(self, *command: str | Path) -> "subprocess.CompletedProcess[str]":
        path = os.pathsep.join(map(str, (self.installed, example.ROOT)))
        environ = {"PATH": os.defpath, "HOME": str(self.home), "PYTHONPATH": path}
        return subprocess.run(
            [sys.executable, *command], cwd=self.home, env=environ, capture_output=True, text=True,
            stdin=subprocess.DEVNULL, check=False, timeout=120,
        )  # fmt: skip

    def refilld(self, *words: str) -> str:
        done = self.run("-m", "refilld", *words)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def rows(self, *words: str) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.refilld(*words, "--json").splitlines()]

    def stored(self, *words: str) -> list[dict[str, Any]]:
        """The output of a command that needs the database only, in this process."""
        done = run_main(*words, "--json", cwd=self.home)
        assert done.returncode == 0, done.stdout + done.stderr
        return [json.loads(line) for line in done.stdout.splitlines()]


@pytest.fixture
def shop(installed: Path, provider: Provider, tmp_path: Path) -> Shop:
    shop = Shop(tmp_path, installed)
    assert run_main("init", cwd=tmp_path).returncode == 0
    with (tmp_path / "refilld.toml").open("a", encoding="utf-8") as file:
        file.write("\n" + example.configuration(provider.url))
    return shop


def sell(shop: Shop, *rows: str) -> None:
    """Import orders, given as id, link, start count and metric, delivered two days ago."""
    completed = f"{datetime.now(UTC) - timedelta(days=2):%Y-%m-%dT%H:%M:%SZ}"
    cells = [row.split(",") for row in rows]
    lines = (
        f"{i},svc,{link},1000,Completed,{completed},{start},{metric}\n" for i, link, start, metric in cells
    )
    (shop.home / "orders.csv").write_text(HEADER + "".join(lines), encoding="utf-8")
    assert run_main("orders", "import", "orders.csv", cwd=shop.home).returncode == 0


def test_the_distribution_is_one_of_its_own(installed: Path) -> None:
    """With its own metadata and entry point; nothing of refilld is in it."""
    (found,) = distributions(path=[str(installed)])
    assert (found.name, found.version) == ("refilld-json-counts", "1.0.0")
    (point,) = found.entry_points
    assert (point.group, point.name, point.value) == (
        "refilld.sources", "json_counts", "json_counts:JsonCounts"
    )  # fmt: skip
    assert {path.name for path in installed.glob("*.py")} == {"json_counts.py"}


def test_the_tests_on_the_page_pass(installed: Path, distribution: Path) -> None:
    done = Shop(distribution, installed).run(
        "-m", "pytest", "-q", "-p", "no:cacheprovider", "test_json_counts.py"
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "17 passed" in done.stdout


def test_the_list_of_sources_has_it(shop: Shop) -> None:
    (row,) = [row for row in shop.rows("sources", "list") if row["source"] == "json_counts"]
    assert (row["enabled"], row["state"], row["requests_per_hour"]) == (True, "ready", 600)


def test_the_doctor_accepts_it_without_asking_the_provider(shop: Shop, provider: Provider) -> None:
    (row,) = [row for row in shop.rows("doctor") if row["id"] == "source.opens"]
    assert (row["level"], row["says"]) == ("ok", "json_counts is enabled and can begin")
    assert provider.asked == []


def test_an_option_that_it_cannot_use_is_one_line(shop: Shop, provider: Provider) -> None:
    """At the prompt with exit code 2, and among the doctor's findings."""
    configuration = shop.home / "refilld.toml"
    configuration.write_text(configuration.read_text().replace(provider.url, "counts.example"))
    problem = "sources.json_counts.options.url: 'counts.example' is not an address like https://…"
    done = shop.run("-m", "refilld", "run", "--once")
    assert (done.returncode, done.stderr) == (2, f"refilld: {problem}\n")
    findings = shop.run("-m", "refilld", "doctor", "--json")
    assert findings.returncode == 1
    assert f"json_counts cannot begin: {problem}" in [
        json.loads(row)["says"] for row in findings.stdout.splitlines()
    ]


def test_a_round_takes_the_counts_of_orders_from_the_provider(shop: Shop, provider: Provider) -> None:
    """One request per page: likes and views of a post come from the same one."""
    post = "https://www.instagram.com/p/C0deAAAAAAA/"
    sell(shop, "1,@nasa,4500,followers", f"2,{post},2,likes", f"3,{post},45,views")
    shop.refilld("run", "--once")
    counts = {order: shop.stored("orders", "show", order)[0]["count"] for order in "123"}
    assert counts == {"1": 5000, "2": 12, "3": 345}
    assert sorted(provider.asked) == sorted(COUNTS)


def test_a_page_that_the_provider_does_not_have_is_no_drop(shop: Shop, provider: Provider) -> None:
    sell(shop, "1,@nobody,4500,followers")
    shop.refilld("run", "--once")
    assert provider.asked == ["/profile/nobody"]
    assert shop.stored("drops", "list") == []
    assert shop.stored("refills", "list") == []
