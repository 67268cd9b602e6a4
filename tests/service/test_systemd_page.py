"""docs/systemd.md: its shell blocks, run in their order on a machine of which only systemd is a stand-in."""

import re
import shutil
from importlib.resources import files
from pathlib import Path

import pytest

from storage import orders
from tests.builders import NOW, a_pending_order
from tests.migrated_database import migrated_database
from tests.service.machine import run_on_machine
from tests.service.shims import NOTHING, SYSTEMCTL, SYSTEMD_RUN, python3, write_shims

PAGE = Path(__file__).parents[2] / "docs" / "systemd.md"
_AS_SERVICE = "setpriv --reuid=refilld --regid=refilld --clear-groups"
_AS_OTHER = "setpriv --reuid=nobody --regid=nogroup --clear-groups"
_FAILS = """
fails() {
    if "$@"; then echo "this should have failed: $*"; exit 1; fi
}
"""
CHECKS = {
    "Install": "getent passwd refilld && test -x /usr/local/sbin/refilld-as-service",
    "Configure": f"""
        {_AS_SERVICE} test -r /etc/refilld/config.toml
        fails {_AS_OTHER} test -r /etc/refilld/config.toml
        test "$(stat -c %a /etc/credstore/refilld.alert-urls)" = 600
        """,
    "Move what you have tried out": f"""
        {_AS_SERVICE} test -w /var/lib/refilld/refilld.db
        fails {_AS_OTHER} test -r /var/lib/refilld/refilld.db
        """,
    "Start": "test -f /var/lib/refilld/refilld.db",
    "At the prompt": "test -s report.csv",
    "Logs": "true",
    "Backups": "true",
    "Upgrade": 'test "$(readlink -f /opt/refilld)" = "$(ls -d /opt/refilld-* | tail -n 1)"',
    "Roll back": 'test "$(readlink -f /opt/refilld)" = "$(ls -d /opt/refilld-* | head -n 1)"',
    "PostgreSQL": """grep -x 'url = "postgresql+psycopg:///refilld"' /etc/refilld/config.toml""",
    "Uninstall": """
        fails test -e /opt/refilld
        fails ls /etc/systemd/system/refilld*
        test -f /var/lib/refilld/refilld.db
        """,
}
"""What holds after the blocks of a section, by its heading."""


def sections() -> dict[str, list[str]]:
    """The shell blocks of each section that has any."""
    parts = re.split(r"(?m)^## (.+)$", PAGE.read_text(encoding="utf-8"))
    blocks = {
        heading: re.findall(r"(?ms)^```sh\n(.*?)^```$", body)
        for heading, body in zip(parts[1::2], parts[2::2], strict=True)
    }
    return {heading: found for heading, found in blocks.items() if found}


def script() -> str:
    """Each section in a shell of its own, which says how it ended."""
    parts = []
    for heading, blocks in sections().items():
        body = "\n".join([*blocks, CHECKS[heading]])
        parts.append(f"echo '== {heading}'\n(\nset -eu\n{body}\n)\necho == ended with $?\n")
    return "\n".join([_FAILS, *parts])


def try_out(folder: Path) -> None:
    """What `refilld init` and an import leave in a directory."""
    shutil.copy(str(files("refilld").joinpath("config.example.toml")), folder / "refilld.toml")
    with migrated_database(folder / "refilld.db") as database, database.write() as tx:
        orders.import_batch(tx, [a_pending_order("tried-out")], NOW)


def run_page(python: Path, folder: Path) -> dict[str, str]:
    """What each section printed; its last line says how it ended."""
    write_shims(
        folder / "bin",
        systemctl=SYSTEMCTL,
        systemd_run=SYSTEMD_RUN,
        python3=python3(python.parent.parent),
        journalctl=NOTHING,
        apt_get=NOTHING,
        runuser=NOTHING,
        editor=NOTHING,
    )
    try_out(folder)
    text = run_on_machine(folder, script(), UNITS="/etc/systemd/system")
    parts = re.split(r"(?m)^== (?!ended)(.+)$", text)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


def test_every_section_with_commands_is_checked() -> None:
    assert list(CHECKS) == list(sections())


def test_the_commands_of_the_page_work_as_they_are_written(
    python: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """At the prompt, the database that was moved and the credentials are there; files come on standard input.

    One test, because the sections build on each other.
    """
    output = run_page(python, tmp_path_factory.mktemp("machine"))
    assert list(output) == list(CHECKS)
    failed = [heading for heading, text in output.items() if not text.rstrip().endswith("== ended with 0")]
    assert failed == [], "\n".join(output[heading] for heading in failed)
    prompt = output["At the prompt"]
    assert "tried-out" in prompt
    assert "there is no alert channel" not in prompt
    assert "1 added" in prompt
