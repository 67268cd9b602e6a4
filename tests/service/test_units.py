"""systemd accepts the units, and the directives of the service are those that its comments describe."""

import shutil
import subprocess
from collections import defaultdict
from pathlib import Path

import pytest

SYSTEMD = Path(__file__).parents[2] / "systemd"
UNIT = SYSTEMD / "refilld.service"
UNITS = sorted(path for path in SYSTEMD.iterdir() if path.suffix in {".service", ".timer"})
INSTALLED = "/opt/refilld/bin/refilld"


def analyze(*arguments: str) -> subprocess.CompletedProcess[str]:
    program = shutil.which("systemd-analyze")
    if program is None:
        pytest.fail("systemd-analyze is missing; `apt-get install systemd` brings it (as `make test` does)")
    return subprocess.run([program, *arguments], capture_output=True, text=True, check=False, timeout=60)


@pytest.fixture
def units(tmp_path: Path) -> list[str]:
    """Copies whose ExecStart exists on every machine, because `verify` looks for the program."""
    for unit in UNITS:
        (tmp_path / unit.name).write_text(unit.read_text().replace(INSTALLED, "/bin/true"))
    return [str(tmp_path / unit.name) for unit in UNITS]


@pytest.fixture(scope="module")
def directives() -> dict[str, list[str]]:
    """Every `Key=value` of the unit; unlike in an INI file, a key may be repeated."""
    found = defaultdict(list)
    for line in UNIT.read_text().splitlines():
        if "=" in line and not line.startswith("#"):
            key, _, value = line.partition("=")
            found[key].append(value)
    return dict(found)


def test_systemd_accepts_every_line(units: list[str]) -> None:
    answer = analyze("verify", "--man=no", *units)
    # An unknown key is only a line on standard error: the exit code alone says nothing.
    assert (answer.returncode, answer.stderr) == (0, "")


def test_the_sandbox_is_tight(units: list[str]) -> None:
    (service,) = (path for path in units if path.endswith("/refilld.service"))
    answer = analyze("security", "--offline=yes", "--threshold=15", "--no-pager", service)
    assert answer.returncode == 0, answer.stdout[-500:]


@pytest.mark.parametrize(
    ("key", "values"),
    [
        ("Type", ["notify"]),
        ("NotifyAccess", ["main"]),
        ("WatchdogSec", ["60"]),
        ("ExecStartPre", [f"-{INSTALLED} db upgrade"]),
        ("ExecStart", [f"{INSTALLED} run"]),
        ("Environment", ["REFILLD_CONFIG=%E/refilld/config.toml"]),
        ("Restart", ["on-failure"]),
        ("RestartPreventExitStatus", ["2"]),
        ("User", ["refilld"]),
        ("StateDirectory", ["refilld"]),
        ("StateDirectoryMode", ["0700"]),
        ("WorkingDirectory", ["%S/refilld"]),
        ("UMask", ["0077"]),
        ("CapabilityBoundingSet", [""]),
        ("SystemCallFilter", ["@system-service", "~@privileged @resources"]),
        ("RestrictAddressFamilies", ["AF_INET AF_INET6 AF_UNIX"]),
        ("WantedBy", ["multi-user.target"]),
    ],
)
def test_the_unit_has_the_directive(directives: dict[str, list[str]], key: str, values: list[str]) -> None:
    assert directives[key] == values


def test_a_missing_credential_does_not_stop_the_service(directives: dict[str, list[str]]) -> None:
    """systemd.exec(5): only a credential with an absolute path must exist."""
    credentials = dict(value.split(":") for value in directives["LoadCredential"])
    assert set(credentials) == {"database-url", "alert-urls", "alert-ping-url", "graph-token"}
    assert not [source for source in credentials.values() if "/" in source]


def test_restarts_alone_never_reach_the_start_limit(directives: dict[str, list[str]]) -> None:
    interval, burst, pause = (
        int(directives[key][0]) for key in ("StartLimitIntervalSec", "StartLimitBurst", "RestartSec")
    )
    assert interval / pause < burst


def test_the_account_is_created_without_a_shell(tmp_path: Path) -> None:
    """By systemd-sysusers, in another root."""
    (tmp_path / "etc").mkdir()
    file = SYSTEMD / "refilld.sysusers.conf"
    subprocess.run(["systemd-sysusers", f"--root={tmp_path}", str(file)], check=True, timeout=60)
    fields = (tmp_path / "etc" / "passwd").read_text().strip().split(":")
    assert (fields[0], fields[4:]) == (
        "refilld",
        ["refilld service", "/var/lib/refilld", "/usr/sbin/nologin"],
    )
    assert int(fields[2]) < 1000
