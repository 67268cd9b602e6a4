"""Reads the configuration: one TOML file, any key also as environment variable; unknown keys are errors."""

import os
import tomllib
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from difflib import get_close_matches
from functools import cached_property
from pathlib import Path
from typing import Any, TypeAlias

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from monitor.errors import RefilldError
from monitor.model.duration import format_duration
from refilld import config_paths
from refilld.settings.database import DatabaseSection
from refilld.settings.section import Section
from refilld.settings.settings import Settings
from refilld.settings.sources import SourceSection
from refilld.settings.terms import ServiceSection, TermsSection
from refilld.terminal import printable

PREFIX = "REFILLD_"
PLACES = ("refilld.toml", "/etc/refilld/config.toml")
CREDENTIALS = {
    "database-url": ("database", "url"),
    "alert-urls": ("alerts", "urls"),
    "alert-ping-url": ("alerts", "ping_url"),
}
SECRET = {"database", "alerts"}
"""Sections whose values are never shown, even when they are invalid."""
Origins: TypeAlias = dict[tuple[str, ...], str]
"""Keys that do not come from the file, each with its variable or credential."""


class ConfigError(RefilldError):
    """The configuration cannot be used; the message is one line with the file, the line and the key."""


@dataclass(frozen=True)
class _File:
    """The text of the configuration file, to find the line of a key."""

    path: Path
    text: str = ""

    def line_of(self, key: tuple[str, ...]) -> int | None:
        """The line of a key, or of the nearest section that contains it; None when neither is in the file."""
        nearest = (key[:length] for length in range(len(key), 0, -1))
        return next((self._lines[part] for part in nearest if part in self._lines), None)

    @cached_property
    def _lines(self) -> dict[tuple[str, ...], int]:
        """The first line of each key and section: read once, because reading a line takes a parser."""
        lines: dict[tuple[str, ...], int] = {}
        section: tuple[str, ...] = ()
        tables: Counter[tuple[str, ...]] = Counter()
        for number, line in enumerate(self.text.splitlines(), start=1):
            header = line.lstrip().startswith("[")
            path = _path_on(line if header else f"{line.partition('=')[0]}= 0")
            if header and line.lstrip().startswith("[["):
                path = (*path, str(tables[path]))
                tables[path[:-1]] += 1
            if header and path:
                section = path
            if path:
                lines.setdefault(path if header else section + path, number)
        return lines


_DEFAULTS = _File(Path("(defaults)"))
"""No file at all."""


def _path_on(line: str) -> tuple[str, ...]:
    """The key on one line of TOML; empty when there is none."""
    try:
        table: object = tomllib.loads(line)
    except (ValueError, RecursionError):
        return ()
    path = []
    while isinstance(table, dict) and table:
        ((key, table),) = table.items()
        path.append(key)
    return tuple(path)


@dataclass(frozen=True, slots=True)
class Configuration:
    """The configuration, and where it comes from."""

    settings: Settings
    origins: Origins
    """Each key that is set, with its variable, credential, or line; the others have their defaults."""
    found: bool
    """Whether there is a file."""


def load(path: Path | None, environ: Mapping[str, str] = os.environ) -> Settings:
    """Read the configuration; ConfigError says in one line what is wrong and where.

    Without `path` it is `$REFILLD_CONFIG`, else ./refilld.toml, else /etc/refilld/config.toml, else
    the defaults. Variables `REFILLD_SECTION__KEY` override the file, systemd credentials override both.
    Relative paths in the file start from its folder (`config_paths`).
    """
    return load_with_origins(path, environ).settings


def load_with_origins(path: Path | None, environ: Mapping[str, str] = os.environ) -> Configuration:
    """Read the configuration as `load` does, and tell where each key comes from."""
    file = _read(path, environ)
    raw = _parse(file)
    in_file = {key: _where(key, file, {}) for key in _keys(raw)}
    origins = _overlay(raw, environ) | _credentials(raw, environ)
    if file is not _DEFAULTS:
        _resolve_paths(raw, file, origins, environ)
    try:
        return Configuration(Settings.model_validate(raw), in_file | origins, file is not _DEFAULTS)
    except ValidationError as error:
        raise ConfigError(_explain(error.errors()[0], file, origins)) from None


