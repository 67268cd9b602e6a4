"""A file that holds a secret: whether it is there, can be read, and is nobody else's to read."""

import os
import stat
from pathlib import Path

from refilld.doctor.finding import Finding, error, ok, warning

ABSENT = "create it, readable by refilld's account only, or correct the path in the configuration"


def examined(path: Path, check: str, what: str, about: str = "", absent: str = ABSENT) -> Finding:
    """Judge one file; `what` names it in a sentence, `absent` says what to do when it is not there."""
    shown = f"{what} {path}"
    try:
        mode = stat.S_IMODE(path.stat().st_mode)
    except OSError as fault:
        hint = absent if isinstance(fault, FileNotFoundError) else ABSENT
        return error(check, f"{shown} cannot be seen: {fault.strerror}", hint, about)
    if not path.is_file() or not os.access(path, os.R_OK):
        return error(
            check, f"{shown} is not a file that this account can read", f"chown or chmod {path}", about
        )
    others = mode & (stat.S_IROTH | stat.S_IWOTH)
    group = mode & (stat.S_IRGRP | stat.S_IWGRP)
    if others:
        return error(check, f"{shown} is open to every account ({mode:04o})", f"chmod 600 {path}", about)
    if group and not _given_by_systemd(path):
        return warning(check, f"{shown} is open to its group ({mode:04o})", f"chmod 600 {path}", about)
    return ok(check, f"{shown} is readable here, and private ({mode:04o})", about)


def _given_by_systemd(path: Path) -> bool:
    """Whether it is a credential, which systemd keeps private in its own way."""
    folder = os.environ.get("CREDENTIALS_DIRECTORY")
    return folder is not None and path.absolute().is_relative_to(folder)
