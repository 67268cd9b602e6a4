"""The sources of the configuration, their precedence, and the errors for an operator."""

import re
import tomllib
from datetime import timedelta
from pathlib import Path
from typing import Any
from unittest.mock import Mock

import pytest

from monitor.model.target import Metric
from monitor.model.terms import BelowStart, Terms
from refilld import config
from refilld.config import load
from refilld.settings.settings import Settings
from refilld.settings.terms import ServiceSection, TermsSection
from tests.refilld.config_files import EXAMPLE, SECRET, keys_of, model_of, problem, read, write


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty working directory, without a configuration of the machine."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(config, "PLACES", ("refilld.toml", str(tmp_path / "etc" / "config.toml")))
    return tmp_path


def queue(attempts: int) -> str:
    return f"[queue]\nmax_attempts = {attempts}\n"


def attempts(path: Path | None = None, **environ: str) -> int:
    return load(path, environ).queue.max_attempts


def test_a_command_parses_each_line_of_the_file_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """To find the lines of its keys: not again for every key, which made every command take longer."""
    parse = Mock(wraps=tomllib.loads)
    monkeypatch.setattr(tomllib, "loads", parse)
    read(EXAMPLE)
    assert parse.call_count == 1 + len(EXAMPLE.splitlines())


# Places


def test_without_a_file_the_defaults_apply() -> None:
    """No key is required."""
    assert Settings() == load(None, {})


def test_the_file_is_searched_in_command_line_environment_directory_machine(home: Path) -> None:
    """Each place is read only if those before it do not exist."""
    write(queue(1), "etc/config.toml")
    assert attempts() == 1
    write(queue(2))
    assert attempts() == 2
    write(queue(3), "named.toml")
    assert attempts(REFILLD_CONFIG="named.toml") == 3
    write(queue(4), "said.toml")
    assert attempts(Path("said.toml"), REFILLD_CONFIG="named.toml") == 4


def test_an_empty_variable_is_ignored() -> None:
    """Unit files may set empty variables."""
    write(queue(2))
    assert attempts(REFILLD_CONFIG="") == 2


@pytest.mark.parametrize("environ", [{}, {"REFILLD_CONFIG": "gone.toml"}])
def test_a_given_file_must_exist(environ: dict[str, str]) -> None:
    """The defaults do not replace it; the error names the remedy."""
    write(queue(2))
    expected = "gone.toml: there is no such file; refilld init --config gone.toml writes one"
    assert problem(None if environ else Path("gone.toml"), **environ) == expected


def test_an_unreadable_file_is_an_error(home: Path) -> None:
    """The next place is not tried."""
    write(queue(1), "etc/config.toml")
    (home / "refilld.toml").mkdir()
    assert problem(None).startswith("refilld.toml: cannot be read: ")


def test_a_file_that_is_not_utf8_is_an_error(home: Path) -> None:
    """In one line."""
    (home / "refilld.toml").write_bytes(b'[alerts]\nurls = ["\xff"]\n')
    assert problem(None).startswith("refilld.toml: cannot be read: ")


def test_a_byte_order_mark_is_ignored(home: Path) -> None:
    """Some editors write it."""
    (home / "refilld.toml").write_bytes(b"\xef\xbb\xbf" + queue(7).encode())
    assert attempts() == 7


# The example


def test_the_example_has_exactly_the_defaults() -> None:
    """Using the example unchanged equals using no configuration."""
    loaded = read(EXAMPLE)
    expected = {"sources": {"instaloader": {}, "graph": {}}, "terms": {"default": TermsSection()}}
    assert Settings.model_validate(expected) == loaded
    assert Settings().all_terms == loaded.all_terms
    assert Settings().enabled_sources == loaded.enabled_sources


def test_the_comments_of_the_example_are_valid_settings() -> None:
    """Commented keys exist, and their values are possible."""
    loaded = read(re.sub(r"(?m)^# (?=\[services|metric =|terms =|name =)", "", EXAMPLE))
    service = ServiceSection(metric=Metric.FOLLOWERS, terms="default", name="Followers R30")
    assert loaded.services == {"1234": service}


