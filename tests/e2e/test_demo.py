"""The demo, which needs no configuration."""

import re

from tests.e2e.installation import Installation

LONGEST = 90.0
"""Maximum seconds on a busy machine; on an idle one the demo takes 45."""


def number(text: str, heading: str) -> int:
    found = re.search(rf"^\s*{heading}\s+([\d,]+)\s*$", text, re.MULTILINE)
    assert found, f"no {heading} in {text}"
    return int(found[1].replace(",", ""))


def test_the_demo_ends_by_itself(bare: Installation) -> None:
    """Within a minute on an idle machine, with drops and completed refills."""
    bare.settings.clear()
    done = bare.refilld("demo", "--keep", "demo", seconds=LONGEST)
    assert done.code == 0, done
    text = done.out
    assert number(text, "drops") > 0
    assert number(text, "completed") > 0
    assert number(text, "units refilled") > 0
    assert "job.failed" not in (bare.folder / "demo" / "refilld.log").read_text()
    assert "[sources" not in (bare.folder / "demo" / "refilld.toml").read_text()
    left = bare.refilld("--config", "demo/refilld.toml", "run", "--once")
    assert (left.code, "no source is enabled" in left.err) == (
        2,
        True,
    )  # commands in it send nothing to the real Instagram


def test_the_demo_does_not_write_into_a_folder_in_use(bare: Installation) -> None:
    """It would overwrite configuration and orders."""
    (bare.folder / "orders.csv").touch()
    done = bare.refilld("demo", "--keep", ".")
    assert (done.code, "not empty" in done.err) == (2, True)
