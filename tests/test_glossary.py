"""The glossary has every word of the tables, and every state and reason is documented."""

import re
from enum import StrEnum
from itertools import chain
from pathlib import Path

import pytest
from sqlalchemy import Table

from monitor.alerts.reasons import AlertReason
from monitor.alerts.silences import SilenceState
from monitor.events.kind import EventKind
from monitor.guarantee.refund_review import ReviewCause
from monitor.model.decision import Action, Reason
from monitor.model.drop import DropState
from monitor.model.link import LinkKind
from monitor.model.order import Flag, OrderStatus
from monitor.model.refill import RefillState
from monitor.model.snapshot import Outcome
from monitor.model.target import Metric
from monitor.model.target_problem import TargetProblem
from monitor.model.terms import BelowStart, RefillMode, TermsOrigin
from monitor.sources.budget import Purpose
from refilld.translations.event_labels import ALERT_REASONS
from storage.schema import metadata

DOCS = Path(__file__).parent.parent / "docs"
GLOSSARY = (DOCS / "glossary.md").read_text(encoding="utf-8")
GROUPS = {
    heading: body.strip().splitlines()
    for heading, body in re.findall(r"(?ms)^## (.+?)\n(.*?)(?=^## |\Z)", GLOSSARY)
}
LINES = [*chain.from_iterable(GROUPS.values())]
TABLES = metadata.sorted_tables
VOCABULARIES: list[type[StrEnum]] = [
    *(
        AlertReason,
        SilenceState,
        EventKind,
        ReviewCause,
        Action,
        Reason,
        DropState,
        LinkKind,
        Flag,
        OrderStatus,
        RefillState,
    ),
    *(Outcome, Metric, TargetProblem, BelowStart, RefillMode, TermsOrigin, Purpose),
]
_LINE = re.compile(r"\* \*\*([^*]+)\*\*(?: \((?:`\w+`(?:, )?)+\))?: [A-Z0-9`].*\.")


def terms(lines: list[str]) -> list[str]:
    return [match[1] for match in map(_LINE.fullmatch, lines) if match]


def in_code(text: str) -> set[str]:
    """Every word in code format."""
    return set(re.findall(r"`([^`\n]+)`", text))


@pytest.mark.parametrize("line", LINES)
def test_a_term_has_one_line_of_one_sentence(line: str) -> None:
    assert _LINE.fullmatch(line)
    assert re.search(r"[.!?] ", re.sub(r"\[[^\]]*\]\([^)]*\)", "", line)) is None


@pytest.mark.parametrize("group", GROUPS)
def test_the_terms_of_a_group_are_sorted(group: str) -> None:
    found = terms(GROUPS[group])
    assert found == sorted(found, key=str.casefold)


def test_a_term_is_defined_once() -> None:
    found = [term.casefold() for term in terms(LINES)]
    assert sorted(found) == sorted(set(found))


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.name)
def test_the_glossary_has_every_table_and_column(table: Table) -> None:
    columns = {table.name, *(column.name for column in table.columns)}
    assert columns - in_code(GLOSSARY) == set()


@pytest.mark.parametrize("reason", AlertReason)
def test_every_reason_of_an_alert_is_explained_as_the_program_does(reason: AlertReason) -> None:
    assert f"| `{reason}` | {ALERT_REASONS[reason].text} |" in (DOCS / "alerts.md").read_text(
        encoding="utf-8"
    )


def test_a_column_name_belongs_to_one_term() -> None:
    names = re.findall(r"`(\w+)`", " ".join(re.findall(r"(?m)^\* \*\*[^*]+\*\* \(([^)]*)\)", GLOSSARY)))
    assert sorted(names) == sorted(set(names))


@pytest.mark.parametrize("vocabulary", VOCABULARIES, ids=lambda vocabulary: vocabulary.__name__)
def test_every_value_is_documented(vocabulary: type[StrEnum]) -> None:
    pages = "\n".join(page.read_text(encoding="utf-8") for page in DOCS.glob("*.md"))
    assert {str(value) for value in vocabulary} - in_code(re.sub(r"(?ms)^```.*?^```", "", pages)) == set()
