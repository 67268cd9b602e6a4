"""Formats terms as the configuration writes them."""

from datetime import timedelta

from monitor.model.duration import format_duration
from monitor.model.terms import Terms
from refilld.settings.terms import TermsSection

FIELDS = tuple(TermsSection.model_fields)


def terms_fields(terms: Terms) -> dict[str, object]:
    """The values of a set of terms by configuration key, without the name of the set."""
    return {field: _value(getattr(terms, field)) for field in FIELDS}


def _value(value: object) -> object:
    if value is None:
        return "lifetime"
    return format_duration(value) if isinstance(value, timedelta) else value
