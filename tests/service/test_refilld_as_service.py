"""`refilld-as-service`: a process with everything that the unit and its drop-ins say about the service."""

import os
import subprocess
from pathlib import Path

import pytest

from tests.service.shims import SYSTEMCTL, SYSTEMD_RUN, write_shims

SYSTEMD = Path(__file__).parents[2] / "systemd"
WRAPPER = SYSTEMD / "refilld-as-service"
UNIT = (SYSTEMD / "refilld.service").read_text()
DROP_IN = """[Unit]
Description=changed

[Service]
# a comment
Environment="REFILLD_HTTP__LISTEN=[::1]:8080" \\
    TZ=UTC
LoadCredential=cookies
Restart=no
"""


@pytest.fixture
def machine(tmp_path: Path) -> Path:
    """A folder with a systemd that records what it is asked for."""
    write_shims(tmp_path / "bin", systemctl=SYSTEMCTL, systemd_run=SYSTEMD_RUN)
    (tmp_path / "refilld.service").write_text(UNIT)
    (tmp_path / "refilld.service.d").mkdir()
    return tmp_path


def run(machine: Path, *words: str, user: int = 0) -> subprocess.CompletedProcess[str]:
    log = machine / "log"
    environ = {"PATH": f"{machine / 'bin'}:/usr/bin:/bin", "UNITS": str(machine), "RUN_LOG": str(log)}
    become = ["setpriv", f"--reuid={user}", "--clear-groups"] if user else []
    return subprocess.run(
        [*become, "sh", "-s", *words] if user else [str(WRAPPER), *words],
        env=environ,
        input=WRAPPER.read_text() if user else None,
        capture_output=True,
        text=True,
        check=False,
        timeout=30,
    )


def asked(machine: Path) -> list[str]:
    return (machine / "log").read_text().splitlines()


def properties(machine: Path) -> list[str]:
    return [word.removeprefix("--property=") for word in asked(machine) if word.startswith("--property=")]


def test_the_process_has_the_account_directory_credentials_and_sandbox_of_the_unit(machine: Path) -> None:
    """Every setting of the unit in its order, except for those that start, watch and restart the daemon."""
    assert run(machine, "orders", "list").returncode == 0
    section = UNIT.partition("[Service]\n")[2].partition("\n[")[0]
    daemon = ("Type", "NotifyAccess", "Exec", "WatchdogSec", "Restart", "Timeout")
    settings = [
        line.replace("%E", "/etc").replace("%S", "/var/lib")
        for line in section.splitlines()
        if line[:1].isupper() and not line.startswith(daemon)
    ]
    assert properties(machine) == settings
    assert {"User=refilld", "WorkingDirectory=/var/lib/refilld", "ProtectSystem=strict"} <= set(settings)
    assert "%" not in "".join(settings)


def test_what_the_operator_changed_in_the_unit_applies(machine: Path) -> None:
    """Settings of the drop-in come last, and lines that go on are one."""
    (machine / "refilld.service.d" / "override.conf").write_text(DROP_IN)
    run(machine, "doctor")
    last = [" ".join(one.split()) for one in properties(machine)[-2:]]
    assert last == [
        'Environment="REFILLD_HTTP__LISTEN=[::1]:8080" TZ=UTC',
        "LoadCredential=cookies",
    ]


def test_words_with_spaces_and_quotes_reach_the_command_as_they_are(machine: Path) -> None:
    words = ["orders", "list", "--customer", "Ann O'Neil $HOME *"]
    run(machine, *words)
    assert asked(machine)[-5:] == [str(WRAPPER.with_name("refilld")), *words]
    assert {"--pipe", "--wait", "--collect"} <= set(asked(machine))


def test_without_root_it_says_what_to_do(machine: Path) -> None:
    if os.geteuid() != 0:
        pytest.fail("this test needs root, to run the command as somebody else")
    answer = run(machine, "doctor", user=65534)
    assert answer.returncode == 2
    assert "only root can start a process of the service; run: sudo" in answer.stderr


def test_without_the_unit_it_says_so(machine: Path) -> None:
    (machine / "refilld.service").unlink()
    answer = run(machine, "doctor")
    assert answer.returncode == 3
    assert answer.stderr.splitlines()[-1].startswith("refilld-as-service: there is no unit refilld.service")
