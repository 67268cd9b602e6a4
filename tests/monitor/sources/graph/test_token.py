"""The token comes from a file that only its user can read, and is sent in one header."""

import logging
import os
import traceback
from collections.abc import Callable
from pathlib import Path

import pytest

from monitor.errors import BadInputError
from monitor.model.snapshot import Outcome, Snapshot
from monitor.sources.contract import Reading
from monitor.sources.graph.source import GraphSource
from monitor.sources.graph.transport import GraphTransport
from refilld.demo.graph import TOKEN, GraphStandIn, SmallGraph
from tests.monitor.sources.graph.graph_world import NOW, profile

TOKEN_ENDED = (
    "the access token has ended: renew it in sources.graph.token_file, then refilld sources resume graph"
)


def test_the_token_is_sent_in_the_header_only(standin: GraphStandIn, read: Callable[..., Reading]) -> None:
    """Never in an address, which proxies and logs would store."""
    read(profile())
    (asked,) = standin.requests
    assert asked.headers["authorization"] == f"Bearer {TOKEN}"
    without = {name: value for name, value in asked.headers.items() if name != "authorization"}
    assert TOKEN not in f"{asked.path}{without}"


def test_a_netrc_does_not_replace_the_token(
    look: Callable[..., Snapshot], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As `requests` does by default."""
    (tmp_path / "netrc").write_text("default login somebody password else\n")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    assert look(profile()).count == 1234


def test_nothing_logs_or_shows_the_token(
    source: GraphSource, read: Callable[..., Reading], caplog: pytest.LogCaptureFixture
) -> None:
    """Neither at level DEBUG nor in a repr."""
    caplog.set_level(logging.DEBUG)
    read(profile())
    assert "GET /v26.0/" in caplog.text  # so something was logged
    assert TOKEN not in caplog.text
    assert TOKEN not in repr(source) + repr(vars(source)) + repr(GraphTransport("v26.0/1", TOKEN, 1, NOW))


def test_a_new_token_is_used_at_once(
    world: SmallGraph, look: Callable[..., Snapshot], token_path: Path
) -> None:
    """Without a restart."""
    world.token = "renewed"
    seen = look(profile())
    assert (seen.outcome, seen.detail) == (
        Outcome.LOGIN_REQUIRED,
        f"{TOKEN_ENDED} (HTTP 401, code 190, subcode None: Invalid OAuth access token)",
    )
    token_path.write_text("renewed")
    assert look(profile()).count == 1234


@pytest.mark.parametrize(
    "content", [b"", b"\n", b"two words", b"a\r\nX-Evil: 1", b"\xc3\xa9", b"a" * 4097, b"a\0b"]
)
def test_an_invalid_token_is_refused_without_being_shown(
    options: dict[str, str], token_path: Path, content: bytes
) -> None:
    """It might be another secret; line breaks never get into a header."""
    token_path.write_bytes(content)
    with pytest.raises(BadInputError, match=r"does not contain an access token: .*, no spaces") as refused:
        GraphSource.configured(options)
    shown = "".join(traceback.format_exception(refused.value))
    assert refused.value.field == "sources.graph.token_file"
    assert "words" not in shown
    assert "Evil" not in shown


@pytest.mark.parametrize("mode", [0o604, 0o602, 0o601, 0o644, 0o666])
def test_a_file_that_is_open_to_every_user_is_refused(
    options: dict[str, str], token_path: Path, mode: int
) -> None:
    """The error names the command that restricts it."""
    token_path.chmod(mode)
    with pytest.raises(BadInputError, match="open to every user") as refused:
        GraphSource.configured(options)
    assert refused.value.field == "sources.graph.token_file"
    assert f"chmod 600 {token_path}" in str(refused.value)


@pytest.mark.parametrize("mode", [0o600, 0o400, 0o440, 0o660])
def test_a_file_of_owner_and_group_is_read(options: dict[str, str], token_path: Path, mode: int) -> None:
    """systemd creates such files, too."""
    token_path.chmod(mode)
    assert GraphSource.configured(options).name == "graph"


def test_a_directory_a_pipe_or_a_missing_file_is_no_token_file(
    options: dict[str, str], tmp_path: Path
) -> None:
    """Reading a pipe does not block."""
    os.mkfifo(tmp_path / "pipe", 0o600)
    (tmp_path / "folder").mkdir(mode=0o700)
    for name, why in (
        ("pipe", "is not a file"),
        ("folder", "Is a directory"),
        ("nothing", "No such file"),
        ("no\0path", "null byte"),
    ):
        with pytest.raises(BadInputError, match=why):
            GraphSource.configured(options | {"token_file": str(tmp_path / name)})


def test_a_removed_file_counts_as_a_missing_login(
    look: Callable[..., Snapshot], standin: GraphStandIn, token_path: Path
) -> None:
    """No request is sent, nothing is raised, and the detail says what to do."""
    token_path.chmod(0o644)
    assert "chmod 600" in look(profile()).detail
    token_path.unlink()
    seen = look(profile())
    assert seen.outcome is Outcome.LOGIN_REQUIRED
    assert seen.detail.startswith("nothing was sent: sources.graph.token_file: ")
    assert standin.requests == ()


def test_the_credential_of_systemd_takes_precedence_over_the_file(
    options: dict[str, str], token_path: Path, monkeypatch: pytest.MonkeyPatch, standin: GraphStandIn
) -> None:
    """No file is needed then; other credentials in the folder do not replace the file."""
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(token_path.parent))
    for path in ("", "/nowhere/token"):
        source = GraphSource.configured(options | {"token_file": path})
        assert source.read([profile()], NOW).snapshots[0].count == 1234
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", "/nowhere")
    assert GraphSource.configured(options).read([profile()], NOW).snapshots[0].count == 1234


def test_without_a_token_the_option_is_named(
    options: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also under systemd with other credentials only."""
    for folder in ("", str(tmp_path / "other")):
        monkeypatch.setenv("CREDENTIALS_DIRECTORY", folder)
        with pytest.raises(BadInputError, match="graph-token") as refused:
            GraphSource.configured(options | {"token_file": ""})
        assert refused.value.field == "sources.graph.token_file"


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("ig_user_id", ""),
        ("ig_user_id", "me"),
        ("ig_user_id", "1/../2"),
        ("ig_user_id", "\u0661\u0662"),
        ("ig_user_id", "1\n"),
        ("version", ""),
        ("version", "26"),
        ("version", "v26.0/1"),
        ("version", "v\u0662.0"),
    ],
)
def test_what_cannot_be_part_of_the_address_is_refused(
    options: dict[str, str], option: str, value: str
) -> None:
    """The error names the option."""
    with pytest.raises(BadInputError) as refused:
        GraphSource.configured(options | {option: value})
    assert refused.value.field == f"sources.graph.{option}"


def test_version_and_account_are_sent_as_configured(options: dict[str, str], standin: GraphStandIn) -> None:
    """The operator may raise the version."""
    GraphSource.configured(options | {"version": "v31.0", "ig_user_id": "42"}).read([profile()], NOW)
    assert standin.requests[0].path.startswith("/v31.0/42?fields=")
