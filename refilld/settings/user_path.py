"""Paths in the configuration, which may begin with `~`."""

import os
from pathlib import Path


def user_path(text: str) -> Path | None:
    """The path with the user's directory for `~`; `~` stays for an unknown user. None for an empty text."""
    return Path(os.path.expanduser(text)) if text else None  # noqa: PTH111  # Path.expanduser fails for them
