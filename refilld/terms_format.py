"""Terms as the configuration writes them."""

from datetime import timedelta

from monitor.model.duration import format_duration
from monitor.model.terms import Terms
from refilld.settings import TermsSection

FIELDS = tuple(TermsSection.model_fields)


def terms_fields(terms: Terms) -> dict[str, object]:
    """Every value of a set by its key, without the set's name."""
    return {field: _value(getattr(terms, field)) for field in FIELDS}


def _value(value: object) -> object:
    if value is None:
        return "lifetime"
    return format_duration(value) if isinstance(value, timedelta) else value
