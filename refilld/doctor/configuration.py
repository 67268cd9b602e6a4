"""Checks of the configuration file: which file is used, and whether secrets in it are private.

Its contents have been validated before.
"""

import stat
import tomllib
from collections.abc import Iterator
from pathlib import Path

from monitor.errors import BadInputError
from refilld.config import PLACES, named_place
from refilld.doctor.finding import Finding, ok, warning
from storage.database_url import parse_url


def findings(config: Path | None) -> Iterator[Finding]:
    """Check the configuration file in use; `config` is the one named on the command line."""
    path = named_place(config) or next((Path(p) for p in PLACES if Path(p).is_file()), None)
    if path is None:
        hint = (
            "name it with --config or $REFILLD_CONFIG; for a new shop, refilld init writes one with every key"
        )
        yield warning("configuration.file", "there is no configuration file; the defaults are used", hint)
        return
    yield ok("configuration.file", f"{path.absolute()} is understood")
    mode = stat.S_IMODE(path.stat().st_mode)
    if mode & stat.S_IROTH and _holds_secret(path):
        says = f"{path} holds a URL with a secret, and every user can read it ({mode:04o})"
        hint = f"chmod 640 {path}, or move the secret into a systemd credential (docs/systemd.md)"
        yield warning("configuration.secrets", says, hint)


def _holds_secret(path: Path) -> bool:
    """Whether the file itself (not a variable or a credential) has alert URLs or a database password."""
    raw = tomllib.loads(path.read_text(encoding="utf-8-sig"))
    alerts, url = raw.get("alerts", {}), raw.get("database", {}).get("url")
    receivers = [alerts, *alerts.get("receivers", {}).values()]
    return any(receiver.get("urls") for receiver in receivers) or (
        isinstance(url, str) and _has_password(url)
    )


def _has_password(url: str) -> bool:
    try:
        parsed = parse_url(url)
    except BadInputError:  # the URL in use comes from elsewhere; this one was never validated
        return "@" in url
    return parsed.password is not None or bool({"password", "sslpassword"} & parsed.query.keys())
