"""Rules for the source code that linters do not check: layers, sizes, the clock."""

import ast
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PACKAGES = ("monitor", "storage", "jobs", "refilld")
LONGEST_FILE = 400
LONGEST_FUNCTION = 40

REAL_CLOCK = {
    ("datetime", "now"),
    ("datetime", "utcnow"),
    ("datetime", "today"),
    ("date", "today"),
    ("time", "time"),
    ("time", "time_ns"),
}


def sources(*packages: str) -> Iterator[tuple[str, ast.Module]]:
    """Every Python file of the packages: its path relative to the root, and its syntax tree."""
    for package in packages:
        for path in sorted((ROOT / package).rglob("*.py")):
            yield str(path.relative_to(ROOT)), ast.parse(path.read_text(), path)


def imported(tree: ast.Module) -> Iterator[str]:
    """The top-level name of everything that a file imports."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module.partition(".")[0]


def clock_reads(tree: ast.Module) -> Iterator[int]:
    """The lines on which a file reads the real time of day, or imports a function that does."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute):
            owner = (
                node.value.attr if isinstance(node.value, ast.Attribute) else getattr(node.value, "id", "")
            )
            if (owner, node.attr) in REAL_CLOCK:
                yield node.lineno
        elif isinstance(node, ast.ImportFrom):
            yield from (node.lineno for alias in node.names if (node.module, alias.name) in REAL_CLOCK)


def texts() -> Iterator[tuple[str, str]]:
    """Every text file of the project: its path relative to the root, and its content."""
    for directory, children, names in os.walk(ROOT):
        children[:] = [
            name for name in children if name == ".ci" or not name.startswith((".", "__pycache__"))
        ]
        for path in (Path(directory, name) for name in names):
            content = path.read_bytes()
            if b"\0" not in content:
                yield str(path.relative_to(ROOT)), content.decode(errors="replace")


def outside(packages: Iterable[str]) -> list[str]:
    return [package for package in PACKAGES if package not in packages]


def test_import_contracts_hold() -> None:
    linter = Path(sys.executable).with_name("lint-imports")
    answer = subprocess.run([linter, "--no-cache"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert answer.returncode == 0, answer.stdout + answer.stderr


@pytest.mark.parametrize(("library", "home"), [("sqlalchemy", "storage"), ("apscheduler", "jobs")])
def test_a_library_is_imported_in_one_package_only(library: str, home: str) -> None:
    assert [path for path, tree in sources(*outside([home])) if library in imported(tree)] == []


def test_the_real_clock_is_read_in_refilld_only() -> None:
    reads = [f"{path}:{line}" for path, tree in sources(*outside(["refilld"])) for line in clock_reads(tree)]
    assert reads == []


@pytest.mark.parametrize(
    "line",
    [
        "datetime.now(UTC)",
        "datetime.datetime.utcnow()",
        "date.today()",
        "time.time()",
        "f(clock=time.time)",
        "from time import time",
    ],
)
def test_the_clock_rule_detects(line: str) -> None:
    assert list(clock_reads(ast.parse(line))) == [1]


def test_no_file_is_too_long() -> None:
    files = [path for package in (*PACKAGES, "tests") for path in (ROOT / package).rglob("*.py")]
    lengths = {str(path.relative_to(ROOT)): len(path.read_text().splitlines()) for path in files}
    assert {path: length for path, length in lengths.items() if length > LONGEST_FILE} == {}


def test_no_function_is_too_long() -> None:
    functions = {
        f"{path}:{node.lineno} {node.name}": (node.end_lineno or node.lineno) - node.lineno + 1
        for path, tree in sources(*PACKAGES)
        if "migrations" not in Path(path).parts
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    }
    assert {name: length for name, length in functions.items() if length > LONGEST_FUNCTION} == {}


@pytest.mark.parametrize("place", ["/" + "work/", ".." + "/shared"])
def test_no_file_mentions_a_development_directory(place: str) -> None:
    assert [path for path, text in texts() if place in text] == []


def test_each_type_name_exists_once() -> None:
    """A name means one thing in the whole program."""
    names = Counter(
        node.name.removeprefix("_")
        for _, tree in sources(*PACKAGES)
        for node in ast.walk(tree)
        if isinstance(node, ast.ClassDef)
    )
    assert [name for name, number in names.items() if number > 1] == []
