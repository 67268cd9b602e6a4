"""Renders the text of an event: one line, which says what has happened and what to do."""

from dataclasses import asdict, dataclass
from functools import cache
from typing import Any

from jinja2 import PackageLoader
from jinja2.sandbox import ImmutableSandboxedEnvironment

from monitor.events.event import Earlier
from refilld.texts.environment import environment
from refilld.texts.payloads import PayloadError, payload_of, values_of
from storage.events import EventRow


@dataclass(frozen=True, slots=True)
class Renderer:
    """Renders texts with the templates of one language."""

    templates: ImmutableSandboxedEnvironment
    language: str = "en"

    def text(self, row: EventRow) -> str:
        """The text of a stored event, in one line."""
        try:
            payload = payload_of(row)
        except PayloadError:
            return f"{row.kind}: {row.dedup_key}"
        if isinstance(payload, Earlier):
            return payload.text
        template = self.templates.get_template(f"{self.language}/{row.kind}.txt")
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
    return asdict(row.subject) | {
        "kind": row.kind,
        "severity": row.severity,
        "status": row.status,
        "at": row.at,
    }


@cache
def default_renderer() -> Renderer:
    """The renderer with the templates of the package."""
    return Renderer(environment(PackageLoader("refilld.texts")))
