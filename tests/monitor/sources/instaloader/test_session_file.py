"""The file with the cookies of a login is checked before it is used."""

import os
from pathlib import Path

import instaloader
import pytest

from monitor.errors import BadInputError
from tests.monitor.sources.instaloader.logins import COOKIES, INVALID, SESSION, TOKEN, put, with_session


@pytest.mark.parametrize("mode", [0o604, 0o644, 0o602, 0o666, 0o601])
def test_a_file_that_is_open_to_others_is_refused(tmp_path: Path, mode: int) -> None:
    """The error names the command that restricts it."""
    file = put(tmp_path / "session.json", COOKIES, mode)
    with pytest.raises(BadInputError, match=r"session_file: .*chmod 600"):
        with_session(file)


@pytest.mark.parametrize(
    "content",
    [
        "",
        "[]",
        "null",
        "7",
        "[" * 100_000,
        "\x80",
        '{"sessionid":"a","sessionid":"b","csrftoken":"c","ds_user_id":"1"}',
        {},
        *({name: value for name, value in COOKIES.items() if name != lost} for lost in COOKIES),
        *(COOKIES | {name: invalid} for name in COOKIES for invalid in INVALID),
        COOKIES | {"ds_user_id": "natgeo"},
        COOKIES | {"ds_user_id": "0"},
        COOKIES | {"mid": None},
        COOKIES | {"sessionid": "a" * 1025},
        COOKIES | {"sessionid": "a\r\nX: y"},
        COOKIES | {"fr": "x"},
        " " * 70_000,
    ],
    ids=lambda content: str(content)[:60],
)
def test_an_invalid_session_file_is_refused_without_quoting_it(tmp_path: Path, content: object) -> None:
    """One line names the option and the file, and no value."""
    file = tmp_path / "session.json"
    if isinstance(content, str):
        file.write_bytes(content.encode("latin-1"))
        file.chmod(0o600)
    else:
        put(file, content)
    with pytest.raises(BadInputError) as raised:
        with_session(file)
    text = str(raised.value)
    assert text.startswith(f"sources.instaloader.session_file: {file} ")
    assert "refilld sources login" in text
    assert not any(secret in text for secret in (SESSION, TOKEN))
    assert raised.value.__cause__ is None


def test_a_file_that_is_missing_or_a_directory_is_refused(tmp_path: Path) -> None:
    """The error for a missing file names the command that writes it."""
    with pytest.raises(BadInputError, match=r"does not exist; .*refilld sources login instaloader"):
        with_session(tmp_path / "nothing.json")
    with pytest.raises(BadInputError, match="cannot be read"):
        with_session(tmp_path)
    with pytest.raises(BadInputError, match="cannot be read"):
        with_session(tmp_path / "a\0b")
    os.mkfifo(tmp_path / "pipe", 0o600)
    with pytest.raises(BadInputError, match="is not a file"):
        with_session(tmp_path / "pipe")


def test_a_pickle_is_never_loaded(tmp_path: Path) -> None:
    """The session files of the library are pickles, which can run code."""
    loader = instaloader.Instaloader(quiet=True)
    loader.load_session("natgeo", COOKIES)
    file = tmp_path / "session-natgeo"
    loader.save_session_to_file(str(file))
    file.chmod(0o600)
    with pytest.raises(BadInputError, match="session_file"):
        with_session(file)
