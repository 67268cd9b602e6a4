"""The program in a process of its own, forked from one that has imported it.

Importing takes most of the time of a short run: one or two seconds of a processor. The new process is as
separate as one that was started: it has its own environment, folder, files, signals and exit code, and runs
`main`. Only a test of the start itself (the arguments that other processes see, a preloaded library) has to
start the program.
"""

import os
import signal
import sys
from collections.abc import Mapping, Sequence
from io import TextIOWrapper
from pathlib import Path
from subprocess import TimeoutExpired

from refilld.cli.root import main
from tests.fork_server import fork_server


class ForkedProgram:
    """`refilld` with these arguments; it has the methods of `subprocess.Popen`."""

    def __init__(
        self, words: Sequence[str], folder: Path, environ: Mapping[str, str], stdout: Path, stderr: Path
    ) -> None:
        for file in (stdout, stderr):
            file.write_bytes(b"")  # readers need not wait for the process
        values = (words, folder, environ, stdout, stderr)
        self._process = fork_server().Process(target=_run, args=values)
        self._process.start()

    @property
    def pid(self) -> int:
        assert self._process.pid is not None
        return self._process.pid

    def poll(self) -> int | None:
        """Return the exit code; of a process that a signal ended, the negative number of the signal."""
        return self._process.exitcode

    def wait(self, timeout: float) -> int:
        """Wait for the end, and return the exit code."""
        self._process.join(timeout)
        code = self.poll()
        if code is None:
            raise TimeoutExpired("refilld", timeout)
        return code

    def send_signal(self, number: int) -> None:
        if self.poll() is None:
            os.kill(self.pid, number)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)


def _run(words: Sequence[str], folder: Path, environ: Mapping[str, str], stdout: Path, stderr: Path) -> None:
    """Run in the new process."""
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environ)
    _redirect(sys.stdout, stdout, "surrogateescape")
    _redirect(sys.stderr, stderr, "backslashreplace")
    sys.argv = ["refilld", *words]
    main()


def _redirect(stream: object, file: Path, errors: str) -> None:
    """Write to this file, as a new interpreter does."""
    assert isinstance(stream, TextIOWrapper)
    opened = os.open(file, os.O_WRONLY)
    os.dup2(opened, stream.fileno())
    os.close(opened)
    stream.reconfigure(encoding="utf-8", errors=errors, line_buffering=stream is sys.stderr)
