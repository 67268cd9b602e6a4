"""Reading the configuration: one TOML file, any key also as environment variable; unknown keys are errors."""

import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from monitor.errors import RefilldError
from refilld.settings import Section, ServiceSection, Settings, SourceSection, TermsSection

PREFIX = "REFILLD_"
PLACES = ("refilld.toml", "/etc/refilld/config.toml")
SECRET = {"database", "alerts"}
"""Sections whose values are never shown, not even when they are wrong."""


class ConfigError(RefilldError):
    """The configuration cannot be used; the message is one line with the file, the line and the key."""


@dataclass(frozen=True, slots=True)
class _File:
    """The text of the configuration file, kept to find the line of a key."""

    path: Path
    text: str = ""

    def line_of(self, key: tuple[str, ...]) -> int | None:
        """Line of a key, or of the nearest section above it; None when the file does not have it."""
        best: tuple[int, int] | None = None
        section: tuple[str, ...] = ()
        for number, line in enumerate(self.text.splitlines(), start=1):
            bare = line.split("#")[0].strip()
            if bare.startswith("["):
                section = _dotted(bare.strip("[] "))
                found = section
            elif "=" in bare:
                found = section + _dotted(bare.partition("=")[0].strip())
            else:
                continue
            if found == key[: len(found)] and (best is None or len(found) > best[1]):
                best = (number, len(found))
        return best[0] if best else None


def _dotted(text: str) -> tuple[str, ...]:
    return tuple(part.strip().strip("\"'") for part in text.split("."))


def load(path: Path | None, environ: Mapping[str, str] = os.environ) -> Settings:
    """Read the configuration; ConfigError says in one line what is wrong and where.

    Without `path` it is `$REFILLD_CONFIG`, else ./refilld.toml, else /etc/refilld/config.toml, else
    the defaults. Variables `REFILLD_SECTION__KEY` beat the file, credentials given by systemd beat both.
    """
    file = _read(path, environ)
    raw = _parse(file)
    _overlay(raw, environ)
    _credentials(raw, environ)
    try:
        return Settings.model_validate(raw)
    except ValidationError as error:
        raise ConfigError(_explain(error.errors()[0], file)) from None


def _read(path: Path | None, environ: Mapping[str, str]) -> _File:
    named = path or (Path(environ["REFILLD_CONFIG"]) if environ.get("REFILLD_CONFIG") else None)
    for place in [named] if named else map(Path, PLACES):
        try:
            return _File(place, place.read_text(encoding="utf-8"))
        except FileNotFoundError:
            continue
        except (OSError, UnicodeDecodeError) as error:
            raise ConfigError(f"{place}: cannot be read: {error}") from None
    if named:
        raise ConfigError(f"{named}: there is no such file; refilld init --config {named} writes one")
    return _File(Path("(defaults)"))


def _parse(file: _File) -> dict[str, Any]:
    try:
        return tomllib.loads(file.text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{file.path}: {error}") from None


def _overlay(raw: dict[str, Any], environ: Mapping[str, str]) -> None:
    """Put `REFILLD_SECTION__KEY` variables over the file's values."""
    for variable, text in environ.items():
        if not variable.startswith(PREFIX) or "__" not in variable:
            continue
        *sections, key = variable.removeprefix(PREFIX).lower().split("__")
        place = raw
        for section in sections:
            place = place.setdefault(section, {})
            if not isinstance(place, dict):
                raise ConfigError(f"${variable}: {section} is not a section")
        place[key] = _value(text)


def _value(text: str) -> object:
    """A value as TOML writes it, or else the text itself."""
    try:
        return tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        return text


def _credentials(raw: dict[str, Any], environ: Mapping[str, str]) -> None:
    """Take `database-url` and `alert-urls` (one a line) from systemd's credentials, where they are given."""
    folder = environ.get("CREDENTIALS_DIRECTORY")
    if not folder:
        return
    database, alerts = Path(folder) / "database-url", Path(folder) / "alert-urls"
    if database.is_file():
        raw.setdefault("database", {})["url"] = database.read_text(encoding="utf-8").strip()
    if alerts.is_file():
        raw.setdefault("alerts", {})["urls"] = alerts.read_text(encoding="utf-8").split()


def _explain(error: ErrorDetails, file: _File) -> str:
    """One line for one error: file, line, key, what is wrong, what would be right."""
    key = tuple(str(part) for part in error["loc"])
    line = file.line_of(key)
    where = f"{file.path}:{line}" if line else f"{file.path}"
    dotted = f"{'.'.join(key)}: " if key else ""
    if error["type"] == "extra_forbidden":
        return f"{where}: unknown key {'.'.join(key)}{_suggestion(key)}"
    problem = error["msg"].removeprefix("Value error, ")
    hidden = error["type"] == "value_error" or key[0] in SECRET
    shown = "" if hidden else f" (not {error['input']!r})"
    return f"{where}: {dotted}{problem}{shown}"


def _suggestion(key: tuple[str, ...]) -> str:
    """The known key that the unknown one may have been meant to be."""
    model: Any = Settings
    if len(key) > 1:
        model = _NAMED.get(key[0]) or Settings.model_fields[key[0]].annotation
    close = get_close_matches(key[-1], model.model_fields, n=1)
    return f"; did you mean {close[0]}?" if close else f"; known here: {', '.join(model.model_fields)}"


_NAMED: dict[str, type[Section]] = {
    "sources": SourceSection,
    "terms": TermsSection,
    "services": ServiceSection,
}
"""Sections whose tables have names of the operator's own."""
