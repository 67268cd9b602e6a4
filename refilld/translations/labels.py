"""The label of a state, reason, flag, metric, outcome, severity or kind, for people."""

from enum import StrEnum
from gettext import NullTranslations

from refilld.translations.desk_labels import DESK_LABELS
from refilld.translations.event_labels import EVENT_LABELS
from refilld.translations.guarantee_labels import GUARANTEE_LABELS

LABELS = {**GUARANTEE_LABELS, **EVENT_LABELS, **DESK_LABELS}
"""By vocabulary and value."""


def label_of(value: StrEnum, translation: NullTranslations) -> str:
    """The label of a value of one of the vocabularies."""
    return LABELS[type(value)][value].into(translation)
