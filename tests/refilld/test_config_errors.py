"""Configuration errors: one line with file, line and remedy for any content of the file."""

import tomllib
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from refilld import config
from refilld.config import ConfigError
from refilld.settings.settings import Settings
from tests.refilld.config_files import NAMED, SECRET, model_of, problem, read


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty working directory, without a configuration of the machine."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(config, "PLACES", ("refilld.toml", str(tmp_path / "etc" / "config.toml")))
    return tmp_path


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("[queue]\n\nmax_atempts = 3", "3: unknown key queue.max_atempts; did you mean max_attempts?"),
        ("[qeue]\nmax_attempts = 3", "1: unknown key qeue; did you mean queue?"),
        ("[sources.instaloader]\nspaceing = '1s'", "2: unknown key sources.instaloader.spaceing; did you "),
        ("[terms.gold]\nwidnow = '1d'", "2: unknown key terms.gold.widnow; did you mean window?"),
        ("[services.1]\nmetrik = 'likes'", "2: unknown key services.1.metrik; did you mean metric?"),
        ("[services.1]\nlight = 1", "2: unknown key services.1.light; known here: metric, terms"),
        ("queue.max_attempts = 0", "1: queue.max_attempts: Input should be greater than or equal to 1"),
        ("queue = {max_attempts = 0}", "1: queue.max_attempts: Input should be "),
        ("# queue\n[ 'queue' ]\n\"max_attempts\" = 0 # [x]", "3: queue.max_attempts: "),
        ("[sampling]\ntick = '0s'", "2: sampling.tick: Input should be greater than 0 seconds (not 0s)"),
        (
            "[sampling]\ncadence = 'often'",
            "2: sampling.cadence: Input should be 'learned' or 'fixed' (not 'often')",
        ),
        ("[http]\nlisten = '127.0.0.1:99999'", "2: http.listen: there is no port above 65535"),
        (
            "[http]\nmetrics_peers = ['proxy']",
            "2: http.metrics_peers: 'proxy' is not an address such as 127.0.0.1 or 10.0.0.0/8",
        ),
        (
            "[http]\nmetrics_peers = ['10.0.0.1/8']",
            "2: http.metrics_peers: '10.0.0.1/8' is neither an address nor a network; write 10.0.0.1",
        ),
        ("[terms.gold]\n\nmin_drop_percent = 101", "3: terms.gold.min_drop_percent: 101 is not between 0 a"),
        ("[service_names]\nlifetime = '0s'", "2: service_names.lifetime: Input should be greater than"),
        ("[service_names]\nderive = true", "2: unknown key service_names.derive; did you mean derive_terms?"),
        ("[terms.gold]\nwindow = '0s'", '2: terms.gold.window: must be longer than 0s, or "lifetime"'),
        ("[services.a]\n[services.1]\nterms = 'gold'", "3: services.1.terms: there are no terms 'gold'; "),
        ('[services."R30 #1, v2.0 [Max 10K]"]\nmetric = 1', "2: services.R30 #1, v2.0 [Max 10K].metric: "),
        ("[database]\nurl = 'mysql://u@host/db'", "2: database.url: unknown engine 'mysql'; write sqlite:///"),
        ("[database]\nurl = ''", "2: database.url: not a database URL"),
        ("[database]\nurl = 'sqlite://'", "2: database.url: does not name just a file"),
        ("[alerts]\nurls = [\n  'json://a',\n  7,\n]", "2: alerts.urls.1: Input should be a valid string"),
        ("[database]\nstatement_timeout = '25d'", "2: database.statement_timeout: Input should be less "),
        *(
            (f"[alerts]\nping_url = {url}", "2: alerts.ping_url: is not a URL of http or https")
            for url in (
                "'hunter2'", "'ftp://h/'", "'http://'", "'http://h:99999/'", "'http://h:0/'", "'http://h:x/'",
                "'http://[::1'", "'http://a b/'", "'http://a..b/'", '"http://h/\\r\\nX: y"', '"http://h/\\n"',
            )
        ),
        *(
            (f"[alerts.alertmanager]\nurl = '{url}'", "2: alerts.alertmanager.url: is not a URL of http")
            for url in ("ftp://h/", "http://u:p@h/", "http://h:99999/")
        ),
        ("[queue]\nmax_attempts = 3\nmax_attempts = 4\n", " Cannot overwrite a value (at line 3"),
        ("[orders]\nmap = { Nr = 'id' }", "2: orders.map: there is no field 'id'; there are order_id, "),
        ("[orders]\nmap = { A = 'link', B = 'link' }", "2: orders.map: two columns are mapped to one field"),
        ("[orders]\ntimezone = 'Mars'", "2: orders.timezone: there is no time zone 'Mars'; write one like"),
        ("[orders]\ndate_format = '%H'", "2: orders.date_format: '%H' is no format of a date; write it"),
        ("[orders.statuses]\nDone = 'Ready'", "2: orders.statuses.Done: Input should be 'Pending', "),
        ("[queue]\nmax_attempts = \n", " Invalid value (at line 2"),
        ("[queue", " Expected ']' at the end of a table declaration (at end of document)"),
    ],
)  # fmt: skip
def test_the_error_for_a_wrong_key_has_file_line_and_remedy(text: str, expected: str) -> None:
    """The one line is enough to correct it."""
    assert problem(text).startswith(f"refilld.toml:{expected}")


