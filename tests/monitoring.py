"""The expressions of the alert rules and of the dashboard in docs/monitoring."""

import json
import re
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent.parent / "docs" / "monitoring"
RULES, TESTS = FOLDER / "refilld.rules.yml", FOLDER / "refilld.rules.test.yml"
DASHBOARD = FOLDER / "refilld.dashboard.json"
_EXPRESSION = re.compile(r"(?m)^ {8}expr: (?:>-\n((?: {10}.*\n)+)|(.+)\n)")
_SELECTOR = re.compile(r"\b(?:refilld|process)_\w+(?:\{[^}]*\})?")


def rule_expressions() -> list[str]:
    """The expressions of the alert rules."""
    found = _EXPRESSION.findall(RULES.read_text(encoding="utf-8"))
    return [" ".join((block or line).split()) for block, line in found]


def alert_names() -> list[str]:
    return re.findall(r"(?m)^ +- alert: (\w+)$", RULES.read_text(encoding="utf-8"))


def panels() -> list[dict[str, Any]]:
    """The panels of the dashboard, without the headings of its rows."""
    dashboard = json.loads(DASHBOARD.read_text(encoding="utf-8"))
    return [panel for panel in dashboard["panels"] if panel["type"] != "row"]


def panel_expressions() -> list[str]:
    """The expressions of the dashboard, with a value for the interval that Grafana inserts."""
    expressions = [target["expr"] for panel in panels() for target in panel["targets"]]
    return [expression.replace("$__rate_interval", "1m") for expression in expressions]


def selectors(expression: str) -> list[str]:
    """The series that an expression selects."""
    return _SELECTOR.findall(expression)
