"""Labels of states, reasons and kinds."""

from enum import StrEnum

import pytest

from monitor.model.refill import RefillState
from monitor.model.target import Metric
from refilld.translations.catalogue import translation_of
from refilld.translations.labels import LABELS, label_of


@pytest.mark.parametrize("vocabulary", LABELS, ids=lambda one: one.__name__)
def test_every_value_has_a_label(vocabulary: type[StrEnum]) -> None:
    assert LABELS[vocabulary].keys() == set(vocabulary)


@pytest.mark.parametrize(
    ("value", "language", "label"),
    [
        (RefillState.DEAD, "en", "given up"),
        (RefillState.CLAIMED, "de", "übernommen"),
        (Metric.VIEWS, "ru", "просмотры"),
    ],
)
def test_a_label_is_in_the_language(value: StrEnum, language: str, label: str) -> None:
    assert label_of(value, translation_of(language)) == label
