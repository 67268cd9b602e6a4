"""Check of Alertmanager: whether it answers."""

from collections.abc import Iterator

from jobs.channel_round import ChannelError
from refilld.alertmanager import Alertmanager
from refilld.doctor import private_file
from refilld.doctor.finding import Finding, error, ok
from refilld.settings.alertmanager import AlertmanagerSection

CHECK = "alerts.alertmanager"


def findings(section: AlertmanagerSection) -> Iterator[Finding]:
    """Whether it answers; nothing if none is configured."""
    if not section.url:
        return
    if section.token_path is not None:
        yield private_file.file_finding(section.token_path, CHECK, "the token")
    try:
        Alertmanager(section.url, section.username, section.token_path).check()
    except ChannelError as fault:
        hint = "check [alerts.alertmanager] url and token_file, and that Alertmanager runs"
        yield error(CHECK, f"Alertmanager does not answer as expected: {fault}", hint)
    else:
        yield ok(CHECK, "Alertmanager answers")
