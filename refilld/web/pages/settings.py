"""*Settings*: terms, services, and the configuration with the origin of each key; nothing is changed here."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta

from pydantic import BaseModel

from monitor.model.duration import format_duration
from monitor.model.terms import Terms
from refilld.settings.sources import SourceSection
from refilld.terms_format import FIELDS, terms_fields
from refilld.translations.source_text import translatable
from refilld.web.list_fields import ListColumn
from refilld.web.page import DeskPage, NavGroup, PageContext
from refilld.web.reader import gettext

DEFAULT = "default"
HIDDEN = translatable("set, not shown")
_SECRETS = ("urls", "ping_url", "options")
"""Keys whose values may hold secrets."""
_TERMS = (
    ListColumn("terms", "Terms"),
    *(ListColumn(name, name.replace("_", " ").capitalize()) for name in FIELDS),
)
_SERVICES = (
    ListColumn("service", "Service"),
    ListColumn("name", "Name"),
    ListColumn("metric", "Metric"),
    ListColumn("terms", "Terms"),
    ListColumn("sources", "Sources"),
)
_KEYS = (ListColumn("key", "Key"), ListColumn("value", "Value"), ListColumn("origin", "From"))


@dataclass(frozen=True, slots=True)
class ConfiguredKey:
    """One key of the configuration."""

    name: str
    value: str
    origin: str


def show(context: PageContext) -> str:
    """The page."""
    settings = context.settings
    return context.render(
        "settings.html",
        terms_columns=_TERMS,
        terms=[_terms_row(name, terms) for name, terms in settings.all_terms.items()],
        service_columns=_SERVICES,
        services=list(settings.services.items()),
        key_columns=_KEYS,
        sections=_sections(context),
    )


def _terms_row(name: str, terms: Terms) -> list[object]:
    return [name, *(_text(key, value) for key, value in terms_fields(terms).items())]


def _sections(context: PageContext) -> dict[str, list[ConfiguredKey]]:
    """The keys of each section but terms and services, which have their own tables."""
    found: dict[str, list[ConfiguredKey]] = {}
    for path, value in _leaves(context.settings):
        if path[0] not in {"terms", "services"}:
            origin = _origin(context.desk.origins, path)
            shown = context.database.url if path == ("database", "url") else _text(path[-1], value)
            found.setdefault(path[0], []).append(ConfiguredKey(".".join(path[1:]), shown, origin))
    return found


def _origin(origins: Mapping[tuple[str, ...], str], key: tuple[str, ...]) -> str:
    """Where a key comes from, or the first of the keys in its table."""
    return next((origin for given, origin in origins.items() if given[: len(key)] == key), DEFAULT)


def _leaves(model: BaseModel, above: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], object]]:
    for name in type(model).model_fields:
        yield from _inner((*above, name), getattr(model, name))


def _inner(path: tuple[str, ...], value: object) -> Iterator[tuple[tuple[str, ...], object]]:
    if isinstance(value, BaseModel):
        yield from _leaves(value, path)
    elif path[-1] == "options" and isinstance(value, dict):
        yield path, [name for name in value if name not in SourceSection.model_fields]  # others are copies
    elif isinstance(value, dict) and any(isinstance(one, BaseModel) for one in value.values()):
        for name, one in value.items():
            yield from _inner((*path, str(name)), one)
    else:
        yield path, value


def _text(key: str, value: object) -> str:
    """A value as the configuration writes it; never a secret."""
    if key in _SECRETS:
        return gettext(HIDDEN) if value else gettext("not set")
    if isinstance(value, timedelta):
        return format_duration(value)
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list | tuple):
        return ", ".join(str(one) for one in value) or gettext("none")
    if isinstance(value, dict):
        return ", ".join(f"{name}: {one}" for name, one in value.items()) or gettext("none")
    return gettext("not set") if value in {None, ""} else str(value)


PAGE = DeskPage("settings", "/settings", "Settings", show, group=NavGroup.SYSTEM, letter="c")
