"""`refilld init` and `refilld db`: creating, migrating and checking the database."""

import json
import os
import sqlite3
import stat
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from importlib.resources import files
from pathlib import Path

import pytest
from alembic import command
from click.testing import CliRunner, Result

from monitor.model.terms import Terms
from refilld.cli.context import CommandContext
from refilld.cli.database import COMMANDS
from refilld.cli.root import refilld
from refilld.config import ConfigError
from storage import migrate, revision
from storage.daemon_lock import daemon_lock
from storage.engine import Database
from storage.errors import DaemonRunningError, NotMigratedError, UnreachableError
from storage.terms import dump_terms
from tests.full_disk import small_disk
from tests.main_in_process import run_main
from tests.refilld.cli_world import CliWorld, bare, cli_world, dump, process

EXAMPLE = files("refilld").joinpath("config.example.toml").read_text(encoding="utf-8")


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty working directory."""
    monkeypatch.setattr("refilld.cli.root.configure", lambda **_: None)
    monkeypatch.setattr("refilld.config.PLACES", ("refilld.toml",))
    monkeypatch.chdir(tmp_path)
    for name in [name for name in os.environ if name.startswith("REFILLD_")]:
        monkeypatch.delenv(name)
    return tmp_path


@pytest.fixture
def cli(tmp_path: Path) -> Iterator[CliWorld]:
    with cli_world(tmp_path) as cli:
        yield cli


def run(*words: object, config: Path | None = None) -> Result:
    return CliRunner().invoke(refilld, list(map(str, words)), obj=CommandContext(config))


def test_the_commands_are_registered() -> None:
    """Under the documented names."""
    (group,) = COMMANDS
    assert group.name == "db"
    assert set(group.commands) == {"upgrade", "check", "backup", "restore", "copy", "reopen", "compact"}


# init


def test_init_writes_the_commented_configuration_and_creates_the_database(home: Path) -> None:
    """In the working directory, ready for an import; only the owner can read the database."""
    result = run("init")
    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout == f"wrote refilld.toml\ndatabase {home.resolve()}/refilld.db is ready\n"
    assert (home / "refilld.toml").read_text(encoding="utf-8") == EXAMPLE
    assert stat.S_IMODE((home / "refilld.db").stat().st_mode) == 0o600
    assert run("db", "check").stdout == f"sqlite:///refilld.db is sound and at {revision.newest()}\n"


@pytest.mark.parametrize(("umask", "mode"), [(0o000, 0o640), (0o022, 0o640), (0o077, 0o600)])
def test_the_new_configuration_is_not_readable_by_all(home: Path, umask: int, mode: int) -> None:
    """Secrets may be written into it: 0640, or less if the umask takes more away; the database is 0600."""
    before = os.umask(umask)
    try:
        assert run("init").exit_code == 0
    finally:
        os.umask(before)
    assert stat.S_IMODE((home / "refilld.toml").stat().st_mode) == mode
    assert stat.S_IMODE((home / "refilld.db").stat().st_mode) == 0o600
    (home / "refilld.toml").write_text("[alerts]\nurls = ['json://user:hunter2@127.0.0.1:1']\n")
    findings = {row["id"] for row in map(json.loads, run("doctor", "--json").stdout.splitlines())
                if row["level"] != "ok"}  # fmt: skip
    assert findings & {"configuration.secrets", "database.file"} == set()


def test_init_on_a_full_disk_leaves_nothing_and_can_be_repeated(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with small_disk(tmp_path / "disk") as disk:
        monkeypatch.chdir(disk.folder)
        disk.fill()
        failed = run("init")
        assert str(failed.exception) == "refilld.toml: cannot be written: No space left on device"
        assert isinstance(failed.exception, ConfigError)
        assert [path.name for path in disk.folder.iterdir()] == ["filler"]
        disk.make_room()
        assert run("init").exit_code == 0
        assert (disk.folder / "refilld.toml").read_text(encoding="utf-8") == EXAMPLE
        monkeypatch.chdir(home)


def test_init_can_be_repeated_and_overwrites_nothing(cli: CliWorld) -> None:
    """Neither a byte of the configuration nor a row of the database."""
    cli.imported("1,svc,@nasa,1000,Pending,,,,followers,,,")
    config = (cli.home / "refilld.toml").read_bytes()
    before = cli.dump()
    for _ in range(2):
        result = run("init")
        assert result.exit_code == 0
        assert result.stdout.startswith("refilld.toml exists already, and is not changed\n")
    assert ((cli.home / "refilld.toml").read_bytes(), cli.dump()) == (config, before)


def test_init_does_not_write_through_a_dangling_link(home: Path) -> None:
    """The link may be intentional."""
    (home / "refilld.toml").symlink_to("elsewhere.toml")
    assert isinstance(run("init").exception, ConfigError)
    assert not (home / "elsewhere.toml").exists()


def test_init_does_not_change_a_wrong_configuration(home: Path) -> None:
    """It reports the error, and creates no other database."""
    (home / "refilld.toml").write_text("[databse]\n")
    result = run_main("init", cwd=home)
    assert result.returncode == 2
    assert result.stderr == "refilld: refilld.toml:1: unknown key databse; did you mean database?\n"
    assert list(home.glob("*.db")) == []


@pytest.mark.parametrize(
    ("words", "environ", "expected"),
    [
        (["init", "--config", "said.toml"], {}, "said.toml"),
        (["--config", "said.toml", "init"], {}, "said.toml"),
        (["--config", "other.toml", "init", "--config", "said.toml"], {}, "said.toml"),
        (["init"], {"REFILLD_CONFIG": "named.toml"}, "named.toml"),
        (["--config", "said.toml", "init"], {"REFILLD_CONFIG": "named.toml"}, "said.toml"),
    ],
)
def test_init_writes_the_file_that_other_commands_read(
    home: Path, words: list[str], environ: dict[str, str], expected: str
) -> None:
    """With the same precedence."""
    result = run_main(*words, cwd=home, **environ)
    assert (result.returncode, result.stderr) == (0, "")
    assert [path.name for path in home.glob("*.toml")] == [expected]
    assert run_main("db", "check", cwd=home, REFILLD_CONFIG=expected).returncode == 0


def test_init_creates_the_database_that_the_configuration_names(home: Path) -> None:
    """Also from an existing configuration, or a variable."""
    (home / "refilld.toml").write_text("[database]\nurl = 'sqlite:///mine.db'\n")
    assert run("init").stdout.endswith("/mine.db is ready\n")
    run_main("init", cwd=home, REFILLD_DATABASE__URL="sqlite:///other.db")
    assert sorted(path.name for path in home.glob("*.db")) == ["mine.db", "other.db"]


def test_an_unwritable_configuration_is_a_one_line_error(home: Path) -> None:
    """With the file, and exit code 2."""
    result = run_main("init", "--config", "gone/refilld.toml", cwd=home)
    assert (result.returncode, result.stdout) == (2, "")
    assert result.stderr == "refilld: gone/refilld.toml: cannot be written: No such file or directory\n"


# db


def test_an_upgrade_brings_the_database_to_this_version_and_can_be_repeated(home: Path) -> None:
    """No row is lost."""
    expected = f"sqlite:///refilld.db is at {revision.newest()}"
    assert run("db", "upgrade").stdout == f"{expected}, created\n"
    before = dump(home / "refilld.db")
    assert run("db", "upgrade").stdout == f"{expected}, unchanged\n"
    assert dump(home / "refilld.db") == before


OVERLAPPING = """
INSERT INTO targets (target_id, link, kind, key, metric) VALUES
    (1, 'https://www.instagram.com/ann/', 'profile', 'ann', 'followers');
