"""The mutation run of `make mutants`: two tools change the arithmetic of the guarantee, the tests must fail.

Each tool works in copies below `.mutants/`, so that the working tree does not change; two jobs at a time.
The exit code is 1 when a mutant survives whose line docs/proof.md does not explain.
"""

import json
import os
import re
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path

ROOT = Path(__file__).parents[2]
COPIES = ROOT / ".mutants"
PROOF = ROOT / "docs" / "proof.md"
BIN = Path(sys.executable).parent
PACKAGE = "monitor/guarantee"
FILES = tuple(sorted(path.stem for path in (ROOT / PACKAGE).glob("*.py") if path.name != "__init__.py"))
"""Mutated by mutmut."""
CORE = ("claims", "drops", "decisions")
"""Mutated by cosmic-ray too, which starts pytest anew for each mutant."""
CORE_TESTS = [
    f"tests/monitor/guarantee/test_{subject}.py"
    for subject in ("decisions", "drops", "claims", "active", "claims_properties")
]
FIXED = ["-p", "no:randomly", "-p", "no:cacheprovider", "--hypothesis-profile=ci"]
"""The same order and the same examples in each run."""
MAX_SECONDS = 60
"""Timeout of one run in cosmic-ray; a run that ends takes a few seconds."""


@dataclass(frozen=True)
class Mutant:
    tool: str
    file: str
    outcome: str
    """`killed`, `timeout` or `survived`; a test that does not end has detected the mutant too."""
    line: str = ""
    """A survivor's changed line."""


def a_copy(name: str) -> Path:
    """Copy what the tests need; Python started there imports this `monitor` and no installed one."""
    directory = COPIES / name
    shutil.copytree(ROOT / "monitor", directory / "monitor", ignore=shutil.ignore_patterns("__pycache__"))
    for package in ("tests/monitor", "tests/proof"):
        shutil.copytree(ROOT / package, directory / package, ignore=shutil.ignore_patterns("__pycache__"))
    for module in ("__init__", "builders", "effort"):
        shutil.copy(ROOT / f"tests/{module}.py", directory / "tests")
    shutil.copy(ROOT / "pyproject.toml", directory)
    return directory


def run(directory: Path, *command: str) -> str:
    done = subprocess.run(
        [BIN / command[0], *command[1:]],
        cwd=directory,
        env=os.environ | {"EFFORT": "2"},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise SystemExit(f"{' '.join(command)} failed in {directory}:\n{done.stdout}{done.stderr}")
    return done.stdout


def changed_line(diff: str) -> str:
    """Give the line as the mutant has it; the original line where the mutant only removes it."""
    changes: list[tuple[str, str]] = re.findall(r"^([-+])(?!\1\1)\s*(.+)$", diff, re.MULTILINE)
    return next((line for sign, line in reversed(changes) if sign == "+"), changes[0][1])


def cosmic_ray(file: str) -> Iterator[Mutant]:
    directory = a_copy(f"cosmic-ray-{file}")
    (directory / "run.toml").write_text(
        f"""[cosmic-ray]
module-path = "{PACKAGE}/{file}.py"
timeout = {MAX_SECONDS}
excluded-modules = []
test-command = "{sys.executable} -m pytest -q -x {" ".join(FIXED + CORE_TESTS)}"
distributor.name = "local"
"""
    )
    run(directory, "cosmic-ray", "init", "run.toml", "session.sqlite")
    run(directory, "cosmic-ray", "--verbosity=ERROR", "baseline", "run.toml")
    run(directory, "cosmic-ray", "--verbosity=ERROR", "exec", "run.toml", "session.sqlite")
    for job in run(directory, "cosmic-ray", "dump", "session.sqlite").splitlines():
        _, result = json.loads(job)
        outcome = "timeout" if result["output"] == "timeout" else result["test_outcome"]
        yield Mutant(
            "cosmic-ray", file, outcome, changed_line(result["diff"]) if outcome == "survived" else ""
        )


def mutmut() -> Iterator[Mutant]:
    directory = a_copy("mutmut")
    settings = {
        "source_paths": ["monitor"],
        "only_mutate": [f"{PACKAGE}/{file}.py" for file in FILES],
        "pytest_add_cli_args": FIXED,
        "pytest_add_cli_args_test_selection": [f"tests/{PACKAGE}"],
    }
    lists = [f"{key} =\n    " + "\n    ".join(values) for key, values in settings.items()]
    (directory / "setup.cfg").write_text(
        "\n".join(["[mutmut]", *lists, "use_git_change_detection = false", ""])
    )
    run(directory, "mutmut", "run", "--max-children", "1")
    for name, outcome in re.findall(
        r"^\s+(\S+): (.+)$", run(directory, "mutmut", "results", "--all", "true"), re.MULTILINE
    ):
        line = changed_line(run(directory, "mutmut", "show", name)) if outcome == "survived" else ""
        yield Mutant("mutmut", name.split(".")[2], outcome, line)


def all_mutants() -> list[Mutant]:
    jobs = [mutmut, *(partial(cosmic_ray, file) for file in CORE)]
    with ThreadPoolExecutor(2) as two_cores:
        return [mutant for mutants in two_cores.map(lambda job: list(job()), jobs) for mutant in mutants]


def table(mutants: list[Mutant]) -> Iterator[str]:
    yield "| tool | file | mutants | killed | timeouts | survived |"
    yield "|---|---|---:|---:|---:|---:|"
    for tool, files in (("cosmic-ray", CORE), ("mutmut", FILES)):
        for file in files:
            outcomes = Counter(
                mutant.outcome for mutant in mutants if (mutant.tool, mutant.file) == (tool, file)
            )
            numbers = (outcomes.total(), outcomes["killed"], outcomes["timeout"], outcomes["survived"])
            yield f"| {tool} | `{file}.py` | " + " | ".join(map(str, numbers)) + " |"


def write(*lines: str) -> None:
    sys.stdout.writelines(f"{line}\n" for line in lines)


def main() -> int:
    shutil.rmtree(COPIES, ignore_errors=True)
    mutants = all_mutants()
    write(*table(mutants))
    explained, unexplained = PROOF.read_text(), 0
    for mutant in mutants:
        if mutant.outcome in {"killed", "timeout"}:
            continue
        known = f"`{mutant.line}`" in explained
        unexplained += not known
        write(f"{mutant.outcome}{', explained' * known}: {mutant.tool}, {mutant.file}.py: {mutant.line}")
    return min(unexplained, 1)


if __name__ == "__main__":
    raise SystemExit(main())
