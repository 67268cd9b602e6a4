"""`refilld sources login`: stores the cookies of a login that was made in a browser.

There is no login with a password: Instagram bans accounts that log in from programs, and a password
gives access to more than the counts.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from monitor.errors import BadInputError
from monitor.sources.instaloader.cookies import LARGEST_FILE, NEEDED, USEFUL, Cookies, checked
from refilld.atomic_file import atomic_file
from refilld.cli.context import CommandContext, pass_context

NAME = "instaloader"
FIELD = "cookies"
LARGEST_EXPORT = 16 * LARGEST_FILE
_HTTP_ONLY = "#HttpOnly_"
_COLUMNS = 7
"""Fields of a line of cookies.txt: domain, subdomains, path, secure, expiry, name, value."""


@click.command()
@click.argument("name", type=click.Choice([NAME]))
@click.option(
    "--cookies",
    "file",
    type=click.File("rb"),
    default="-",
    help="The exported cookies, JSON or cookies.txt; the default is standard input.",
)
@pass_context
def login(context: CommandContext, name: str, file: Any) -> None:
    """Store the cookies that a browser exported after a login at instagram.com, to read views."""
    section = context.settings.sources.get(name)
    if section is None or not section.session_file:
        raise click.ClickException(f"set session_file under [sources.{name}] first: the cookies go there")
    cookies = exported(file.read(LARGEST_EXPORT + 1))
    path = Path(section.session_file).expanduser()
    with atomic_file(path) as session:
        json.dump(dict(cookies.values), session)
    click.echo(
        f"{path} holds the login; see with `refilld sources probe {name} --post CODE` whether it works"
    )


def exported(content: bytes) -> Cookies:
    """Parse exported cookies, JSON or cookies.txt; BadInputError, which never quotes a value."""
    if len(content) > LARGEST_EXPORT:
        raise BadInputError(FIELD, f"more than {LARGEST_EXPORT} bytes are no export of one site's cookies")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise BadInputError(FIELD, "this is not text") from None
    found = _from_json(text) if text.lstrip()[:1] in {"{", "["} else _from_lines(text)
    return checked({name: value for name, value in found.items() if name in NEEDED | USEFUL}, FIELD)


def _from_json(text: str) -> Mapping[str, object]:
    """Parse an object of names and values, or the list of objects that browser extensions export."""
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):  # the parser's message would quote the text
        raise BadInputError(FIELD, "this is not JSON, though it begins like it") from None
    if isinstance(found, dict):
        return found
    if not all(isinstance(one, dict) for one in found):
        raise BadInputError(FIELD, "a list of cookies must hold objects with a name and a value")
    return {
        str(one.get("name")): one.get("value") for one in found if _is_instagram(str(one.get("domain", "")))
    }


def _from_lines(text: str) -> Mapping[str, object]:
    """Parse Netscape's cookies.txt: one cookie per line, fields separated by tabs."""
    lines = (line.removeprefix(_HTTP_ONLY).split("\t") for line in text.splitlines())
    rows = [line for line in lines if len(line) == _COLUMNS]
    if not rows:
        raise BadInputError(FIELD, "this is neither JSON nor a cookies.txt")
    return {row[5]: row[6] for row in rows if _is_instagram(row[0])}


def _is_instagram(domain: str) -> bool:
    """Whether the domain of a cookie is Instagram's; a cookie without a domain counts."""
    host = domain.lstrip(".").lower()
    return not host or host == "instagram.com" or host.endswith(".instagram.com")
