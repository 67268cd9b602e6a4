"""The cookies of a login at instagram.com: which are needed, and what a file of them must look like.

A file is JSON, one object of cookie names and values. The library's own session files are pickles, and a
pickle is a program: whoever may write the file would command whoever reads it.
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
    r"[!#-+\--:<-\[\]-~]{1,1024}"  # RFC 6265, section 4.1.1: no blank, quote, comma, semicolon, backslash
)
NEEDED = {"sessionid": _VALUE, "csrftoken": r"[A-Za-z0-9_-]{1,128}", "ds_user_id": r"[1-9][0-9]{0,19}"}
USEFUL = {"mid": _VALUE, "ig_did": _VALUE, "datr": _VALUE}
"""What a browser sends besides, so that the login is not taken for a new device."""
LARGEST_FILE = 64 * 1024
OPTION = "session_file"
_WORLD = stat.S_IRWXO
"""Not the group: systemd shows its credentials as if they were the group's."""


@dataclass(frozen=True, slots=True, repr=False)
class Cookies:
    """The cookies of one login; they never show themselves."""

    values: Mapping[str, str]

    @property
    def user_id(self) -> str:
        """Numeric id of the account that is logged in."""
        return self.values["ds_user_id"]

    def hidden_in(self, text: str) -> str:
        """Return the text without the secret ones among the values."""
        for name in ("sessionid", "csrftoken"):
            for secret in (self.values[name], unquote(self.values[name])):
                text = text.replace(secret, "***")
        return text


def checked(values: Mapping[str, object], field: str) -> Cookies:
    """Take these cookies and no others; raises BadInputError for `field`, which names no value."""
    if unknown := sorted(values.keys() - NEEDED.keys() - USEFUL.keys()):
        raise BadInputError(field, f"holds more than the cookies of a login: {_shown(unknown[0])}")
    for name, pattern in (NEEDED | USEFUL).items():
        if name not in values and name in USEFUL:
            continue
        if name not in values:
            raise BadInputError(field, f"holds no cookie {name}")
        value = values[name]
        if not isinstance(value, str) or re.fullmatch(pattern, value) is None:
            raise BadInputError(field, f"the value of {name} is not one that a browser could send")
    return Cookies({name: str(value) for name, value in values.items()})


def parsed(text: str, field: str) -> Cookies:
    """Read the text of a session file; raises BadInputError for `field`."""
    try:
        values = json.loads(text, object_pairs_hook=_once)
    except (ValueError, RecursionError):  # its own message would quote the text
        raise BadInputError(field, "is not JSON: one object of cookie names and values") from None
    if not isinstance(values, dict):
        raise BadInputError(field, "is not a JSON object of cookie names and values")
    return checked(values, field)


def read_file(path: Path, field: str = f"sources.instaloader.{OPTION}") -> Cookies:
    """Read a session file, which must be nobody else's business; raises BadInputError for `field`."""
    remedy = "write it with `refilld sources login instaloader`"
    try:
        # Not blocking, for a pipe would wait for somebody to write.
        with os.fdopen(os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC), "rb") as file:
            mode, content = os.fstat(file.fileno()).st_mode, file.read(LARGEST_FILE + 1)
    except FileNotFoundError:
        raise BadInputError(field, f"{path} does not exist; {remedy}") from None
    except (OSError, ValueError) as error:  # the latter is a path that no file can have
        why = getattr(error, "strerror", None) or str(error)
        raise BadInputError(field, f"{path} cannot be read: {why}") from None
    if not stat.S_ISREG(mode):
        raise BadInputError(field, f"{path} is not a file")
    if mode & _WORLD:
        raise BadInputError(field, f"{path} is open to every user of this machine; run: chmod 600 {path}")
    try:
        return parsed(_text(content, field), field)
    except BadInputError as error:
        raise BadInputError(field, f"{path} {error.problem}; {remedy}") from None


def _text(content: bytes, field: str) -> str:
    if len(content) > LARGEST_FILE:
        raise BadInputError(field, f"is larger than {LARGEST_FILE} bytes")
    try:
        return content.decode()
    except UnicodeDecodeError:
        raise BadInputError(field, "is not text") from None


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    values = dict(pairs)
    if len(values) != len(pairs):
        raise ValueError("a name twice")
    return values


def _shown(name: str) -> str:
    return repr(name[:40])
