"""The token or session of a source was not renewed for long."""

from dataclasses import dataclass
from datetime import datetime

from monitor.events.monitoring import CredentialsOld
from monitor.self_monitoring.limits import SelfCheckLimits


@dataclass(frozen=True, slots=True)
class CredentialFile:
    """A file with the token or session of a source."""

    option: str
    """The option of the source that names it."""
    renewed_at: datetime
    """When the file was written."""


def credentials_old(file: CredentialFile, limits: SelfCheckLimits, now: datetime) -> CredentialsOld | None:
    """The payload if the file is too old."""
    if limits.credentials_after is None or now - file.renewed_at < limits.credentials_after:
        return None
    return CredentialsOld(file.option, file.renewed_at, now)
