"""The page of the metrics, the alert rules and the dashboard agree with the registry."""

import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.metrics import MetricWrapperBase

from refilld.metrics.database import DatabaseCollector
from refilld.metrics.gauges import GAUGES
from refilld.metrics.process import ProcessMetrics
from storage.engine import Database
from tests.builders import NOW
from tests.migrated_database import migrated_database
from tests.monitoring import RULES, TESTS, alert_names, panel_expressions, panels, rule_expressions, selectors
from tests.prometheus import promtool

PAGE = (Path(__file__).parents[3] / "docs" / "metrics.md").read_text(encoding="utf-8")
ROWS = [
    [cell.strip() for cell in row.split("|")[1:-1]]
    for row in PAGE.splitlines()
    if row.startswith("| `refilld_")
]
_MAX = re.compile(r"\bmax(?: by \([\w, ]+\) )?\((?:sum by \(instance\) \()?$")
"""The aggregation before a gauge; the modes of daemons are summed for each daemon first."""
SUFFIXES = ("_bucket", "_count", "_sum")


@pytest.fixture
def registry(tmp_path: Path) -> Iterator[CollectorRegistry]:
    """The registry of a process that serves HTTP."""
    with migrated_database(tmp_path / "refilld.db") as database:
        yield registered(database)


def registered(database: Database) -> CollectorRegistry:
    registry = ProcessMetrics().registry
    registry.register(DatabaseCollector(database, lambda: None, {}, lambda: NOW))
    return registry


def described(registry: CollectorRegistry) -> dict[str, tuple[str, frozenset[str]]]:
    """Type and labels of each metric of refilld."""
    found: dict[str, tuple[str, frozenset[str]]] = {}
    for collector in registry._collector_to_names:
        families: Any = getattr(collector, "describe", collector.collect)()
        for family in families:
            labels = collector._labelnames if isinstance(collector, MetricWrapperBase) else family._labelnames
            name = f"{family.name}_total" if family.type == "counter" else family.name
            if family.name.startswith("refilld_") and family.type != "info":
                found[name] = (family.type, frozenset(labels))
    return found


def test_the_page_describes_every_metric_with_its_type_and_labels(registry: CollectorRegistry) -> None:
    """Once, and no other one."""
    assert [name for name, number in Counter(row[0] for row in ROWS).items() if number > 1] == []
    page = {row[0].strip("`"): (row[1], frozenset(re.findall(r"`(\w+)`", row[2]))) for row in ROWS}
    assert page.pop("refilld_build_info") == ("gauge", frozenset({"version", "python"}))
    assert page == described(registry)
    assert all(row[3] and row[4] for row in ROWS)


def test_gauges_of_the_database_are_aggregated_with_max() -> None:
    """Several daemons read the same values; on the page, in the rules and on the dashboard."""
    aggregated = {row[0].strip("`"): row[4] for row in ROWS}
    assert {aggregated[gauge] for gauge in GAUGES} == {"`max`"}
    wrong = [
        expression
        for expression in (*rule_expressions(), *panel_expressions())
        for gauge in re.finditer(rf"\b(?:{'|'.join(GAUGES)})\b", expression)
        if not _MAX.search(expression[: gauge.start()])
    ]
    assert wrong == []


def test_rules_and_dashboard_name_metrics_that_exist(registry: CollectorRegistry) -> None:
    """Every metric of refilld but a few details is on the dashboard or in a rule."""
    known = {*described(registry), "refilld_build_info"}
    used = {
        name if name in known else re.sub(f"({'|'.join(SUFFIXES)})$", "", name)
        for expression in (*rule_expressions(), *panel_expressions())
        for name in (selector.partition("{")[0] for selector in selectors(expression))
    }
    assert {name for name in used if name.startswith("refilld_")} == known


def test_the_answer_passes_the_linter_of_prometheus(registry: CollectorRegistry) -> None:
    """Names, units and help texts follow its conventions."""
    done = promtool("check", "metrics", text=generate_latest(registry).decode())
    assert (done.returncode, done.stderr) == (0, "")


def test_the_alert_rules_are_valid_and_fire_when_they_should() -> None:
    """Every rule has a unit test."""
    checked, tested = promtool("check", "rules", "--lint-fatal", RULES), promtool("test", "rules", TESTS)
    assert checked.returncode == 0, checked.stdout + checked.stderr
    assert tested.returncode == 0, tested.stdout + tested.stderr
    covered = re.findall(r"Refilld[\w.*]+", TESTS.read_text(encoding="utf-8"))
    assert [name for name in alert_names() if not any(re.fullmatch(one, name) for one in covered)] == []


def test_the_rules_and_panels_are_found() -> None:
    """The tests above read them with expressions of their own."""
    assert len(rule_expressions()) == len(alert_names()) > 10
    assert len({panel["id"] for panel in panels()}) == len(panels()) > 20
