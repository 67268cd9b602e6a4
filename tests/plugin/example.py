"""The example of docs/sources.md, taken from the page and installed as a distribution of its own."""

import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "sources.md"
FILES = ("pyproject.toml", "json_counts.py", "test_json_counts.py")


def block(text: str, before: str) -> str:
    """Return the first code block after this text."""
    found = re.search(rf"{re.escape(before)}.*?^```\w+\n(.*?)^```$", text, re.DOTALL | re.MULTILINE)
    assert found is not None, f"docs/sources.md has no code block after {before!r}"
    return found[1]


def write(folder: Path) -> Path:
    """Write the files that the page shows."""
    text = PAGE.read_text(encoding="utf-8")
    folder.mkdir()
    for name in FILES:
        (folder / name).write_text(block(text, f"\n`{name}`"), encoding="utf-8")
    return folder


def configuration(url: str) -> str:
    """Return the configuration that the page shows, for another address and without pauses."""
    shown = block(PAGE.read_text(encoding="utf-8"), "## Installing and running it\n\n```sh")
    assert "https://counts.example" in shown
    return shown.replace("https://counts.example", url).replace('spacing = "5s"', 'spacing = "0s"')


def install(distribution: Path, place: Path) -> Path:
    """Build and install a distribution into a folder, without the network."""
    command = (
        sys.executable, "-m", "pip", "install", "--no-deps", "--no-build-isolation", "--no-index", "--quiet",
        "--disable-pip-version-check", "--root-user-action=ignore", "--target", place, distribution,
    )  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stdout + done.stderr
    return place
