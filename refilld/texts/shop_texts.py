"""The texts of the shop: its own templates for kinds of events, where they can be used."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import product
from pathlib import Path

import structlog

from monitor.events.kind import EventKind
from refilld.texts.examples import example_row
from refilld.texts.renderer import Renderer, default_renderer, template_values
from refilld.texts.shop_template import ShopTemplate, TemplateFaultError, read_template
from refilld.translations.catalogue import SOURCE
from storage.events import EventRow

log = structlog.get_logger()
BODY, SUBJECT = ".txt", ".subject.txt"
LONGEST_SUBJECT = 50
"""A longer subject is cut, since a title has more beside it."""


@dataclass(frozen=True, slots=True)
class ShopTexts:
    """Renders texts with the templates of the shop, and with the built-in ones where that fails."""

    templates: Mapping[tuple[EventKind, str], ShopTemplate]
    faults: tuple[str, ...] = ()
    """What is wrong with the templates that are not used."""
    default: Renderer = field(default_factory=default_renderer)

    def text(self, row: EventRow) -> str:
        """The text of a stored event, in one line."""
        return self._own(row, BODY) or self.default.text(row)

    def subject(self, row: EventRow) -> str:
        """The subject of the shop; empty without one."""
        subject = self._own(row, SUBJECT)
        return subject if len(subject) <= LONGEST_SUBJECT else f"{subject[: LONGEST_SUBJECT - 1]}…"

    def _own(self, row: EventRow, part: str) -> str:
        template = self.templates.get((row.kind, part))
        if template is None or (values := template_values(row)) is None:
            return ""
        try:
            return template.render(values)
        except TemplateFaultError as fault:
            log.warning(
                "alert_template.failed", fault=str(fault), advice="refilld doctor", once_a_minute=True
            )
            return ""


def load_shop_texts(folder: Path | None, language: str) -> ShopTexts:
    """Read the templates of a folder, and try each with the example of its kind."""
    default = default_renderer(language)
    if folder is None:
        return ShopTexts({}, default=default)
    templates: dict[tuple[EventKind, str], ShopTemplate] = {}
    faults = _misplaced(folder)
    for kind, part in product(EventKind, (BODY, SUBJECT)):
        path = template_path(folder, language, kind, part)
        if path is not None:
            try:
                templates[kind, part] = tried(path, kind, path.parent.name)
            except TemplateFaultError as fault:
                faults.append(str(fault))
    return ShopTexts(templates, tuple(faults), default)


def tried(path: Path, kind: EventKind, language: str) -> ShopTemplate:
    """Read a template in a language that can render the example of its kind; raises TemplateFaultError."""
    template = read_template(path, language)
    template.render(template_values(example_row(kind)) or {})
    return template


def template_path(folder: Path, language: str, kind: EventKind, part: str) -> Path | None:
    """The shop's file for a kind in the language, else in English; None without one."""
    paths = (folder / one / f"{kind}{part}" for one in dict.fromkeys((language, SOURCE)))
    return next((path for path in paths if path.exists()), None)


def _misplaced(folder: Path) -> list[str]:
    """What is wrong with the folder, and files that are named after no kind."""
    if not folder.is_dir():
        return [f"{folder}: there is no such directory"]
    try:
        found = sorted(folder.glob("*/*.txt"))
    except OSError as error:
        return [f"{folder}: {error.strerror}"]
    known = {f"{kind}{part}" for kind in EventKind for part in (BODY, SUBJECT)}
    return [f"{path}: there is no such kind of event" for path in found if path.name not in known]
