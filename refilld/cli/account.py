"""The account of the person who runs a command."""

import os
from getpass import getuser


def account() -> str:
    """Who runs the command: the account that used sudo, or else its own; its number if it has no name."""
    try:
        return os.environ.get("SUDO_USER") or getuser()
    except (KeyError, OSError):  # a process without an account, as in a container
        return str(os.getuid())
