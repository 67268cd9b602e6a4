"""Exit codes, and errors of one line."""

import socket
from contextlib import closing
from pathlib import Path

import pytest

from tests.e2e.installation import Installation, Sold

SHOP = [Sold("1", "profile.one"), Sold("2", "profile.two")]


def test_run_once_is_one_round(place: Installation) -> None:
    """`run --once` reads every due target once and exits 0."""
    place.settings["sampling.every"] = "1h"  # no target is due again in a slow round
    place.sell(SHOP)
    done = place.refilld("run", "--once")
    assert (done.code, done.out, done.complaint) == (0, "", "")
    assert (place.looks("profile.one"), place.looks("profile.two"), place.looks()) == (1, 1, 2)


@pytest.mark.parametrize("words", [("run",), ("run", "--once")])
def test_a_daemon_without_a_source_does_not_start(place: Installation, words: tuple[str, ...]) -> None:
    """As after `refilld init`: exit 2, and the error names the key."""
    place.settings["sources.instaloader.enabled"] = "false"
    done = place.refilld(*words)
    assert (done.code, done.out, done.err.count("\n")) == (2, "", 1)
    assert "set enabled = true under [sources.graph] or [sources.instaloader]" in done.err


def test_a_daemon_without_its_tables_does_not_start(bare: Installation) -> None:
    """Without a file and with an empty one: exit 2, and the error names the command."""
    for _ in range(2):
        done = bare.refilld("run")
        assert (done.code, done.out, done.err.count("\n")) == (2, "", 1)
        assert done.err.endswith("; run: refilld init\n")
        (bare.folder / "refilld.db").touch()


@pytest.mark.parametrize("words", [("run",), ("run", "--once")])
def test_one_sqlite_file_has_one_daemon(place: Installation, words: tuple[str, ...]) -> None:
    """The second one is refused with one line; the first one continues."""
    with place.daemon() as daemon:
        daemon.until_logged("daemon.started")
        done = place.refilld(*words)
        assert (done.code, done.out, done.err.count("\n")) == (1, "", 1)
        assert "another refilld run works on" in done.err
        assert daemon.stop() == 0


def test_a_port_in_use_is_a_one_line_error(place: Installation) -> None:
    """Exit 3 with the address; no target is read."""
    place.sell(SHOP)
    with closing(socket.create_server(("127.0.0.1", 0))) as taken:
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        place.settings["http.listen"] = address
        done = place.refilld("run")
    assert (done.code, done.out) == (3, "")
    assert done.complaint == f"refilld: http.listen: {address}: Address already in use"
    assert place.looks() == 0


def test_an_unreachable_database_is_a_one_line_error(place: Installation) -> None:
    """Exit 3, without the password."""
    place.settings["database.url"] = "postgresql+psycopg://refilld:s3cret@127.0.0.1:1/refilld"
    done = place.refilld("run")
    assert (done.code, done.out, done.err.count("\n")) == (3, "", 1)
    assert "postgresql+psycopg://refilld:***@127.0.0.1:1/refilld" in done.err
    assert "s3cret" not in done.err


WRONG = {
    '[sampling]\nevry = "6h"': "refilld.toml:2: unknown key sampling.evry; did you mean every?",
    '[http]\nlisten = "8080"': "refilld.toml:2: http.listen: ",
    '\n[sampling]\nevery = "6 hours"': "refilld.toml:3: sampling.every: '6 hours' is not a duration",
    "[terms.default]\nmin_drop_percent = 101": "refilld.toml:2: terms.default.min_drop_percent: 101 is not",
    '[services.77]\nmetric = "saves"': "refilld.toml:2: services.77.metric: ",
    '[services.77]\nterms = "gold"': "refilld.toml:2: services.77.terms: there are no terms 'gold'",
    "[sources.instaloader]\nrequests_per_hour = 0": "refilld.toml:2: sources.instaloader.requests_per_hour: ",
    '[database]\nurl = "mysql://u:s3cret@x/y"': "refilld.toml:2: database.url: unknown engine 'mysql'",
    "[http\n": "refilld.toml: Expected ']' at the end of a table declaration (at line 1",
}


@pytest.mark.parametrize("text", WRONG)
def test_a_wrong_configuration_is_a_one_line_error(bare: Installation, text: str) -> None:
    """Exit 2, with file, line and key if there are any."""
    bare.settings.clear()
    Path(bare.folder, "refilld.toml").write_text(text, encoding="utf-8")
    done = bare.refilld("run")
    assert (done.code, done.out, len(done.complaint.splitlines())) == (2, "", 1), done
    assert done.complaint.startswith(f"refilld: {WRONG[text]}")
    assert "s3cret" not in done.err


def test_the_error_for_an_uninstalled_source_names_its_key(place: Installation) -> None:
    """Exit 2, with the names of the installed ones."""
    place.settings["sources.nobody.enabled"] = "true"
    done = place.refilld("run")
    assert (done.code, done.out, done.err.count("\n")) == (2, "", 1)
    assert "sources.nobody: no such source is installed; there are: graph, instaloader" in done.err


def test_the_error_for_an_invalid_alert_url_hides_its_secrets(place: Installation) -> None:
    """Exit 2, with the number of the URL in the list."""
    place.settings["alerts.urls"] = '["json://127.0.0.1/", "nonsense://s3cret@x"]'
    done = place.refilld("run", "--once")
    assert (done.code, done.out) == (2, "")
    assert done.complaint == "refilld: alerts.urls: number 2 (nonsense://…) is not a URL that Apprise knows"
    assert "s3cret" not in done.err


def test_the_error_for_a_wrong_variable_names_the_variable(place: Installation) -> None:
    """Not the file."""
    place.settings["sampling.every"] = "soon"
    done = place.refilld("run")
    assert (done.code, done.out, done.err.count("\n")) == (2, "", 1)
    assert done.err.startswith("refilld: $REFILLD_SAMPLING__EVERY: sampling.every: 'soon' is not a duration")