@pytest.mark.parametrize(
    "text",
    [
        "database = 'hunter2'",
        "database = ['hunter2']",
        "[database]\nurl = 'hunter2'",
        "[database]\nurl = 'mysql://u:hunter2@host/'",
        "[database]\nurl = ['hunter2']",
        "[database]\nurl = 'postgresql://u:hunter2@host:port/db'",
        "[database]\nurl = 'postgresql://u:secret@hunter2@host/db'",
        "[database]\nurl = 'sqlite://u:hunter2@host/db'",
        "[database]\nurk = 'hunter2'",
        "[database.url]\nx = 'hunter2'",
        "[[database]]\nurl = 'hunter2'",
        "[alerts]\nurls = 'mailto://u:hunter2@host'",
        "[alerts]\nurls = [['hunter2']]",
        "[alerts]\nevery = 'mailto://u:hunter2@host'",
        '[alerts]\nevery = ["it\'s hunter2"]',
        "[alerts]\nurl = 'hunter2'",
        "[alerts]\ngroup_by = ['kind', 'hunter2']",
        "[alerts.receivers.a]\nurls = ['mailto://u:hunter2@host', 7]",
        "[alerts.receivers.a]\ntimezone = 'mailto://u:hunter2@host'",
        "[alerts.receivers.a]\nquiet_hours = 'mailto://u:hunter2@host'",
        "[alerts.receivers.a]\ndigest = 'mailto://u:hunter2@host'",
        "[[alerts.routes]]\nmatchers = ['mailto://u:hunter2@host']\nreceiver = 'default'",
        "[[alerts.routes]]\nreceiver = 'mailto://u:hunter2@host'",
        "alerts = 'hunter2'",
        "[alerts]\nurls = ['mailto://u:hunter2@host'",
        "[alerts]\nurls = mailto://u:hunter2@host",
    ],
)
def test_errors_contain_no_secrets(text: str) -> None:
    """Messages are copied into chats and stored in the journal."""
    assert SECRET not in problem(text)


def test_the_simulated_source_is_not_enabled_for_real_orders(tmp_path: Path) -> None:
    """Its counts are invented, so a daemon with it would watch nothing and say that all is well."""
    said = problem("[sources.simulated]\nrequests_per_hour = 7\nenabled = true\n")
    assert said.startswith("refilld.toml:3: sources.simulated.enabled: this source invents its counts")
    assert problem("", REFILLD_SOURCES__SIMULATED__ENABLED="true").startswith(
        "$REFILLD_SOURCES__SIMULATED__ENABLED: "
    )
    limits = read("[sources.simulated]\nrequests_per_hour = 7\n[sources.instaloader]\nenabled = true\n")
    assert list(limits.enabled_sources) == ["instaloader"]


def verdict(text: str) -> str:
    """Give `taken` for a valid configuration, else the error."""
    try:
        read(text)
    except ConfigError as error:
        return str(error)
    return "taken"


