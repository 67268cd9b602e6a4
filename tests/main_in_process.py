"""The command line in the process of the test: much faster than a process that only imports the program."""

import io
import os
import sys
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from subprocess import CompletedProcess

import pytest

from refilld.cli.root import main


def run_main(*words: object, cwd: Path, **environ: str) -> CompletedProcess[str]:
    """Call `main` with these arguments, in this folder, with these variables instead of all REFILLD_*.

    The logs keep the settings of the test's process.
    """
    out, err = (io.TextIOWrapper(io.BytesIO(), encoding="utf-8") for _ in range(2))
    arguments = ["refilld", *map(str, words)]
    with pytest.MonkeyPatch.context() as patch, redirect_stdout(out), redirect_stderr(err):
        for name in [name for name in os.environ if name.startswith("REFILLD_")]:
            patch.delenv(name)
        for name, text in environ.items():
            patch.setenv(name, text)
        patch.chdir(cwd)
        patch.setattr(sys, "argv", arguments)
        patch.setattr("refilld.cli.root.configure", lambda **_: None)
        with pytest.raises(SystemExit) as ended:
            main()
    return CompletedProcess(arguments, _code(ended.value), _text(out), _text(err))


def _code(end: SystemExit) -> int:
    """The exit code, as the interpreter takes it: none is 0."""
    assert end.code is None or isinstance(end.code, int)
    return end.code or 0


def _text(stream: io.TextIOWrapper) -> str:
    stream.seek(0)
    return stream.read()