def _keys(table: Mapping[str, object], above: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """The keys of a table and of the tables in it."""
    for name, value in table.items():
        if isinstance(value, dict) and value:
            yield from _keys(value, (*above, name))
        else:
            yield (*above, name)


def _resolve_paths(raw: dict[str, Any], file: _File, origins: Origins, environ: Mapping[str, str]) -> None:
    """Make relative paths of the file start from its folder; ConfigError when the database would be lost."""
    folder, default = config_paths.base_folder(file.path, environ), DatabaseSection().url
    section = raw.get("database", {})
    url = section.get("url", default) if isinstance(section, dict) else None
    config_paths.resolve(raw, folder, origins, default)
    if isinstance(url, str) and config_paths.DATABASE_URL not in origins:
        problem = config_paths.left_behind(url, folder)
        if problem:
            raise ConfigError(f"{_where(config_paths.DATABASE_URL, file, origins)}: {problem}")


def named_place(path: Path | None, environ: Mapping[str, str] = os.environ) -> Path | None:
    """The file named on the command line, else in the environment; None without either."""
    return path or (Path(environ["REFILLD_CONFIG"]) if environ.get("REFILLD_CONFIG") else None)


def _read(path: Path | None, environ: Mapping[str, str]) -> _File:
    named = named_place(path, environ)
    for place in [named] if named else map(Path, PLACES):
        try:
            return _File(place, _text(place))
        except FileNotFoundError:
            continue
    if named:
        raise ConfigError(f"{named}: there is no such file; refilld init --config {named} writes one")
    return _DEFAULTS


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        raise
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: cannot be read: {error}") from None


def _parse(file: _File) -> dict[str, Any]:
    try:
        return tomllib.loads(file.text)
    except RecursionError:
        raise ConfigError(f"{file.path}: is nested too deeply") from None
    except ValueError as error:  # invalid TOML, or a number with thousands of digits
        raise ConfigError(f"{file.path}: {error}") from None


def _overlay(raw: dict[str, Any], environ: Mapping[str, str]) -> Origins:
    """Override the file's values with `REFILLD_SECTION__KEY` variables."""
    origins: Origins = {}
    for variable, text in environ.items():
        if variable.startswith(PREFIX) and "__" in variable:
            key = variable.removeprefix(PREFIX).lower().split("__")
            origins |= _put(raw, key, _value(text), f"${variable}")
    return origins


def _value(text: str) -> object:
    """The text read as a TOML value, or else the text itself."""
    try:
        read = tomllib.loads(f"value = {text}")
    except (ValueError, RecursionError):
        return text
    return read["value"] if len(read) == 1 else text


def _credentials(raw: dict[str, Any], environ: Mapping[str, str]) -> Origins:
    """Override values with the systemd credentials; `alert-urls` has one URL per line."""
    origins: Origins = {}
    folder = environ.get("CREDENTIALS_DIRECTORY")
    for name, key in CREDENTIALS.items() if folder else ():
        path = Path(folder or "", name)
        if path.is_file():
            text = _text(path)
            origins |= _put(raw, key, text.split() if name == "alert-urls" else text.strip(), str(path))
    return origins


def _put(raw: dict[str, Any], key: Sequence[str], value: object, origin: str) -> Origins:
    """Override one value; section names are matched without regard to case."""
    table, path = raw, []
    for section in key[:-1]:
        name = section if section in table else next((k for k in table if k.lower() == section), section)
        table = table.setdefault(name, {})
        path.append(name)
        if not isinstance(table, dict):
            raise ConfigError(f"{origin}: {section} is not a section")
    table[key[-1]] = value
    return {(*path, key[-1]): origin}


def _explain(error: ErrorDetails, file: _File, origins: Origins) -> str:
    """One line for an error: file, line, key, problem, and a valid value or key."""
    key = tuple(str(part) for part in error["loc"])
    where = _where(key, file, origins)
    dotted = printable(".".join(key))
    if error["type"] == "extra_forbidden":
        return f"{where}: unknown key {dotted}{_suggestion(key)}"
    given, problem = error["input"], error["msg"].removeprefix("Value error, ")
    if key[0] in SECRET:
        return f"{where}: {dotted}: {problem.replace(repr(str(given)), 'the value')}"
    if error["type"] == "value_error":
        return f"{where}: {dotted}: {problem}"
    shown = format_duration(given) if isinstance(given, timedelta) else repr(given)
    return f"{where}: {dotted}: {problem} (not {shown})"


def _where(key: tuple[str, ...], file: _File, origins: Origins) -> str:
    """The variable or credential that a value comes from, else its file and line."""
    line = file.line_of(key)
    for given, origin in origins.items():
        if given == key[: len(given)] or (line is None and key == given[: len(key)]):
            return origin
    return f"{file.path}:{line}" if line else f"{file.path}"


def _suggestion(key: tuple[str, ...]) -> str:
    """The known key closest to an unknown one, or all known keys."""
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
"""Sections whose tables are named by the operator."""
