"""The access token of the Graph source: read from its file for each look, and kept nowhere.

So a new token is used as soon as its file changes, and none shows in a repr, a log or a traceback.
"""

import os
import re
import stat
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from monitor.errors import BadInputError

CREDENTIAL = "graph-token"
"""The name of the systemd credential that beats the configured file, as credentials do."""
OPTION = "sources.graph.token_file"
_LONGEST = 4096
_TOKEN = re.compile(rb"[\x21-\x7e]{1,%d}" % _LONGEST)
"""Nothing that could end a header: the token goes into one."""
_LONG_WORD = re.compile(r"[^\s'\"]{40,}")
_WORLD = stat.S_IRWXO


@dataclass(frozen=True, slots=True)
class TokenFile:
    """Where the token is; reading it raises BadInputError, whose message never holds any of it."""

    path: Path
    option: str = OPTION

    def read(self) -> str:
        """Return the token, without the blanks and line ends around it."""
        content = self._content().strip()
        if not _TOKEN.fullmatch(content):
            raise BadInputError(
                self.option,
                f"{self.path} does not hold an access token: "
                f"one line of up to {_LONGEST} characters, no blanks",
            )
        return content.decode("ascii")

    def _content(self) -> bytes:
        try:
            # Not blocking, for a pipe would wait for somebody to write.
            with os.fdopen(os.open(self.path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC), "rb") as file:
                self._check(os.fstat(file.fileno()).st_mode)
                return file.read(_LONGEST + 64)
        except (OSError, ValueError) as error:  # the latter is a path that no file can have
            why = getattr(error, "strerror", None) or str(error)
            raise BadInputError(self.option, f"{self.path} cannot be read: {why}") from None

    def _check(self, mode: int) -> None:
        if not stat.S_ISREG(mode):
            raise BadInputError(self.option, f"{self.path} is not a file")
        if mode & _WORLD:
            raise BadInputError(
                self.option, f"{self.path} is open to every user of this machine; run: chmod 600 {self.path}"
            )


def redacted(text: str, token: str) -> str:
    """Hide the token in foreign text, and every word as long as one: Graph repeats malformed tokens."""
    return _LONG_WORD.sub("…", text.replace(token, "…"))


def token_file(path: str, environ: Mapping[str, str]) -> TokenFile:
    """Find the file: systemd's credential, else the configured one; raises BadInputError without either."""
    if folder := environ.get("CREDENTIALS_DIRECTORY"):
        given = Path(folder, CREDENTIAL)
        if given.exists():
            return TokenFile(given, f"credential {CREDENTIAL}")
    if path:
        return TokenFile(Path(path))
    raise BadInputError(
        OPTION, f"is empty; name the file that holds the access token, or give the credential {CREDENTIAL}"
    )
