"""The Containerfile and docs/container.md: steps, start and health check really run, but without an engine.

A network namespace of its own makes the ports of the image free.
"""

import re
import shlex
from pathlib import Path

import pytest

from tests.service.containerfile import ROOT, build_script, step, steps
from tests.service.machine import run_on_machine
from tests.service.shims import NOTHING, python3, write_shims

PAGE = ROOT / "docs" / "container.md"
CONFIG = """[database]
url = "sqlite:////var/lib/refilld/refilld.db"
[sources.graph]
enabled = true
ig_user_id = "1"
"""

_LOOPBACK_UP = (
    'import fcntl, socket, struct; fcntl.ioctl(socket.socket(), 0x8914, struct.pack("16sh", b"lo", 1))'
)
"""Sets IFF_UP by SIOCSIFFLAGS: a new network namespace begins without loopback."""


def start_script() -> str:
    """Start the image's command, wait until the health check succeeds, and stop it."""
    variables = " ".join(map(shlex.quote, step("ENV").words))
    return f"""
python3 -c '{_LOOPBACK_UP}'
mkdir -p /etc/refilld /run/secrets
cat > /etc/refilld/config.toml <<'EOF'
{CONFIG}EOF
umask 077; echo a-token > /run/secrets/graph-token; umask 022
cd {step("WORKDIR").words[0]}
health() {{ env -i {variables} PATH={Path("/usr/bin")} {shlex.join(step("HEALTHCHECK").command)}; }}
health 2>/dev/null && echo "== healthy before the start"
env -i {variables} {shlex.join(step("CMD").command)} &
for _ in $(seq 100); do
    health 2>/dev/null && {{ echo "== healthy"; break; }}
    sleep 0.1
done
kill $! && wait $! && echo "== stopped with 0"
stat -c '== %a %u:%g' /var/lib/refilld
"""


def test_the_image_starts_becomes_healthy_and_stops(
    python: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """The health check fails before the start; the volume belongs to the user of the image."""
    folder = tmp_path_factory.mktemp("container")
    write_shims(folder / "bin", python3=python3(python.parent.parent))
    output = run_on_machine(folder, build_script() + start_script(), network=False)
    assert re.findall(r"(?m)^== (.+)$", output) == ["healthy", "stopped with 0", "700 10001:10001"], output


def test_the_image_runs_as_the_user_that_owns_its_volume() -> None:
    assert step("USER").words == ["10001:10001"]
    assert step("VOLUME").words == step("WORKDIR").words == ["/var/lib/refilld"]


def test_the_build_sees_what_it_copies_and_nothing_else() -> None:
    """No database, configuration or .git of the source tree can get into an image."""
    seen = {line[1:] for line in (ROOT / ".containerignore").read_text().splitlines() if line[0] == "!"}
    copied = {
        word for one in steps() if one.name == "COPY" and "--from" not in one.text for word in one.words[:-1]
    }
    assert seen == copied
    assert (ROOT / ".dockerignore").read_text() == (ROOT / ".containerignore").read_text()


def test_the_commands_of_the_page_can_be_pasted(tmp_path: Path) -> None:
    """As far as a shell can tell; the engine is a stand-in."""
    blocks = re.findall(r"(?ms)^```sh\n(.*?)^```$", PAGE.read_text(encoding="utf-8"))
    write_shims(tmp_path / "bin", podman='echo "podman $*"\n', editor=NOTHING)
    for name in ("orders.csv", "graph-token.txt", "config.example.toml"):
        (tmp_path / name).write_text('url = "sqlite:///refilld.db"\n')
    printed = run_on_machine(tmp_path, "\n".join(["set -eu", *blocks, "cat /etc/refilld/config.toml"]))
    assert "podman run -d --name refilld" in printed
    assert printed.endswith('url = "sqlite:////var/lib/refilld/refilld.db"\n')
