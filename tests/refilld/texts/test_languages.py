"""Texts of events in every language: each is translated, and renders whatever the event says."""

from dataclasses import asdict, replace

import pytest

from monitor.events.kind import EventKind
from monitor.model.target_problem import TargetProblem
from refilld.texts.examples import example_row
from refilld.texts.renderer import default_renderer
from refilld.translations.catalogue import LANGUAGES, SOURCE
from storage.transfer_action import TransferAction

TRANSLATED = [language for language in LANGUAGES if language != SOURCE]
ONLY_FIELDS = {EventKind.DIGEST_DUE}
"""Kinds whose text is that of a field."""


@pytest.mark.parametrize("language", TRANSLATED)
def test_every_kind_has_its_text_in_the_language(language: str) -> None:
    rows = [example_row(kind) for kind in EventKind if kind not in ONLY_FIELDS]
    english, other = default_renderer(), default_renderer(language)
    assert [row.kind for row in rows if other.text(row) == english.text(row)] == []
    assert [row.kind for row in rows if other.text(row).startswith(f"{row.kind}: ")] == []


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize(
    ("kind", "field", "values"),
    [
        (EventKind.TARGET_READY, "problem", [*TargetProblem]),
        (EventKind.DATABASE_REPLACED, "action", [*TransferAction]),
        (EventKind.SOURCE_BLOCKED, "until", ["2026-11-29T10:30:00Z", None]),
        (EventKind.DAILY_CAP_REACHED, "name", ["acme", ""]),
        (EventKind.WEBHOOK_DISABLED, "reason", ["gone", "failing"]),
        (EventKind.DROP_HELD, "reason", ["shadow", "mass_drop"]),
    ],
)
def test_each_value_of_a_field_has_words_of_its_own(
    language: str, kind: EventKind, field: str, values: list[str | None]
) -> None:
    row = example_row(kind)
    rows = [replace(row, payload={**row.payload, field: value}) for value in values]
    texts = [default_renderer(language).text(one) for one in rows]
    assert len(set(texts)) == len(values)


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_numbers_and_names_of_a_drop_are_in_its_text(language: str) -> None:
    row = example_row(EventKind.DROP_CONFIRMED)
    text = default_renderer(language).text(row)
    assert all(str(row.payload[name]) in text for name in ("count", "line", "missing", "quantity"))
    assert all(asdict(row.subject)[name] in text for name in ("order_id", "link"))
