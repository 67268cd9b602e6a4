"""A machine to install on: this one, in a mount namespace in which its system directories are overlaid.

What is written to them lies in memory, and is gone with the namespace; the rest of the root is read-only.
"""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

OVERLAID = ("/etc", "/opt", "/run", "/usr/local", "/var/lib")
_PREPARE = """
set -eu
mount --bind "$PWD" "$PWD"
mount -t tmpfs tmpfs "$SCRATCH"
for place in {places}; do
    own=$SCRATCH/$(echo "$place" | tr / _)
    mkdir -p "$own/upper" "$own/work"
    mount -t overlay overlay -o "lowerdir=$place,upperdir=$own/upper,workdir=$own/work" "$place"
done
mkdir "$SCRATCH/home" "$SCRATCH/tmp"
export HOME=$SCRATCH/home TMPDIR=$SCRATCH/tmp
mount -o remount,bind,ro /
cd "$PWD"
exec sh "$1"
"""


def run_on_machine(folder: Path, script: str, *, network: bool = True, **environ: str) -> str:
    """Run a shell script as root of the machine, which may have no network; returns its output."""
    if os.geteuid() != 0 or shutil.which("unshare") is None:
        pytest.fail(
            "this test needs root and unshare (util-linux), to mount overlays in a namespace of its own"
        )
    scratch = folder / "scratch"
    scratch.mkdir()
    (folder / "script").write_text(script)
    prepare = _PREPARE.format(places=" ".join(OVERLAID))
    unshare = ["unshare", "--mount", "--propagation=private", *([] if network else ["--net"])]
    answer = subprocess.run(
        [*unshare, "sh", "-c", prepare, "sh", folder / "script"],
        cwd=folder,
        env={
            "PATH": f"{folder / 'bin'}:/usr/local/sbin:/usr/sbin:/usr/bin:/sbin:/bin",
            "SCRATCH": str(scratch),
        }
        | environ,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
        timeout=120,
    )
    assert answer.returncode == 0, answer.stdout
    return answer.stdout