INSERT INTO orders (order_id, target_id, service, link_typed, quantity, remains, status, completed_at,
    start_count, terms, imported_at, updated_at) VALUES
    ('A', 1, 's', '@ann', 1000, 0, 'Completed', {late}, 1000, '{terms}', 1, 1),
    ('B', 1, 's', '@ann', 1000, 0, 'Completed', {early}, 1300, '{terms}', 1, 1)
"""


def test_an_upgrade_lists_once_the_orders_whose_lines_change(home: Path) -> None:
    """The start count of B holds 300 of A, which was completed later."""
    now = datetime.now(UTC)
    late, early = (int((now - timedelta(days=days)).timestamp() * 1_000_000) for days in (3, 4))
    with closing(Database("sqlite:///refilld.db")) as database, database.write() as connection:
        config = migrate._config()
        config.attributes["connection"] = connection
        command.upgrade(config, "0004")
        for statement in OVERLAPPING.format(late=late, early=early, terms=dump_terms(Terms())).split(";\n"):
            connection.exec_driver_sql(statement)
    first = run("db", "upgrade").stdout
    assert "migrated from 0004" in first
    assert "  order B: line 3300 before, 3000 now\n" in first
    assert "order A" not in first
    assert "order B" not in run("db", "upgrade").stdout


@pytest.mark.parametrize("words", [("db", "upgrade"), ("init",)])
def test_a_database_in_use_by_a_daemon_is_not_migrated(home: Path, words: tuple[str, ...]) -> None:
    """The daemon would continue with its own version."""
    older = Database("sqlite:///refilld.db")
    with daemon_lock(older), pytest.MonkeyPatch.context() as patch:
        patch.setattr("storage.revision.newest", lambda: "9999")
        assert isinstance(run(*words).exception, DaemonRunningError)
    older.close()
    assert run("db", "upgrade").exit_code == 0


def test_a_check_changes_nothing(cli: CliWorld) -> None:
    """It is read-only."""
    before = cli.dump()
    assert run("db", "check").exit_code == 0
    assert cli.dump() == before


def test_a_database_without_tables_is_a_wrong_usage_with_its_remedy(home: Path) -> None:
    """In every command that needs them."""
    for words in (["db", "check"], ["orders", "list"], ["drops", "list"], ["sources", "list"]):
        assert isinstance(run(*words).exception, NotMigratedError)
    result = process("orders", "list", "--json", cwd=home)
    assert (result.returncode, result.stdout) == (2, "")
    place = home.resolve() / "refilld.db"
    assert result.stderr == (
        f"refilld: no configuration file was found ({home.resolve()}/refilld.toml, "
        f"/etc/refilld/config.toml), and there is no database {place}; "
        "name the file with --config or $REFILLD_CONFIG, or, for a new shop, run: refilld init\n"
    )
    assert not (home / "refilld.db").exists()
    for named in ({"REFILLD_DATABASE__URL": f"sqlite:///{place}"}, {"REFILLD_CONFIG": "shop.toml"}):
        (home / "shop.toml").touch()
        result = run_main("orders", "list", cwd=home, **named)
        assert result.stderr == f"refilld: there is no database {place}; run: refilld init\n"
    Database("sqlite:///refilld.db").close()
    result = run_main("orders", "list", cwd=home)
    assert result.stderr == "refilld: sqlite:///refilld.db holds no refilld tables; run: refilld init\n"


def test_a_damaged_file_is_found(home: Path) -> None:
    """By `db check`."""
    database = Database("sqlite:///refilld.db")
    migrate.upgrade(database)
    database.checkpoint()
    database.close()
    with closing(sqlite3.connect("refilld.db")) as connection:
        connection.execute("PRAGMA journal_mode = DELETE").fetchall()
        page = connection.execute("SELECT rootpage FROM sqlite_master WHERE name = 'tokens'").fetchone()[0]
        (size,) = connection.execute("PRAGMA page_size").fetchone()
    with Path("refilld.db").open("r+b") as file:
        file.seek((page - 1) * size)
        file.write(b"\xff" * size)
    result = run_main("db", "check", cwd=home)
    assert (result.returncode, result.stdout) == (3, "")
    assert result.stderr.startswith("refilld: database sqlite:///refilld.db")
    assert len(result.stderr.splitlines()) == 1


# Unreachable databases


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("sqlite:///folder", "cannot open folder: it is not a file"),
        ("sqlite:///text.db", "database sqlite:///text.db: file is not a database"),
        (
            "postgresql+psycopg://shop:hunter2@127.0.0.1:1/refilld",
            "database postgresql+psycopg://shop:***@127.",
        ),
        (
            "postgresql://127.0.0.1:1/refilld?password=hunter2&user=shop",
            "database postgresql://127.0.0.1:1/refilld?",
        ),
    ],
)
def test_an_unreachable_database_is_a_one_line_error_without_the_password(
    home: Path, url: str, expected: str
) -> None:
    """With exit code 3, in every command."""
    (home / "text.db").write_text("no database " * 100)
    (home / "folder").mkdir()
    (home / "refilld.toml").write_text(f"[database]\nurl = '{url}'\n")
    for words in (["init"], ["db", "upgrade"], ["db", "check"], ["orders", "list"], ["token", "list"]):
        assert isinstance(run(*words).exception, UnreachableError)
    result = run_main("orders", "list", "--json", cwd=home)
    assert (result.returncode, result.stdout) == (3, "")
    assert result.stderr.startswith(f"refilld: {expected}")
    assert len(result.stderr.splitlines()) == 1
    assert "hunter2" not in result.stderr


def test_the_error_for_an_unusable_url_has_file_and_line(home: Path) -> None:
    """It is a wrong configuration, not an unreachable service."""
    (home / "refilld.toml").write_text("[database]\n\nurl = 'mysql://shop:hunter2@host/refilld'\n")
    result = run_main("orders", "list", cwd=home)
    assert (result.returncode, result.stdout) == (2, "")
    assert result.stderr.startswith("refilld: refilld.toml:3: database.url: unknown engine 'mysql'; write ")
    assert "hunter2" not in result.stderr


def test_test_processes_have_a_clean_environment() -> None:
    """The tests do not depend on the machine."""
    assert sorted(bare(Path("/"), {})) == ["HOME", "LC_ALL", "PATH"]


# db compact


def test_compact_says_what_it_saved_and_refuses_while_a_daemon_runs(home: Path) -> None:
    """A free page or two make no difference in the sizes."""
    run("init")
    result = run("db", "compact")
    assert result.exit_code == 0, result.output
    assert " is compact: " in result.output
    database = Database(f"sqlite:///{home / 'refilld.db'}")
    with daemon_lock(database):
        assert isinstance(run("db", "compact").exception, DaemonRunningError)
    database.close()
