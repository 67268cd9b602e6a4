"""Examples: every kind has one, which the built-in text can show."""

import pytest

from monitor.events.catalogue import CATALOGUE
from monitor.events.examples import example_of
from monitor.events.kind import EventKind
from refilld.texts.examples import example_row
from refilld.texts.payloads import payload_of
from refilld.texts.renderer import default_renderer


@pytest.mark.parametrize("kind", EventKind)
def test_every_kind_has_an_example_of_its_payload(kind: EventKind) -> None:
    """It survives being stored, and its text is not the emergency text."""
    assert type(example_of(kind).payload) is CATALOGUE[kind].payload
    assert payload_of(example_row(kind)) == example_of(kind).payload
    assert not default_renderer().text(example_row(kind)).startswith(f"{kind}: ")
