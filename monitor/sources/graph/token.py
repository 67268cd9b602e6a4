"""The access token of the Graph source, read from its file for each look and not stored.

A new token is used as soon as the file changes, and no repr, log or traceback contains it.
"""

import os
import re
import stat
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from monitor.errors import BadInputError

CREDENTIAL = "graph-token"
"""Name of the systemd credential, which takes precedence over the configured file."""
OPTION = "sources.graph.token_file"
_MAX_LENGTH = 4096
_TOKEN = re.compile(rb"[\x21-\x7e]{1,%d}" % _MAX_LENGTH)
"""Printable ASCII without spaces, as the token is sent in a header."""
_LONG_WORD = re.compile(r"[^\s'\"]{40,}")
_OTHERS = stat.S_IRWXO


@dataclass(frozen=True, slots=True)
class TokenFile:
    """The file with the token; error messages never contain its content."""

    path: Path
    option: str = OPTION

    def read(self) -> str:
        """Return the token without surrounding whitespace; raises BadInputError if it cannot be read."""
        content = self._content().strip()
        if not _TOKEN.fullmatch(content):
            raise BadInputError(
                self.option,
                f"{self.path} does not contain an access token: "
                f"one line of up to {_MAX_LENGTH} characters, no spaces",
            )
        return content.decode("ascii")

    def _content(self) -> bytes:
        try:
            # O_NONBLOCK: opening a pipe would wait for a writer.
            with os.fdopen(os.open(self.path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC), "rb") as file:
                self._check(os.fstat(file.fileno()).st_mode)
                return file.read(_MAX_LENGTH + 64)
        except (OSError, ValueError) as error:  # ValueError: an invalid path
            why = getattr(error, "strerror", None) or str(error)
            raise BadInputError(self.option, f"{self.path} cannot be read: {why}") from None

    def _check(self, mode: int) -> None:
        if not stat.S_ISREG(mode):
            raise BadInputError(self.option, f"{self.path} is not a file")
        if mode & _OTHERS:
            raise BadInputError(
                self.option, f"{self.path} is open to every user of this machine; run: chmod 600 {self.path}"
            )


def redacted(text: str, token: str) -> str:
    """Remove the token and all long words from foreign text: Graph repeats malformed tokens."""
    return _LONG_WORD.sub("…", text.replace(token, "…"))


def token_file(path: str, environ: Mapping[str, str]) -> TokenFile:
    """Return the token file: the systemd credential, else the configured one; else raises BadInputError."""
    if folder := environ.get("CREDENTIALS_DIRECTORY"):
        credential = Path(folder, CREDENTIAL)
        if credential.exists():
            return TokenFile(credential, f"credential {CREDENTIAL}")
    if path:
        return TokenFile(Path(path))
    raise BadInputError(
        OPTION, f"is empty; name the file with the access token, or provide the credential {CREDENTIAL}"
    )