@pytest.mark.parametrize("section", Settings.model_fields)
def test_the_example_has_every_key(section: str) -> None:
    """It is the reference of all keys."""
    tables = re.split(r"(?m)^(?:# )?\[(?=\w)", EXAMPLE)
    texts = [part for part in tables if part.startswith((f"{section}]", f"{section}."))]
    keys = {key for text in texts for key in re.findall(r"(?m)^(?:# )?(\w+) = ", text)}
    assert keys_of(model_of(section)) == keys


# The environment


@pytest.mark.parametrize(
    ("variable", "text", "of", "expected"),
    [
        ("SAMPLING__EVERY", "12h", lambda s: s.sampling.every, timedelta(hours=12)),
        ("SAMPLING__EVERY", '"12h"', lambda s: s.sampling.every, timedelta(hours=12)),
        ("QUEUE__MAX_ATTEMPTS", "3", lambda s: s.queue.max_attempts, 3),
        ("HTTP__LISTEN", "[::1]:80", lambda s: (s.http.host, s.http.port), ("::1", 80)),
        ("ALERTS__URLS", '["json://a", "json://b"]', lambda s: s.alerts.urls, ["json://a", "json://b"]),
        ("ALERTS__URLS", "[]", lambda s: s.alerts.urls, []),
        ("SOURCES__INSTALOADER__ENABLED", "true", lambda s: list(s.enabled_sources), ["instaloader"]),
        ("SOURCES__INSTALOADER__ENABLED", "yes", lambda s: list(s.enabled_sources), ["instaloader"]),
        ("TERMS__GOLD__WINDOW", "lifetime", lambda s: s.all_terms["gold"].window, None),
        ("SERVICE_NAMES__DERIVE_TERMS", "yes", lambda s: s.service_names.derive_terms, True),
        ("SERVICE_NAMES__LIFETIME", "lifetime", lambda s: s.service_names.lifetime, None),
        ("SERVICES__1234__METRIC", "likes", lambda s: s.services["1234"].metric, Metric.LIKES),
        ("SOURCES__GRAPH__IG_USER_ID", "1784140", lambda s: s.sources["graph"].ig_user_id, "1784140"),
        ("DATABASE__URL", "sqlite:///a b=c.db", lambda s: s.database.url, "sqlite:///a b=c.db"),
    ],
)
def test_a_variable_sets_any_key(variable: str, text: str, of: Any, expected: object) -> None:
    """Text is used unchanged, other types have TOML syntax."""
    assert expected == of(read(**{f"REFILLD_{variable}": text}))


def test_a_variable_overrides_one_key_of_the_file() -> None:
    """The other keys of the section stay."""
    loaded = read("[alerts]\nurls = ['json://a']\nevery = '1m'\n", REFILLD_ALERTS__EVERY="2m")
    assert (["json://a"], timedelta(minutes=2)) == (loaded.alerts.urls, loaded.alerts.every)


def test_custom_names_are_case_insensitive_in_variables() -> None:
    """Variables are in upper case, and must not create a second set of terms."""
    text = '[terms.Gold]\nwindow = "90d"\n[terms.gold]\nwindow = "60d"\n[terms.Silver]\nsettle = "1h"\n'
    loaded = read(text, REFILLD_TERMS__GOLD__WINDOW="1d", REFILLD_TERMS__SILVER__WINDOW="2d")
    windows = {name: terms.window for name, terms in loaded.all_terms.items() if name != "default"}
    assert {
        "Gold": timedelta(days=90), "gold": timedelta(days=1), "Silver": timedelta(days=2),
    } == windows  # fmt: skip


def test_a_value_with_line_breaks_is_one_value() -> None:
    """Its other lines are not read as further configuration."""
    assert "sampling.every: '1h\\nextra = 1' is not a duration" in problem(
        "", REFILLD_SAMPLING__EVERY="1h\nextra = 1"
    )


@pytest.mark.parametrize("name", ["REFILLD_TEST_POSTGRES_URL", "REFILLD_", "OTHER__KEY", "refilld_queue__x"])
def test_other_variables_are_ignored(name: str) -> None:
    """Only those with the prefix and a section are configuration."""
    assert Settings() == read(**{name: "x"})


