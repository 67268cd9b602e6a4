"""Renders the text of an event: one line, which says what has happened and what to do."""

from collections.abc import Callable
from dataclasses import asdict, dataclass
from functools import cache
from typing import Any

from jinja2 import Environment, PackageLoader
from jinja2.sandbox import ImmutableSandboxedEnvironment

from monitor.events.event import Earlier
from monitor.model.target import Metric
from refilld.texts.environment import environment
from refilld.texts.payloads import PayloadError, payload_of, values_of
from refilld.translations.catalogue import SOURCE, translation_of
from storage.events import EventRow


@dataclass(frozen=True, slots=True)
class Renderer:
    """Renders texts in one language."""

    templates: ImmutableSandboxedEnvironment

    def text(self, row: EventRow) -> str:
        """The text of a stored event, in one line."""
        try:
            payload = payload_of(row)
        except PayloadError:
            return f"{row.kind}: {row.dedup_key}"
        if isinstance(payload, Earlier):
            return payload.text
        template = self.templates.get_template(f"{row.kind}.txt")
        return template.render(context_of(row) | values_of(payload)).strip()


def template_values(row: EventRow) -> dict[str, Any] | None:
    """What a template knows of an event; None if its payload has no fields of its kind."""
    try:
        payload = payload_of(row)
    except PayloadError:
        return None
    return None if isinstance(payload, Earlier) else context_of(row) | values_of(payload)


def context_of(row: EventRow) -> dict[str, Any]:
    """What a template knows beside the fields of the payload."""
    metric = row.subject.metric
    return asdict(row.subject) | {
        "metric": None if metric is None else Metric(metric),
        "kind": row.kind,
        "severity": row.severity,
        "status": row.status,
        "at": row.at,
    }


class _TranslatedTemplates(PackageLoader):
    """The templates of the package, each translated as a whole."""

    def __init__(self, language: str) -> None:
        super().__init__("refilld.texts", "templates/en")
        self._translation = translation_of(language)

    def get_source(
        self, environment: Environment, template: str
    ) -> tuple[str, str, Callable[[], bool] | None]:
        source, path, up_to_date = super().get_source(environment, template)
        return self._translation.gettext(source.strip()), path, up_to_date


@cache
def default_renderer(language: str = SOURCE) -> Renderer:
    """The renderer with the templates of the package, in a language."""
    return Renderer(environment(_TranslatedTemplates(language), language))