VALUES = [
    "-1", "0", "1.5", "-1.5", "nan", "-nan", "inf", "-inf", "1e400", "true", "1979-05-27", "07:32:00", "''",
    "1979-05-27T07:32:00Z", "9" * 4000, "'-1s'", "'1e9d'", "'999999999d'", "'99999999999999999999d'",
    "'nan'", '"\\u0000"', "'''a\nb'''", '"\\u001b[31m"', '"\\u0661s"', "[]", "[[]]", "[1]", "{}", "{ a = 1 }",
]  # fmt: skip


KEYS = [
    (f"{section}.x" if section in NAMED else section, key)
    for section in Settings.model_fields
    for key in model_of(section).model_fields
]


@pytest.mark.parametrize(("section", "key"), KEYS)
@pytest.mark.parametrize("value", VALUES, ids=lambda value: value[:30])
def test_no_value_of_any_key_causes_a_traceback(section: str, key: str, value: str) -> None:
    """It is accepted, or refused in one printable line with file, line and key."""
    message = verdict(f"[{section}]\n{key} = {value}\n")
    named = (f"refilld.toml:2: {section}.{key}", f"refilld.toml:2: unknown key {section}.{key}.")
    assert message == "taken" or message.startswith(named)
    assert message.isprintable()


@pytest.mark.parametrize("section", Settings.model_fields)
@pytest.mark.parametrize(
    "value",
    [*VALUES, '"x"', "{ x = 1 }", "{ x = 'y' }", "{ x = [] }", "{ x = {x=1} }"],
    ids=lambda value: value[:30],
)
def test_no_value_in_place_of_a_section_causes_a_traceback(section: str, value: str) -> None:
    """An empty table is valid."""
    if section in NAMED and value == "{}":
        assert Settings() == read(f"{section} = {value}")
    elif value != "{}":
        assert problem(f"{section} = {value}").startswith("refilld.toml:1: ")


@pytest.mark.parametrize(
    "text",
    [
        "x = " + "9" * 5000,
        "x = " + "[" * 100_000,
        "x = " + "{a=" * 100_000,
        "\0",
        "'' = 1",
        "[['']]",
        "[terms.'a\\u001b']\nwindow = 'x'",
        '[terms."a\\nb"]\nwindow = "x"',
        '"\\u001b[31m" = 1',
        "[services]\n1 = [1]",
        "\x7f",
        "﻿﻿",
    ],
    ids=lambda text: repr(text[:20]),
)
def test_no_file_causes_a_traceback(text: str) -> None:
    """And the message is printable."""
    message = problem(text)
    assert message.startswith("refilld.toml:")
    assert message.isprintable()


LEAVES = st.one_of(
    st.integers(), st.floats(), st.booleans(), st.text(max_size=5), st.sampled_from(["1d", "gold", "likes"])
)


TREES = st.recursive(
    LEAVES, lambda t: st.lists(t, max_size=3) | st.dictionaries(st.text(max_size=5), t, max_size=3)
)


KNOWN = st.sampled_from(sorted({*Settings.model_fields, *(key for _, key in KEYS)}))


@settings(
    max_examples=150,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(st.dictionaries(KNOWN, TREES | st.dictionaries(KNOWN, TREES, max_size=4), max_size=4))
def test_no_tree_of_values_causes_a_traceback(tree: dict[str, Any]) -> None:
    """Any types at any depth."""
    assert verdict("".join(f"{key} = {toml(value)}\n" for key, value in tree.items())).isprintable()


def toml(value: object) -> str:
    """Write a value as TOML does."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        return '"' + "".join(f"\\U{ord(c):08x}" for c in value if not 0xD800 <= ord(c) < 0xE000) + '"'
    if isinstance(value, list):
        return f"[{', '.join(map(toml, value))}]"
    if isinstance(value, dict):
        inner = {toml(key): toml(member) for key, member in value.items()}
        return "{" + ", ".join(f"{key} = {member}" for key, member in inner.items()) + "}"
    return repr(value)


@given(st.dictionaries(st.text(max_size=5), TREES, max_size=3))
def test_the_trees_are_written_as_toml(tree: dict[str, Any]) -> None:
    """A check of the test above."""
    assert isinstance(tomllib.loads("".join(f"{toml(k)} = {toml(v)}\n" for k, v in tree.items())), dict)
