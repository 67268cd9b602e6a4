"""The command that installs a missing optional dependency can be pasted, for each way of installation."""

import json
import shlex
import sys
from pathlib import Path
from typing import Any

import pytest

import refilld
from refilld import extras
from tests.main_in_process import run_main

HERE = "the clone's folder"


@pytest.mark.parametrize(
    ("recorded", "expected"),
    [
        (None, ["refilld[demo]"]),
        ("not json", ["refilld[demo]"]),
        ({"dir_info": {"editable": True}}, ["--editable", f"{HERE}[demo]"]),
        ({"dir_info": {}}, [f"{HERE}[demo]"]),
        ({"url": "file:///is/gone", "dir_info": {}}, ["refilld[demo]"]),
        (
            {"url": "https://host/refilld.whl", "archive_info": {}},
            ["refilld[demo] @ https://host/refilld.whl"],
        ),
    ],
)
def test_the_command_repeats_how_refilld_was_installed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, recorded: Any, expected: list[str]
) -> None:
    """For this interpreter, with quoted paths: it can be pasted into a shell in any folder."""
    clone = tmp_path / "my clone"
    clone.mkdir()
    if isinstance(recorded, dict):
        recorded = json.dumps({"url": clone.as_uri()} | recorded)
    installed = tmp_path / "refilld-9.dist-info"
    installed.mkdir()
    (installed / "METADATA").write_text("Metadata-Version: 2.1\nName: refilld\nVersion: 9\n")
    if recorded is not None:
        (installed / "direct_url.json").write_text(recorded)
    monkeypatch.setattr(sys, "path", [str(tmp_path), *sys.path])
    words = shlex.split(extras.install_command("demo"))
    assert words[:4] == [sys.executable, "-m", "pip", "install"]
    assert words[4:] == [word.replace(HERE, str(clone)) for word in expected]


@pytest.mark.parametrize(
    ("module", "words", "extra", "code"),
    [("trustme", ["demo"], "demo", 2), ("psycopg", ["db", "check"], "postgres", 3)],
)
def test_a_command_without_its_extra_prints_the_command_that_installs_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, module: str, words: list[str], extra: str, code: int
) -> None:
    """One line, which names the missing module as well."""
    monkeypatch.setitem(sys.modules, module, None)
    monkeypatch.setattr(refilld, "demo", None, raising=False)  # the import below replaces it
    for name in [name for name in sys.modules if name.startswith("refilld.demo")]:
        monkeypatch.delitem(sys.modules, name)
    done = run_main(*words, cwd=tmp_path, REFILLD_DATABASE__URL="postgresql://me@localhost/shop")
    assert done.returncode == code
    assert (
        f" needs {module}, from the extra {extra} of refilld; run: {extras.install_command(extra)}"
        in done.stderr
    )
    assert done.stderr.count("\n") == 1
