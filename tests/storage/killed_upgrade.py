"""`refilld db upgrade`, killed before a statement: `python -m tests.storage.killed_upgrade BEGINNING`."""

import os
import sys
from signal import SIGKILL

from sqlalchemy import Connection, Engine, event

from refilld.cli.root import main


def kill_before(beginning: str) -> None:
    """Let the process end as by `kill -9` just before it sends a statement that begins like this."""

    @event.listens_for(Engine, "before_cursor_execute")
    def _kill(_connection: Connection, _cursor: object, statement: str, *_: object) -> None:
        if statement.lstrip().startswith(beginning):
            os.kill(os.getpid(), SIGKILL)


if __name__ == "__main__":
    kill_before(sys.argv.pop())
    main()
