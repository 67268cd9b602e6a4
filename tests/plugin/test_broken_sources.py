"""A source that breaks the contract is refused with one line that names it and the breach."""

import json
import os
from datetime import UTC, datetime
from pathlib import Path

import pytest

from monitor.sources.registry import open_source
from refilld.source_plugin import (
    BadInputError,
    CheckedSource,
    Link,
    LinkKind,
    Metric,
    SourceContractError,
    Target,
)
from tests.main_in_process import run_main
from tests.plugin import broken_sources, example
from tests.refilld.cli_world import process

NOW = datetime(2026, 1, 1, tzinfo=UTC)
POST = Link(LinkKind.POST, "C0deAAAAAAA")
LIKES, VIEWS = Target(POST, Metric.LIKES), Target(POST, Metric.VIEWS)
MODULE = "broken_sources_of_a_plugin"
NOT_FULFILLED = f"does not fulfil the contract of a source: {MODULE}:"
AT_CREATION = {
    "nobatch": f"{NOT_FULFILLED}NoBatch has no batch",
    "nothing": f"{NOT_FULFILLED}Nothing has no name, metrics, batch, request_key, read",
    "textbatch": f"{NOT_FULFILLED}TextBatch has batch '2', which is not a whole number of at least 1",
    "listofmetrics": f"{NOT_FULFILLED}ListOfMetrics has metrics [<Metric.LIKES: 'likes'>], "
    "which is not a frozenset of Metric",
    "nomethod": f"{NOT_FULFILLED}NoMethod has read, which is not a method",
    "renamed": f"{NOT_FULFILLED}Renamed has the name 'another'",
    "newer": "needs version 2 of the source interface; this refilld has version 1",
    "raising": "fails with RuntimeError when it is made",
    "absent": "fails with ModuleNotFoundError when it is made",
}
AT_READING = {
    "toofew": "read returned 0 snapshots for 2 targets",
    "noreading": "read returned list, not a Reading",
    "nosnapshot": "read returned int, not a Snapshot",
    "othersource": f"the snapshot of {POST} (likes) has another source: another",
    "othertime": f"the snapshot of {POST} (likes) has another time than the look: 2000-01-01 00:00:00+00:00",
    "otherorder": f"the snapshot of {POST} (likes) has another target: {POST} (views)",
    "halfarequest": "read returned requests=0.5, not a whole number",
}


@pytest.fixture
def plugins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder that the broken sources are installed in, importable here."""
    place = broken_sources.install(tmp_path / "installed")
    monkeypatch.syspath_prepend(str(place))
    return place


@pytest.mark.usefixtures("plugins")
@pytest.mark.parametrize("name", AT_CREATION)
def test_a_source_that_is_not_complete_is_not_opened(name: str) -> None:
    with pytest.raises(SourceContractError) as caught:
        open_source(name)
    assert str(caught.value) == f"sources.{name}: {AT_CREATION[name]}"
    assert isinstance(caught.value, BadInputError)


@pytest.mark.usefixtures("plugins")
@pytest.mark.parametrize("name", AT_READING)
def test_an_answer_that_breaks_the_contract_is_refused(name: str) -> None:
    source = CheckedSource(open_source(name))
    with pytest.raises(SourceContractError) as caught:
        source.read([LIKES, VIEWS], NOW)
    assert str(caught.value) == f"sources.{name}: {AT_READING[name]}"


@pytest.mark.usefixtures("plugins")
def test_a_key_that_is_no_text_is_refused() -> None:
    with pytest.raises(
        SourceContractError, match=r"^sources\.numerickey: request_key returned 7, not a text or None$"
    ):
        CheckedSource(open_source("numerickey")).request_key(LIKES)


@pytest.mark.usefixtures("plugins")
def test_a_source_that_keeps_the_contract_is_not_changed() -> None:
    source = open_source("complete")
    checked = CheckedSource(source)
    assert (checked.name, checked.metrics, checked.batch) == ("complete", frozenset(Metric), 2)
    assert checked.request_key(LIKES) == POST.url
    assert checked.read([LIKES, VIEWS], NOW) == source.read([LIKES, VIEWS], NOW)


@pytest.fixture
def shop(plugins: Path, tmp_path: Path) -> tuple[Path, dict[str, str]]:
    """A folder with a database and two orders on one post, and the environment with the broken sources."""
    path = os.pathsep.join(map(str, (plugins, example.ROOT)))
    environ = {"PYTHONPATH": path, "REFILLD_TERMS__DEFAULT__WINDOW": "lifetime"}
    assert run_main("init", cwd=tmp_path, **environ).returncode == 0
    row = "svc,https://www.instagram.com/p/C0deAAAAAAA/,100,Completed,2026-01-01T00:00:00Z"
    orders = f"order_id,service,link,quantity,status,completed_at,metric\n1,{row},likes\n2,{row},views\n"
    (tmp_path / "orders.csv").write_text(orders)
    assert run_main("orders", "import", "orders.csv", cwd=tmp_path, **environ).returncode == 0
    return tmp_path, environ


def enabled(name: str) -> dict[str, str]:
    return {f"REFILLD_SOURCES__{name.upper()}__ENABLED": "true"}


@pytest.mark.parametrize("name", ["nobatch", "newer", "raising"])
def test_the_daemon_ends_at_its_start_with_one_line(shop: tuple[Path, dict[str, str]], name: str) -> None:
    """The doctor says the same, and neither shows what the source's own error says."""
    home, environ = shop
    done = run_main("run", "--once", cwd=home, **environ, **enabled(name))
    assert (done.returncode, done.stderr) == (2, f"refilld: sources.{name}: {AT_CREATION[name]}\n")
    findings = run_main("doctor", "--json", cwd=home, **environ, **enabled(name))
    (row,) = [row for row in map(json.loads, findings.stdout.splitlines()) if row["id"] == "source.opens"]
    assert (row["level"], row["says"]) == ("error", f"{name} {AT_CREATION[name]}")
    assert broken_sources.SECRET not in done.stderr + findings.stdout + findings.stderr


def test_a_round_with_a_wrong_answer_logs_one_line_and_records_nothing(
    shop: tuple[Path, dict[str, str]],
) -> None:
    home, environ = shop
    done = process("run", "--once", cwd=home, **environ, **enabled("toofew"))
    *log, last = done.stderr.splitlines()
    (line,) = [row for row in map(json.loads, log) if row["event"] == "job.failed"]
    assert line["error"] == f"sources.toofew: {AT_READING['toofew']}"
    assert "exception" not in line
    assert (done.returncode, last) == (1, "refilld: failed: sampling; the log says why")
    shown = json.loads(run_main("orders", "show", "1", "--json", cwd=home, **environ).stdout.splitlines()[0])
    assert shown["count"] is None
