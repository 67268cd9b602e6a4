"""Relative paths in the configuration file: they start from the folder of the file.

Under systemd they start from the unit's StateDirectory, since the folder of the file is not writable there.
Values from the environment and from credentials are not changed: they start from the working directory.
"""

from collections.abc import Collection, Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, TypeAlias

from refilld.toml_format import toml_string
from storage.database_url import relative_file, with_file

Key: TypeAlias = tuple[str, ...]
DATABASE_URL: Key = ("database", "url")
BELOW = (("alerts", "alertmanager", "token_file"), ("web", "oidc", "client_secret_file"))
"""Keys of tables below a section that name a file."""
FILES = (
    ("alerts", "templates"),
    ("answers", "texts"),
    ("sources", "token_file"),
    ("sources", "session_file"),
)
"""Sections, or tables of sections, and their keys that name a file."""


def base_folder(file: Path, environ: Mapping[str, str]) -> Path:
    """The folder from which relative paths start."""
    state = environ.get("STATE_DIRECTORY", "").partition(":")[0]
    return Path(state) if state else file.parent


def resolve(raw: dict[str, Any], folder: Path, given_elsewhere: Collection[Key], default_url: str) -> None:
    """Make the relative paths of the file start from `folder`."""
    for table, key in _tables(raw, given_elsewhere):
        path = table[key]
        if isinstance(path, str) and path and not path.startswith("~"):
            table[key] = str(folder / path)
    section = raw.setdefault("database", {})
    if isinstance(section, dict) and DATABASE_URL not in given_elsewhere:
        url = section.get("url", default_url)
        file = relative_file(url) if isinstance(url, str) else None
        if file is not None:
            section["url"] = with_file(url, folder / file)


def _tables(raw: dict[str, Any], given_elsewhere: Collection[Key]) -> Iterator[tuple[dict[str, Any], str]]:
    """Every table with a key that names a file."""
    for above, name, key in BELOW:
        section_above = raw.get(above)
        below = section_above.get(name) if isinstance(section_above, dict) else None
        if isinstance(below, dict) and key in below and (above, name, key) not in given_elsewhere:
            yield below, key
    for section, key in FILES:
        table = raw.get(section)
        named = {(section,): table} if section != "sources" else _named(table)
        for path, one in named.items():
            if isinstance(one, dict) and key in one and (*path, key) not in given_elsewhere:
                yield one, key


def _named(sources: object) -> dict[Key, object]:
    tables = sources if isinstance(sources, dict) else {}
    return {("sources", str(name)): table for name, table in tables.items()}


def left_behind(url: str, folder: Path) -> str | None:
    """What is wrong when the database lies in the working directory and not in `folder`; None if nothing is.

    Earlier versions took a relative URL as relative to the working directory. A second, empty database must
    not be created silently. A working directory with a configuration of its own has its own database.
    """
    file = relative_file(url)
    if file is None or not _only_here(file, folder):
        return None
    here = file.absolute()
    return (
        f"database.url: {file} starts from {folder.absolute()} and no longer from the working directory; "
        f"there is no such file, but there is {here}; to go on with it write under [database]: "
        f"url = {toml_string(with_file(url, here))}"
    )


def _only_here(file: Path, folder: Path) -> bool:
    with suppress(OSError):  # such as a name that is too long, which other errors report
        return file.is_file() and not ((folder / file).exists() or Path("refilld.toml").exists())
    return False