@pytest.mark.parametrize(
    ("variable", "text", "expected"),
    [
        ("REFILLD_SAMPLING__TICK", "soon", "sampling.tick: 'soon' is not a duration; write it like"),
        (
            "REFILLD_QUEUE__MAX_ATTEMPTS",
            "0",
            "queue.max_attempts: Input should be greater than or equal to 1",
        ),
        ("REFILLD_QUEUE__ATTEMPTS", "3", "unknown key queue.attempts; did you mean max_attempts?"),
        ("REFILLD_QEUE__MAX_ATTEMPTS", "3", "unknown key qeue; did you mean queue?"),
        ("REFILLD_QUEUE__", "3", "unknown key queue."),
        ("REFILLD___", "3", "unknown key "),
        ("REFILLD_QUEUE__MAX_ATTEMPTS__X", "3", "max_attempts is not a section"),
        pytest.param("REFILLD_SAMPLING__TICK", "9" * 5000, "sampling.tick: ", id="digits"),
        pytest.param("REFILLD_SAMPLING__TICK", "[" * 100_000, "sampling.tick: ", id="brackets"),
    ],
)
def test_the_error_for_a_wrong_variable_names_it(variable: str, text: str, expected: str) -> None:
    """Not the line of the file."""
    message = problem(queue(5) + "[sampling]\ntick = '10s'\n", **{variable: text})
    assert message.startswith(f"${variable}: {expected}")


# Credentials


def credential(name: str, content: str | bytes) -> dict[str, str]:
    folder = Path("credentials")
    folder.mkdir(exist_ok=True)
    (folder / name).write_bytes(content.encode() if isinstance(content, str) else content)
    return {"CREDENTIALS_DIRECTORY": str(folder)}


def test_credentials_override_environment_and_file() -> None:
    """systemd's credentials have the highest precedence."""
    environ = credential("database-url", "postgresql://u:hunter2@host/db\n") | credential(
        "alert-urls", "json://a\n\n  json://b  \n"
    )
    environ["REFILLD_DATABASE__URL"] = "sqlite:///variable.db"
    loaded = read("[database]\nurl = 'sqlite:///file.db'\n[alerts]\nevery = '1m'\n", **environ)
    assert loaded.database.url == "postgresql://u:hunter2@host/db"
    assert loaded.alerts.urls == ["json://a", "json://b"]
    assert loaded.alerts.every == timedelta(minutes=1)


def test_other_credentials_are_ignored() -> None:
    """A unit may have other credentials, or none."""
    assert Settings() == read(**credential("tls-key", "x"))


@pytest.mark.parametrize("name", ["database-url", "alert-urls"])
def test_the_error_for_a_binary_credential_names_it(name: str) -> None:
    """With its path, in one line."""
    message = problem("", **credential(name, b"\xff\xfe"))
    assert message.startswith(f"credentials/{name}: cannot be read: ")


def test_the_error_for_a_wrong_credential_names_it_and_hides_its_content() -> None:
    """The error names the file."""
    message = problem("", **credential("database-url", f"{SECRET}@host"))
    assert message.startswith("credentials/database-url: database.url: not a database URL")
    assert SECRET not in message


def test_a_credential_for_what_the_file_has_as_a_value_is_an_error() -> None:
    """Without a traceback."""
    message = problem("database = 'x'\n", **credential("database-url", "sqlite:///a.db"))
    assert message == "credentials/database-url: database is not a section"


# The values


def test_terms_have_the_defaults_of_the_rules() -> None:
    """Also the set named `default`."""
    loaded = read("[terms.default]\nwindow = '60d'\n[terms.gold]\nbelow_start = 'cap'\n").all_terms
    assert {
        "default": Terms(window=timedelta(days=60)),
        "gold": Terms(name="gold", below_start=BelowStart.CAP),
    } == loaded


@pytest.mark.parametrize(
    ("listen", "host", "port"),
    [("127.0.0.1:8080", "127.0.0.1", 8080), ("[::1]:80", "::1", 80), ("localhost:0", "localhost", 0)],
)
def test_an_address_to_listen_on_is_a_host_and_a_port(listen: str, host: str, port: int) -> None:
    """IPv4 and IPv6."""
    http = read(f"[http]\nlisten = '{listen}'").http
    assert (host, port) == (http.host, http.port)


@pytest.mark.parametrize(
    "listen", ["localhost", ":80", "::1:80", "a b:80", "a:80\\n", "a:-1", "a:99999", "a:"]
)
def test_an_invalid_listen_address_is_an_error(listen: str) -> None:
    """The error comes before the daemon starts to listen."""
    assert "http.listen: " in problem(f'[http]\nlisten = "{listen}"')
