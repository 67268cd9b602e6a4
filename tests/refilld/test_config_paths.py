"""Relative paths in the configuration start from the folder of the file, not from the working directory."""

from pathlib import Path

import pytest

from refilld.config import ConfigError, load
from tests.main_in_process import run_main

URL = 'url = "sqlite:///data/shop.db"\n'


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working directory that is not the folder of the configuration."""
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "shop").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    return tmp_path / "elsewhere"


@pytest.fixture
def config(tmp_path: Path) -> Path:
    return tmp_path / "shop" / "refilld.toml"


def written(config: Path, text: str) -> Path:
    config.write_text(text)
    return config


def test_every_relative_path_starts_from_the_folder_of_the_file(config: Path) -> None:
    loaded = load(
        written(
            config,
            f"[database]\n{URL}[answers]\ntexts = 'texts.toml'\n"
            "[sources.graph]\ntoken_file = 'secrets/token'\n"
            "[sources.instaloader]\nsession_file = '../s.json'\n",
        ),
        {},
    )
    folder = config.parent
    assert loaded.database.url == f"sqlite:///{folder}/data/shop.db"
    assert loaded.answers.path == folder / "texts.toml"
    assert loaded.sources["graph"].options["token_file"] == f"{folder}/secrets/token"
    assert loaded.sources["instaloader"].options["session_file"] == f"{folder}/../s.json"


def test_the_default_database_lies_beside_the_file(config: Path) -> None:
    assert load(written(config, ""), {}).database.url == f"sqlite:///{config.parent}/refilld.db"


def test_absolute_paths_other_engines_and_the_home_directory_stay(config: Path) -> None:
    text = (
        "[database]\nurl = '{}'\n[answers]\ntexts = '~/texts.toml'\n[sources.graph]\ntoken_file = '/etc/t'\n"
    )
    for url in ("sqlite:////var/lib/shop.db", "postgresql://shop@host/name"):
        loaded = load(written(config, text.format(url)), {})
        assert (loaded.database.url, loaded.sources["graph"].options["token_file"]) == (url, "/etc/t")
        assert loaded.answers.path == Path.home() / "texts.toml"


def test_values_of_the_environment_start_from_the_working_directory(config: Path) -> None:
    """Whoever sets them knows where the program runs."""
    environ = {"REFILLD_DATABASE__URL": "sqlite:///mine.db", "REFILLD_SOURCES__GRAPH__TOKEN_FILE": "token"}
    loaded = load(written(config, f"[database]\n{URL}[sources.graph]\nenabled = true\n"), environ)
    assert loaded.database.url == "sqlite:///mine.db"
    assert loaded.sources["graph"].options["token_file"] == "token"


def test_under_systemd_relative_paths_start_from_the_state_directory(config: Path, tmp_path: Path) -> None:
    """As before: the unit's working directory is its state directory, and /etc is not writable there."""
    state = tmp_path / "state"
    loaded = load(written(config, f"[database]\n{URL}"), {"STATE_DIRECTORY": f"{state}:/var/lib/second"})
    assert loaded.database.url == f"sqlite:///{state}/data/shop.db"


def test_init_in_another_folder_creates_the_database_beside_the_configuration(
    config: Path, elsewhere: Path
) -> None:
    done = run_main("init", "--config", config, cwd=elsewhere)
    assert (done.returncode, done.stderr) == (0, "")
    assert (config.parent / "refilld.db").is_file()
    assert list(elsewhere.iterdir()) == []


def test_a_database_left_in_the_working_directory_is_not_replaced_by_an_empty_one(
    config: Path, elsewhere: Path
) -> None:
    """Before, a relative URL started from there. One line names both places, and its remedy works."""
    assert run_main("init", cwd=elsewhere).returncode == 0
    (elsewhere / "refilld.toml").unlink()
    written(config, "[queue]\nmax_attempts = 3\n")
    for words in (["db", "upgrade"], ["run"], ["orders", "list"]):
        done = run_main("--config", config, *words, cwd=elsewhere)
        assert (done.returncode, done.stderr.count("\n")) == (2, 1)
        assert str(config.parent) in done.stderr
        assert str(elsewhere / "refilld.db") in done.stderr
    assert not (config.parent / "refilld.db").exists()
    (line,) = [done.stderr.strip().partition("write under [database]: ")[2]]
    written(config, f"[database]\n{line}\n")
    assert run_main("--config", config, "db", "check", cwd=elsewhere).returncode == 0


def test_the_database_of_an_installation_in_the_working_directory_is_its_own(
    config: Path, elsewhere: Path
) -> None:
    """A second installation can be set up from the folder of the first."""
    assert run_main("init", cwd=elsewhere).returncode == 0
    assert run_main("init", "--config", config, cwd=elsewhere).returncode == 0
    assert (config.parent / "refilld.db").is_file()


def test_a_url_that_is_not_valid_is_reported_as_before(config: Path) -> None:
    with pytest.raises(ConfigError, match=r"refilld.toml:2: database.url: not a database URL"):
        load(written(config, "[database]\nurl = 'nonsense'\n"), {})
