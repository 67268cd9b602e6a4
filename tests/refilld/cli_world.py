"""The environment of command-line tests: a directory with a configuration and a database."""

import os
import sqlite3
import subprocess
import sys
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from click.testing import CliRunner, Result

from refilld.cli.context import CommandContext
from refilld.cli.root import refilld
from tests.main_in_process import run_main
from tests.refilld.queue_world import QueueWorld, queue_world

HEADER = (
    "order_id,service,link,quantity,status,completed_at,start_count,remains,metric,provider,price,currency\n"
)
COMMAND = (sys.executable, "-W", "error", "-m", "refilld")


@dataclass
class CliWorld:
    """Commands run in `home`, where refilld.toml names the world's database."""

    world: QueueWorld
    home: Path

    def run(self, *words: object, stdin: str | None = None) -> Result:
        """Run a command in this process, at the time of the world's clock."""
        context = CommandContext(self.home / "refilld.toml", self.world.clock)
        return CliRunner().invoke(refilld, list(map(str, words)), input=stdin, obj=context)

    def main(self, *words: object, **environ: str) -> subprocess.CompletedProcess[str]:
        """As `process`, in this process: the same exit code and output, in a tenth of the time."""
        return run_main(*words, cwd=self.home, **environ)

    def process(self, *words: object, **environ: str) -> subprocess.CompletedProcess[str]:
        """Run a command as a separate process."""
        return process(*words, cwd=self.home, **environ)

    def write(self, text: str | bytes, name: str = "orders.csv") -> Path:
        path = self.home / name
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return path

    def imported(self, *rows: str) -> None:
        """Import valid rows."""
        path = self.write(csv(rows))
        result = self.run("orders", "import", path)
        assert (result.exit_code, result.stderr) == (0, "")

    def dump(self) -> str:
        """The content of the database, as SQL."""
        return dump(self.world.path)


def process(*words: object, cwd: Path, **environ: str) -> subprocess.CompletedProcess[str]:
    """Run refilld as a process with a clean environment; warnings are errors."""
    return subprocess.run(
        [*COMMAND, *map(str, words)], cwd=cwd, env=bare(cwd, environ), capture_output=True, text=True,
        stdin=subprocess.DEVNULL, check=False, timeout=120,
    )  # fmt: skip


def bare(home: Path, environ: Mapping[str, str]) -> dict[str, str]:
    return {"PATH": os.defpath, "HOME": str(home), "LC_ALL": "C.UTF-8", **environ}


def csv(rows: Iterable[str]) -> str:
    return HEADER + "".join(f"{row}\n" for row in rows)


def sold(order_id: object, completed: str = "2026-02-20T00:00:00Z", quantity: int = 1000) -> str:
    """The row of an order of followers on its own profile."""
    return f"{order_id},svc,@shop{order_id},{quantity},Completed,{completed},500,0,followers,acme,1.50,USD"


def dump(path: Path) -> str:
    with closing(sqlite3.connect(path)) as connection:
        # without the last ids, which a row that is found to exist already may use up
        return "\n".join(line for line in connection.iterdump() if "sqlite_sequence" not in line)


@contextmanager
def cli_world(home: Path) -> Iterator[CliWorld]:
    with queue_world(home) as world:
        (home / "refilld.toml").write_text(f'[database]\nurl = "sqlite:///{world.path}"\n')
        yield CliWorld(world, home)
