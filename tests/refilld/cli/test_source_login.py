"""`refilld sources login`: cookies of a browser's export are checked and stored for the owner only."""

import json
import random
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.errors import BadInputError
from monitor.sources.instaloader.source import InstaloaderSource
from refilld.cli.context import CommandContext
from refilld.cli.root import refilld
from refilld.cli.source_login import exported
from tests.refilld.cli_world import CliWorld, cli_world

COOKIES = {"sessionid": "17%3AFAKE%3A3", "csrftoken": "FAKEtoken", "ds_user_id": "17"}
BESIDES = {"ig_nrcb": "1", "rur": '"CLN\\05417"'}
LIST = [
    {"name": name, "value": value, "domain": ".instagram.com", "httpOnly": True}
    for name, value in (COOKIES | BESIDES).items()
]
ELSEWHERE = {"name": "sessionid", "value": "another", "domain": "notinstagram.com"}
LINES = "# Netscape HTTP Cookie File\n\n" + "".join(
    f"{prefix}.instagram.com\tTRUE\t/\tTRUE\t1800000000\t{name}\t{value}\n"
    for prefix, (name, value) in zip(["#HttpOnly_", "", "", "", ""], (COOKIES | BESIDES).items(), strict=True)
)


@pytest.fixture
def cli(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[CliWorld]:
    monkeypatch.setattr("refilld.cli.root.configure", lambda **_: None)
    with cli_world(tmp_path) as cli:
        with (cli.home / "refilld.toml").open("a") as file:
            file.write(f'[sources.instaloader]\nsession_file = "{cli.home}/session.json"\n')
        yield cli


@pytest.mark.parametrize(
    "export",
    [
        json.dumps(COOKIES | BESIDES),
        json.dumps([*LIST, ELSEWHERE]),
        json.dumps([{"name": name, "value": value} for name, value in COOKIES.items()]),
        LINES + "other.example\tTRUE\t/\tTRUE\t1\tsessionid\tanother\n",
        "\ufeff" + json.dumps(COOKIES),
        LINES.replace("\n", "\r\n"),
    ],
    ids=["object", "list", "list of one site", "cookies.txt", "with a mark", "of windows"],
)
def test_every_common_export_becomes_a_session_file(cli: CliWorld, export: str) -> None:
    """Only the needed cookies, readable by the owner only; one line names the next step."""
    result = cli.run("sources", "login", "instaloader", "--cookies", cli.write(export, "export"))
    assert result.exit_code == 0, result.output
    place = cli.home / "session.json"
    assert (json.loads(place.read_text()), place.stat().st_mode & 0o777) == (COOKIES, 0o600)
    assert InstaloaderSource.configured({"session_file": str(place)})
    assert result.output.count("\n") == 1
    assert "refilld sources probe instaloader" in result.output
    assert "FAKE" not in result.output


def test_cookies_can_come_from_standard_input(cli: CliWorld) -> None:
    """No second file is needed."""
    context = CommandContext(cli.home / "refilld.toml", cli.world.clock)
    result = CliRunner().invoke(
        refilld, ["sources", "login", "instaloader"], obj=context, input=json.dumps(COOKIES)
    )
    assert result.exit_code == 0, result.output
    assert json.loads((cli.home / "session.json").read_text()) == COOKIES


def test_an_older_login_is_replaced_and_readable_by_its_owner_only(cli: CliWorld) -> None:
    """Even if the old file was readable by others."""
    place = cli.home / "session.json"
    place.write_text("old")
    place.chmod(0o644)
    cli.run("sources", "login", "instaloader", "--cookies", cli.write(LINES, "export"))
    assert (json.loads(place.read_text()), place.stat().st_mode & 0o777) == (COOKIES, 0o600)
    assert not list(cli.home.glob(".refilld.*"))


@pytest.mark.parametrize(
    ("export", "message"),
    [
        (b"", "neither JSON nor a cookies.txt"),
        (b"hello", "neither JSON nor a cookies.txt"),
        (b"\xff\xfe", "not text"),
        (b'{"sessionid":', "not JSON"),
        (b"[" * 100_000, "not JSON"),
        (b"[7]", "a list of cookies must hold objects"),
        (b"{}", "no cookie sessionid"),
        (json.dumps([ELSEWHERE]).encode(), "no cookie sessionid"),
        (json.dumps(COOKIES | {"sessionid": "FAKE secret"}).encode(), "the value of sessionid"),
        (json.dumps(COOKIES | {"sessionid": 7}).encode(), "the value of sessionid"),
        (
            json.dumps({name: COOKIES[name] for name in ("sessionid", "csrftoken")}).encode(),
            "no cookie ds_user_id",
        ),
        (b" " * 1_100_000, "no export"),
    ],
    ids=lambda value: str(value)[:40],
)
def test_an_invalid_login_is_refused_and_nothing_is_written(
    cli: CliWorld, export: bytes, message: str
) -> None:
    """With one line without any value."""
    result = cli.main("sources", "login", "instaloader", "--cookies", cli.write(export, "export"))
    assert (result.returncode, result.stdout) == (2, "")
    assert message in result.stderr
    assert len(result.stderr.splitlines()) == 1
    assert "FAKE" not in result.stderr
    assert not (cli.home / "session.json").exists()


@settings(max_examples=300, deadline=None)
@given(
    st.binary(max_size=200) | st.text(max_size=200).map(lambda text: text.encode(errors="replace")),
    st.randoms(),
)
def test_any_bytes_are_a_login_or_one_clear_error(odd: bytes, chance: random.Random) -> None:
    """Alone, and inside a valid export."""
    messages = []
    for whole in (json.dumps(COOKIES), json.dumps(LIST), LINES):
        at = chance.randrange(len(whole))
        for content in (odd, whole[:at].encode() + odd + whole[at:].encode()):
            try:
                assert exported(content).values.keys() >= COOKIES.keys()
            except BadInputError as error:
                messages.append(str(error))
    assert not any("FAKE" in one for one in messages)


def test_without_a_configured_file_nothing_is_read(cli: CliWorld) -> None:
    """The error names the key to set."""
    (cli.home / "refilld.toml").write_text(f'[database]\nurl = "sqlite:///{cli.world.path}"\n')
    result = cli.main("sources", "login", "instaloader", "--cookies", cli.write(LINES, "export"))
    assert result.returncode == 2
    assert "session_file under [sources.instaloader]" in result.stderr


def test_cookies_and_passwords_are_never_arguments(cli: CliWorld) -> None:
    """Arguments are visible to all users of the machine; there is no option for a password."""
    options = {name for param in refilld.commands["sources"].commands["login"].params for name in param.opts}  # type: ignore[attr-defined]
    assert options == {"name", "--cookies"}
    result = cli.run("sources", "login", "instaloader", "--cookies", json.dumps(COOKIES))
    assert result.exit_code == 2
