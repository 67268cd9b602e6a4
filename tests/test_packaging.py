"""The wheel is complete, and what it installs works without the source tree."""

import os
import zipfile
from pathlib import Path

import pytest

from tests.wheel import run

EVERYTHING = [
    "monitor/sources/contract.py",
    "jobs/heartbeats.py",
    "storage/migrations/env.py",
    "storage/migrations/versions/*.py",
    "refilld/daemon/sd_notify.py",
    "refilld/translations/locale/*/LC_MESSAGES/refilld.mo",
    "refilld/cli/__init__.py",
    "refilld/charts/static/chart.css",
    "refilld/charts/static/uplot/uPlot.iife.min.js",
    "refilld/web/templates/layout.html",
    "refilld/web/static/desk.css",
    "refilld/web/static/htmx.LICENSE.txt",
    "*.toml",  # the configuration that `init` writes
    "refilld-*.data/data/lib/systemd/system/refilld.service",
    "refilld-*.data/data/lib/systemd/system/refilld-backup.service",
    "refilld-*.data/data/lib/systemd/system/refilld-backup.timer",
    "refilld-*.data/data/lib/sysusers.d/refilld.conf",
    "refilld-*.data/scripts/refilld-as-service",
    "refilld-*.dist-info/licenses/LICENSE",
]


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
    assert "refilld = refilld.__main__:main\n" in entry_points
    assert "[refilld.sources]\n" in entry_points


def test_the_installed_program_starts_from_an_empty_directory(python: Path, tmp_path: Path) -> None:
    place = run(python, "-Ic", "import refilld; print(refilld.__file__)", cwd=tmp_path)
    assert Path(place).is_relative_to(python.parent.parent)
    program = (python, "-I", python.with_name("refilld"))
    assert "0." in run(*program, "--version", cwd=tmp_path)
    run(*program, "init", cwd=tmp_path)
    assert os.access(python.with_name("refilld-as-service"), os.X_OK)
    assert {"refilld.toml", "refilld.db"} <= {path.name for path in tmp_path.iterdir()}
