"""The cookies of a login at instagram.com, and the session file that contains them.

The file is a JSON object of cookie names and values. The library's own session files are pickles, which can
execute code when they are loaded.
"""

import json
import os
import re
import stat
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from monitor.errors import BadInputError

_VALUE = (
    r"[!#-+\--:<-\[\]-~]{1,1024}"  # RFC 6265, section 4.1.1: no space, quote, comma, semicolon, backslash
)
NEEDED = {"sessionid": _VALUE, "csrftoken": r"[A-Za-z0-9_-]{1,128}", "ds_user_id": r"[1-9][0-9]{0,19}"}
USEFUL = {"mid": _VALUE, "ig_did": _VALUE, "datr": _VALUE}
"""Optional cookies of a browser, by which Instagram recognizes the device."""
LARGEST_FILE = 64 * 1024
OPTION = "session_file"
_OTHERS = stat.S_IRWXO
"""Without the group's permissions, which systemd sets on its credentials."""


@dataclass(frozen=True, slots=True, repr=False)
class Cookies:
    """The cookies of one login; their repr contains no values."""

    values: Mapping[str, str]

    @property
    def user_id(self) -> str:
        """Numeric id of the account."""
        return self.values["ds_user_id"]

    def redact(self, text: str) -> str:
        """Replace secret values in a text."""
        for name in ("sessionid", "csrftoken"):
            for secret in (self.values[name], unquote(self.values[name])):
                text = text.replace(secret, "***")
        return text


def checked(values: Mapping[str, object], field: str) -> Cookies:
    """Validate cookies; raises BadInputError for `field`, whose message contains no value."""
    if unknown := sorted(values.keys() - NEEDED.keys() - USEFUL.keys()):
        raise BadInputError(field, f"contains an unknown cookie: {_quoted(unknown[0])}")
    for name, pattern in (NEEDED | USEFUL).items():
        if name not in values and name in USEFUL:
            continue
        if name not in values:
            raise BadInputError(field, f"contains no cookie {name}")
        value = values[name]
        if not isinstance(value, str) or re.fullmatch(pattern, value) is None:
            raise BadInputError(field, f"the value of {name} is not a valid cookie value")
    return Cookies({name: str(value) for name, value in values.items()})


def parsed(text: str, field: str) -> Cookies:
    """Parse the text of a session file; raises BadInputError for `field`."""
    try:
        values = json.loads(text, object_pairs_hook=_unique)
    except (ValueError, RecursionError):  # without the cause, whose message contains the text
        raise BadInputError(field, "is not JSON: an object of cookie names and values is expected") from None
    if not isinstance(values, dict):
        raise BadInputError(field, "is not a JSON object of cookie names and values")
    return checked(values, field)


def read_file(path: Path, field: str = f"sources.instaloader.{OPTION}") -> Cookies:
    """Read a session file, which other users must not be able to access; raises BadInputError for `field`."""
    remedy = "write it with `refilld sources login instaloader`"
    try:
        # O_NONBLOCK: opening a pipe would wait for a writer.
        with os.fdopen(os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC), "rb") as file:
            mode, content = os.fstat(file.fileno()).st_mode, file.read(LARGEST_FILE + 1)
    except FileNotFoundError:
        raise BadInputError(field, f"{path} does not exist; {remedy}") from None
    except (OSError, ValueError) as error:  # ValueError: an invalid path
        why = getattr(error, "strerror", None) or str(error)
        raise BadInputError(field, f"{path} cannot be read: {why}") from None
    if not stat.S_ISREG(mode):
        raise BadInputError(field, f"{path} is not a file")
    if mode & _OTHERS:
        raise BadInputError(field, f"{path} is open to every user of this machine; run: chmod 600 {path}")
    try:
        return parsed(_decoded(content, field), field)
    except BadInputError as error:
        raise BadInputError(field, f"{path} {error.problem}; {remedy}") from None


def _decoded(content: bytes, field: str) -> str:
    if len(content) > LARGEST_FILE:
        raise BadInputError(field, f"is larger than {LARGEST_FILE} bytes")
    try:
        return content.decode()
    except UnicodeDecodeError:
        raise BadInputError(field, "is not text") from None


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    values = dict(pairs)
    if len(values) != len(pairs):
        raise ValueError("duplicate name")
    return values


def _quoted(name: str) -> str:
    return repr(name[:40])
