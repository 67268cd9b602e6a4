"""`refilld demo --stay`: the pages of the desk, with something going on in them."""

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import requests

from tests.e2e.installation import MAX_WAIT, Installation

SIGN_IN = re.compile(r"The desk: (http://127\.0\.0\.1:\d+)\s+user (\S+)\s+password (\S+)")
FORM_TOKEN = re.compile(r'name="form_token" value="([^"]+)"')


@contextmanager
def staying_demo(bare: Installation, temporary: Path) -> Iterator["subprocess.Popen[str]"]:
    process = subprocess.Popen(
        [sys.executable, "-m", "refilld", "demo", "--stay"],
        env=bare.environment | {"TMPDIR": str(temporary)}, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        yield process
    finally:
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=MAX_WAIT)


def test_ctrl_c_while_the_demo_starts_ends_it_without_a_traceback(bare: Installation, tmp_path: Path) -> None:
    """A terminal sends it to the commands that are under way, too; nothing is left."""
    bare.settings.clear()
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    with subprocess.Popen(
        [sys.executable, "-m", "refilld", "demo", "--stay"],
        env=bare.environment | {"TMPDIR": str(temporary)}, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        text=True, start_new_session=True,
    ) as process:  # fmt: skip
        assert process.stdout is not None
        assert "a stand-in on loopback" in process.stdout.readline()
        os.killpg(process.pid, signal.SIGINT)
        try:
            _, complaint = process.communicate(timeout=MAX_WAIT)
        finally:
            process.kill()
    assert (process.returncode, complaint) == (0, "")
    assert list(temporary.iterdir()) == []


def sign_in_printed(process: "subprocess.Popen[str]") -> tuple[str, str, str]:
    assert process.stdout is not None
    for line in process.stdout:
        if found := SIGN_IN.search(line):
            return found[1], found[2], found[3]
    raise AssertionError("the demo ended and printed no sign-in")


def test_the_demo_stays_with_a_desk_to_sign_in_to_and_ctrl_c_leaves_nothing(
    bare: Installation, tmp_path: Path
) -> None:
    bare.settings.clear()
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    with staying_demo(bare, temporary) as process, requests.Session() as session:
        session.trust_env = False
        url, user, password = sign_in_printed(process)
        token = FORM_TOKEN.findall(session.get(f"{url}/sign-in", timeout=10).text)[0]
        form = {"form_token": token, "name": user, "password": password}
        today = session.post(f"{url}/sign-in/send", form, headers={"Origin": url}, timeout=10)
        assert (today.status_code, "<h1>Today</h1>" in today.text) == (200, True)
    assert process.returncode == 0
    assert list(temporary.iterdir()) == []
