"""The mutation run of `make mutants`: breaks the guarantee's arithmetic in every way that two tools know.

Each tool works in copies below `.mutants/`, so that the working tree stays as it is; two jobs at a time.
Ends with 1 when a mutant survives whose line docs/proof.md does not explain.
"""

import json
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
ROOMS = ROOT / ".mutants"
PROOF = ROOT / "docs" / "proof.md"
BIN = Path(sys.executable).parent
FILES = ("claims", "drops", "decisions")
TESTS = [
    f"tests/monitor/test_{subject}.py"
    for subject in ("decisions", "drops", "claims", "active", "claims_properties")
]
FIXED = ["-p", "no:randomly", "-p", "no:cacheprovider", "--hypothesis-profile=ci"]
"""The same order and the same examples each time."""
LONGEST = 60
"""Seconds after which cosmic-ray calls a run endless; an honest one takes five."""


@dataclass(frozen=True)
class Mutant:
    tool: str
    file: str
    fate: str
    """`killed`, `timeout` or `survived`; a test that never ends has noticed the mutant too."""
    line: str = ""
    """A survivor's changed line."""


def a_room(name: str) -> Path:
    """Copy what the tests need; whoever runs Python there imports this `monitor` and no installed one."""
    room = ROOMS / name
    shutil.copytree(ROOT / "monitor", room / "monitor", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copytree(ROOT / "tests/monitor", room / "tests/monitor")
    shutil.copy(ROOT / "pyproject.toml", room)
    return room


def run(room: Path, *command: str) -> str:
    done = subprocess.run(
        [BIN / command[0], *command[1:]], cwd=room, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise SystemExit(f"{' '.join(command)} failed in {room}:\n{done.stdout}{done.stderr}")
    return done.stdout


def changed_line(diff: str) -> str:
    """Give the line as the mutant has it; the original line where the mutant only removes it."""
    changes: list[tuple[str, str]] = re.findall(r"^([-+])(?!\1\1)\s*(.+)$", diff, re.MULTILINE)
    return next((line for sign, line in reversed(changes) if sign == "+"), changes[0][1])


def cosmic_ray(file: str) -> Iterator[Mutant]:
    room = a_room(f"cosmic-ray-{file}")
    (room / "run.toml").write_text(
        f"""[cosmic-ray]
module-path = "monitor/{file}.py"
timeout = {LONGEST}
excluded-modules = []
test-command = "{sys.executable} -m pytest -q -x {" ".join(FIXED + TESTS)}"
distributor.name = "local"
"""
    )
    run(room, "cosmic-ray", "init", "run.toml", "session.sqlite")
    run(room, "cosmic-ray", "--verbosity=ERROR", "baseline", "run.toml")
    run(room, "cosmic-ray", "--verbosity=ERROR", "exec", "run.toml", "session.sqlite")
    for job in run(room, "cosmic-ray", "dump", "session.sqlite").splitlines():
        _, result = json.loads(job)
        fate = "timeout" if result["output"] == "timeout" else result["test_outcome"]
        yield Mutant("cosmic-ray", file, fate, changed_line(result["diff"]) if fate == "survived" else "")


def mutmut() -> Iterator[Mutant]:
    room = a_room("mutmut")
    settings = {
        "source_paths": ["monitor"],
        "only_mutate": [f"monitor/{file}.py" for file in FILES],
        "pytest_add_cli_args": FIXED,
        "pytest_add_cli_args_test_selection": TESTS,
    }
    lists = [f"{key} =\n    " + "\n    ".join(values) for key, values in settings.items()]
    (room / "setup.cfg").write_text("\n".join(["[mutmut]", *lists, "use_git_change_detection = false", ""]))
    run(room, "mutmut", "run", "--max-children", "1")
    for name, fate in re.findall(
        r"^\s+(\S+): (.+)$", run(room, "mutmut", "results", "--all", "true"), re.MULTILINE
    ):
        line = changed_line(run(room, "mutmut", "show", name)) if fate == "survived" else ""
        yield Mutant("mutmut", name.split(".")[1], fate, line)


def all_mutants() -> list[Mutant]:
    jobs = [*(partial(cosmic_ray, file) for file in FILES), mutmut]
    with ThreadPoolExecutor(2) as two_cores:
        return [mutant for mutants in two_cores.map(lambda job: list(job()), jobs) for mutant in mutants]


def table(mutants: list[Mutant]) -> Iterator[str]:
    yield "| tool | file | mutants | killed | timeouts | survived |"
    yield "|---|---|---:|---:|---:|---:|"
    for tool in ("cosmic-ray", "mutmut"):
        for file in FILES:
            fates = Counter(mutant.fate for mutant in mutants if (mutant.tool, mutant.file) == (tool, file))
            numbers = (fates.total(), fates["killed"], fates["timeout"], fates["survived"])
            yield f"| {tool} | `{file}.py` | " + " | ".join(map(str, numbers)) + " |"


def tell(*lines: str) -> None:
    sys.stdout.writelines(f"{line}\n" for line in lines)


def main() -> int:
    shutil.rmtree(ROOMS, ignore_errors=True)
    mutants = all_mutants()
    tell(*table(mutants))
    explained, unexplained = PROOF.read_text(), 0
    for mutant in mutants:
        if mutant.fate in {"killed", "timeout"}:
            continue
        known = f"`{mutant.line}`" in explained
        unexplained += not known
        tell(f"{mutant.fate}{', explained' * known}: {mutant.tool}, {mutant.file}.py: {mutant.line}")
    return min(unexplained, 1)


if __name__ == "__main__":
    raise SystemExit(main())
