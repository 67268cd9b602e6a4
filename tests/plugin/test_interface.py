"""The public module: all that a source needs, cheap to import, and no more than the page explains."""

import ast
import re
import subprocess
import sys

from refilld import source_plugin
from tests.plugin.example import PAGE, block

EXPENSIVE = (
    "sqlalchemy",
    "flask",
    "apscheduler",
    "pydantic",
    "requests",
    "structlog",
    "instaloader",
    "click",
)


def test_importing_it_loads_no_library() -> None:
    """An author's tests start at once, and a source needs nothing that refilld needs."""
    program = f"import sys, refilld.source_plugin; print([m for m in {EXPENSIVE} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


def test_the_page_explains_every_name() -> None:
    page = PAGE.read_text(encoding="utf-8")
    assert [name for name in source_plugin.__all__ if not re.search(rf"\b{name}\b", page)] == []


def test_the_example_imports_nothing_else_of_refilld() -> None:
    """And the page forbids it."""
    tree = ast.parse(block(PAGE.read_text(encoding="utf-8"), "\n`json_counts.py`"))
    imported = {node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    ours = {"monitor", "jobs", "storage", "refilld"}
    assert {module for module in imported if module and module.partition(".")[0] in ours} == {
        "refilld.source_plugin"
    }


def test_the_page_states_the_version() -> None:
    page = PAGE.read_text(encoding="utf-8")
    assert f"`refilld.source_plugin.INTERFACE_VERSION` is {source_plugin.INTERFACE_VERSION}." in page
    assert f"interface_version = {source_plugin.INTERFACE_VERSION}" in page
