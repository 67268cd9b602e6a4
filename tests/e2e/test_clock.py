"""A daemon whose clock is set forward by years goes on, does not work more, and stops at once."""

import urllib.request
from pathlib import Path
from time import monotonic

import pytest

from tests.e2e.installation import Installation, Sold, until

LIBRARY = Path("/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1")


@pytest.fixture
def when(place: Installation) -> Path:
    """The file that sets the clock of the daemon, but not its monotonic clock: as on a real machine."""
    found = [LIBRARY, *Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1")]
    library = next((path for path in found if path.exists()), None)
    if library is None:
        pytest.fail("libfaketime is missing; `apt-get install libfaketime` brings it (as `make test` does)")
    offset = place.folder / "when"
    offset.write_text("+0")
    place.forked = False  # a library is preloaded at the start of a process
    place.environ |= {
        "LD_PRELOAD": str(library), "FAKETIME_TIMESTAMP_FILE": str(offset), "FAKETIME_NO_CACHE": "1",
        "FAKETIME_DONT_FAKE_MONOTONIC": "1",
    }  # fmt: skip
    return offset


def resident_kilobytes(pid: int) -> int:
    (line,) = [line for line in Path(f"/proc/{pid}/status").read_text().splitlines() if "VmRSS" in line]
    return int(line.split()[1])


def test_a_clock_set_forward_by_six_years_costs_nothing(place: Installation, when: Path) -> None:
    """Sampling, with 190 million missed runs, goes on at once; memory stays, and SIGTERM is obeyed."""
    place.settings |= {"terms.default.window": "lifetime", "sampling.cadence": "fixed"}
    place.sell([Sold("1", "nasa")])
    with place.daemon() as daemon:
        daemon.until_logged("look.taken")
        address = f"http://127.0.0.1:{daemon.port}/readyz"
        before = resident_kilobytes(daemon.process.pid)
        when.write_text("+6y")
        until(lambda: daemon.logged("look.taken")[-1]["timestamp"] > "2031", "a look at the new time")
        with urllib.request.urlopen(address, timeout=3) as answer:
            assert answer.status == 200
        assert resident_kilobytes(daemon.process.pid) < before + 30_000
        asked = monotonic()
        assert daemon.stop() == 0
        assert monotonic() - asked < 5


def test_no_daemon_starts_with_a_clock_of_the_past(place: Installation, when: Path) -> None:
    """It would repair all times to that one, and forget orders that seem to be completed in the future."""
    place.sell([Sold("1", "nasa")])
    when.write_text("-3y")
    refused = place.refilld("run", "--once")
    assert refused.code != 0
    assert "the clock says 202" in refused.err
    assert "before this release of refilld was made" in refused.err
    when.write_text("+0")
    with place.daemon() as daemon:
        daemon.until_logged("look.taken")
