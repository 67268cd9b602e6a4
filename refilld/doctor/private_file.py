"""Check of a file with a secret: that it exists, is readable, and is private."""

import os
import stat
from pathlib import Path

from refilld.doctor.finding import Finding, error, ok, warning

CREATE = "create it, readable by refilld's user only, or correct the path in the configuration"


def file_finding(path: Path, check: str, what: str, about: str = "", absent: str = CREATE) -> Finding:
    """Check one file; `what` names it in the finding, `absent` is the remedy when it does not exist."""
    shown = f"{what} {path}"
    try:
        mode = stat.S_IMODE(path.stat().st_mode)
    except OSError as fault:
        hint = absent if isinstance(fault, FileNotFoundError) else CREATE
        return error(check, f"{shown} cannot be read: {fault.strerror}", hint, about)
    if not path.is_file() or not os.access(path, os.R_OK):
        return error(check, f"{shown} is not a file that this user can read", f"chown or chmod {path}", about)
    others = mode & (stat.S_IROTH | stat.S_IWOTH)
    group = mode & (stat.S_IRGRP | stat.S_IWGRP)
    if others:
        return error(check, f"{shown} can be accessed by every user ({mode:04o})", f"chmod 600 {path}", about)
    if group and not _given_by_systemd(path):
        return warning(
            check, f"{shown} can be accessed by its group ({mode:04o})", f"chmod 600 {path}", about
        )
    return ok(check, f"{shown} is readable, and private ({mode:04o})", about)


def _given_by_systemd(path: Path) -> bool:
    """Whether the file is a systemd credential, which systemd keeps private."""
    folder = os.environ.get("CREDENTIALS_DIRECTORY")
    return folder is not None and path.absolute().is_relative_to(folder)
