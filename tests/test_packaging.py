"""The wheel is complete, and what it installs works without the source tree."""

import subprocess
import sys
import sysconfig
import venv
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
EVERYTHING = [
    "monitor/sources/contract.py",
    "jobs/heartbeats.py",
    "storage/migrations/env.py",
    "storage/migrations/versions/*.py",
    "refilld/sd_notify.py",
    "refilld/cli/__init__.py",
    "*.toml",  # the configuration that `init` writes
    "refilld-*.data/data/lib/systemd/system/refilld.service",
    "refilld-*.dist-info/licenses/LICENSE",
]


def run(*command: str | Path, cwd: Path) -> str:
    """Run a program in a minimal environment; its output is in the failure."""
    answer = subprocess.run(
        command,
        cwd=cwd,
        env={"PATH": "/usr/bin:/bin", "HOME": str(cwd)},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
        timeout=120,
    )
    assert answer.returncode == 0, answer.stdout
    return answer.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    output = tmp_path_factory.mktemp("wheel")
    run(sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", output, ROOT, cwd=output)
    return next(output.glob("*.whl"))


@pytest.fixture(scope="module")
def python(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The interpreter of a new virtual environment with the wheel, and the dependencies installed here.

    A .pth file adds the directories of our dependencies. Their own .pth files are not read, because
    they would make the source tree importable.
    """
    home = tmp_path_factory.mktemp("environment") / "venv"
    venv.create(home)
    python = home / "bin" / "python"
    pip = (sys.executable, "-m", "pip", "--python", python, "--disable-pip-version-check")
    run(*pip, "install", "--no-index", "--no-deps", "--quiet", wheel, cwd=home)
    lent = {sysconfig.get_path(kind) for kind in ("purelib", "platlib")}
    site = Path(
        run(python, "-Ic", "import sysconfig; print(sysconfig.get_path('purelib'))", cwd=home).strip()
    )
    (site / "lent.pth").write_text("\n".join(sorted(lent)))
    return python


@pytest.mark.parametrize("pattern", EVERYTHING)
def test_the_wheel_contains(wheel: Path, pattern: str) -> None:
    with zipfile.ZipFile(wheel) as archive:
        assert [name for name in archive.namelist() if Path(name).match(pattern)]


def test_the_wheel_contains_the_four_packages_only(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        tops = {name.partition("/")[0] for name in archive.namelist()}
    floors = {top for top in tops if not top.startswith("refilld-")}
    assert floors == {"monitor", "jobs", "storage", "refilld"}


def test_the_wheel_has_its_metadata(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        info = next(name for name in archive.namelist() if name.endswith("/METADATA")).removesuffix(
            "METADATA"
        )
        metadata = archive.read(info + "METADATA").decode()
        entry_points = archive.read(info + "entry_points.txt").decode()
    assert "Name: refilld\n" in metadata
    assert "Requires-Python: >=3.11\n" in metadata
    assert "refilld = refilld.cli.root:main\n" in entry_points
    assert "[refilld.sources]\n" in entry_points


def test_the_installed_program_starts_from_an_empty_directory(python: Path, tmp_path: Path) -> None:
    place = run(python, "-Ic", "import refilld; print(refilld.__file__)", cwd=tmp_path)
    assert Path(place).is_relative_to(python.parent.parent)
    program = (python, "-I", python.with_name("refilld"))
    assert "0." in run(*program, "--version", cwd=tmp_path)
    run(*program, "init", cwd=tmp_path)
    assert {"refilld.toml", "refilld.db"} <= {path.name for path in tmp_path.iterdir()}
