"""The demo: what a stranger tries first."""

import re
from time import monotonic

from installation import Installation


def number(text: str, heading: str) -> int:
    found = re.search(rf"^\s*{heading}\s+([\d,]+)\s*$", text, re.MULTILINE)
    assert found, f"no {heading} in {text}"
    return int(found[1].replace(",", ""))


def test_the_demo_ends_by_itself_within_a_minute(bare: Installation) -> None:
    """Drops happen, refills are completed, and it says so at the end."""
    bare.settings.clear()
    began = monotonic()
    text = bare.command("demo", "--keep", "demo")
    assert monotonic() - began < 60
    assert number(text, "drops") > 0
    assert number(text, "completed") > 0
    assert number(text, "units refilled") > 0
    assert "job.failed" not in (bare.folder / "demo" / "refilld.log").read_text()
