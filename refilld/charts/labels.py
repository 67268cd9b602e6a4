"""Labels beside the ends of lines, moved apart so that they can be read."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from markupsafe import Markup

from refilld.charts.markup import element

SPACING = 15
"""Pixels between two labels."""


@dataclass(frozen=True, slots=True)
class LineLabel:
    """The label of a line that ends at `y` pixels from the top."""

    y: int
    text: str
    class_: str


def apart(labels: Iterable[LineLabel], top: int, bottom: int) -> list[tuple[int, LineLabel]]:
    """The labels with the places of their texts, each close to its line and none over another."""
    ordered = sorted(labels, key=lambda label: label.y)
    places: list[int] = []
    for label in ordered:
        places.append(max(label.y - 4, places[-1] + SPACING if places else top))
    limit = bottom
    for number in reversed(range(len(places))):
        places[number] = min(places[number], limit)
        limit = places[number] - SPACING
    return list(zip(places, ordered, strict=True))


def label_texts(labels: Sequence[LineLabel], top: int, bottom: int) -> list[Markup]:
    """The texts at the right edge."""
    return [
        element("text", label.text, class_=f"label {label.class_}", x="100%", y=y)
        for y, label in apart(labels, top, bottom)
    ]
