"""`refilld db backup`, `restore`, `copy` and `reopen` as an operator uses them."""

import re
import subprocess
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.main_in_process import run_main
from tests.migrated_database import migrated_database

MINUTE = r"\d{4}-\d\d-\d\d \d\d:\d\d UTC"


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A folder with a configuration and a database with one order."""
    (tmp_path / "refilld.toml").write_text('[database]\nurl = "sqlite:///refilld.db"\n')
    with migrated_database(tmp_path / "refilld.db"):
        pass
    row = "1,svc,@nasa,1000,Completed,2026-01-20T00:00:00Z,500,0,followers"
    header = "order_id,service,link,quantity,status,completed_at,start_count,remains,metric"
    (tmp_path / "orders.csv").write_text(f"{header}\n{row}\n")
    assert run_main("orders", "import", "orders.csv", cwd=tmp_path).returncode == 0
    return tmp_path


def said(answer: "subprocess.CompletedProcess[str]") -> tuple[int, str, str]:
    return answer.returncode, answer.stdout, answer.stderr


def test_a_backup_says_where_how_large_and_what_it_is(home: Path) -> None:
    code, out, err = said(run_main("db", "backup", "monday.db", cwd=home))
    assert (code, err) == (0, "")
    pattern = rf"monday\.db: [\d,]+ bytes, revision \d{{4}}, made {MINUTE}, read back, \d+\.\d s\n"
    assert re.fullmatch(pattern, out)


@pytest.mark.parametrize(
    ("words", "code", "err"),
    [
        (["backup", "orders.csv"], 1, "refilld: orders.csv exists already; give another name, or replace it"),
        (["backup", "-"], 2, "refilld: FILE: a backup is written to a file, not to standard output"),
        (["backup", "away/monday.db"], 1, "refilld: away/monday.db: cannot be written: No such file or dir"),
        (["restore", "orders.csv", "--yes"], 1, "refilld: orders.csv is not a backup: neither of SQLite"),
        (["copy", "--to", "refilld.db"], 2, "refilld: database.url: not a database URL"),
        (["copy", "--to", "sqlite:///refilld.db"], 1, "refilld: the database cannot be copied onto itself"),
        (["reopen", "--yes"], 1, "refilld: sqlite:///refilld.db was not moved; there is nothing to reopen"),
    ],
)
def test_what_is_refused_is_one_line(home: Path, words: list[str], code: int, err: str) -> None:
    before = sorted(path.name for path in home.iterdir() if path.suffix != ".lock")
    answer = run_main("db", *words, cwd=home)
    assert answer.returncode == code
    assert answer.stderr.startswith(err)
    assert answer.stderr.count("\n") == 1
    assert sorted(path.name for path in home.iterdir() if path.suffix != ".lock") == before


def test_a_restore_asks_and_tells_what_it_replaces(home: Path) -> None:
    """Without a yes nothing is changed."""
    run_main("db", "backup", "monday.db", cwd=home)
    code, out, err = said(run_main("db", "restore", "monday.db", cwd=home))
    assert (code, out) == (2, "")
    assert "(no look, 0 refills created since the backup) will be replaced by monday.db" in err
    assert "nothing is changed: no terminal to ask on; --yes answers" in err
    assert not list(home.glob("*before-restore*"))


def test_a_restore_says_what_it_did_and_is_recorded(home: Path) -> None:
    """In the check of the database and in the doctor."""
    run_main("db", "backup", "monday.db", cwd=home)
    code, out, _err = said(run_main("db", "restore", "monday.db", "--yes", cwd=home))
    assert code == 0
    first_id = re.search(r"ids begin at (\d+)", out)
    assert first_id
    assert int(first_id[1]) > (datetime.now(UTC) - datetime(2026, 1, 1, tzinfo=UTC)).days * 864_000_000
    (kept,) = home.glob("*before-restore*")
    assert f"the database before is kept as {kept.resolve()}\n" in out
    recorded = f"restored from {home.resolve()}/monday.db on "
    assert recorded in run_main("db", "check", cwd=home).stdout
    assert recorded in run_main("doctor", "--json", cwd=home).stdout


def test_after_a_copy_commands_on_the_old_database_stop_until_it_is_reopened(home: Path) -> None:
    """With one line and the two remedies."""
    code, out, err = said(run_main("db", "copy", "--to", "sqlite:///new.db", cwd=home))
    assert code == 0
    assert "orders: 1\n" in err
    assert "copied to sqlite:///new.db and compared one by one" in out
    for words in (["orders", "list"], ["serve"], ["refills", "claim"]):
        stopped = run_main(*words, cwd=home)
        assert stopped.returncode == 2
        assert stopped.stderr == (
            f"refilld: sqlite:///refilld.db was copied to sqlite:///{home.resolve()}/new.db, where the work"
            " goes on; set database.url to it (to go on here after all: refilld db reopen)\n"
        )
    finding = run_main("doctor", "--json", cwd=home).stdout
    assert "database.moved" in finding
    elsewhere = {"REFILLD_DATABASE__URL": "sqlite:///new.db"}
    assert "nasa" in run_main("orders", "list", cwd=home, **elsewhere).stdout
    assert run_main("db", "reopen", "--yes", cwd=home).stdout.startswith("reopened; ids begin at ")
    assert "nasa" in run_main("orders", "list", cwd=home).stdout


def test_a_dry_run_of_a_restore_only_shows_what_it_would_replace(home: Path) -> None:
    run_main("db", "backup", "monday.db", cwd=home)
    before = (home / "refilld.db").read_bytes()
    code, out, _ = said(run_main("db", "restore", "monday.db", "--dry-run", cwd=home))
    assert (code, "will be replaced by monday.db" in out) == (0, True)
    assert (home / "refilld.db").read_bytes() == before
    assert not list(home.glob("*before-restore*"))
