"""Own texts: a shop's template is used where it works, and the built-in text where it does not."""

from dataclasses import replace
from pathlib import Path
from time import monotonic

import pytest

from monitor.events.kind import EventKind
from refilld.doctor import alert_texts
from refilld.settings.alerts import AlertsSection
from refilld.texts.examples import example_row
from refilld.texts.renderer import default_renderer
from refilld.texts.shop_texts import ShopTexts, load_shop_texts

KIND = EventKind.SOURCE_BLOCKED
BUILT_IN = default_renderer("de").text(example_row(KIND))
BOMBS = {
    "nested loops": "{% for a in why %}{% for b in why %}x{% endfor %}{% endfor %}",
    "range": "{% for a in range(999999999) %}x{% endfor %}",
    "power": "{{ 9 ** 999999999 }}",
    "repetition": "{{ 'x' * 9999999999 }}",
    "format": "{{ '%9999999999d' % 1 }}",
    "padding": "{{ 'x' | center(9999999999) }}",
    "doubling": "{% set x = 'x' %}{% set x = x ~ x %}{{ x }}",
    "macro": "{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}",
    "parentheses": "{{" + "(" * 5000 + "1" + ")" * 5000 + "}}",
    "constants": "{{ " + "-" * 8000 + "1 }}",
    "joins": "{{ why | join(why) | join(detail | join(detail)) }}",
    "joins of constants": "{{ 'x' | join('" + "y" * 5_000 + "') | join('" + "z" * 5_000 + "') }}",
    "a long separator": "{{ why | join('" + "y" * 101 + "') | length }}",
    "joins in a loop": "{% for a in detail %}{% if detail | join(', ') %}{% endif %}{% endfor %}",
    "a long number": "{{ " + "9" * 5_000 + " }}",
    "large file": "x" * 20_000,
    "long text": "{% for a in detail %}" + "x" * 4_000 + "{% endfor %}",
}
BAD = {
    "does not parse": ("{% if %}", ":1: "),
    "misses a name": ("fine\n{{ nothing }}", ":2: 'nothing' is undefined"),
    "renders nothing": (" \n ", "empty text"),
    "wrong filter for the value": ("{{ source | thousands }}", ":1: "),
    "unknown filter": ("{{ source | attr('x') }}", "there is no filter attr"),
    "attribute": ("{{ source.__class__ }}", "reads an attribute"),
    "attribute by a filter": ("{{ [source] | join(attribute='upper') }}", "join takes one text"),
    "item": ("{{ source['__class__'] }}", "reads an item"),
    "call": ("{{ source() }}", "calls something"),
    "inclusion": ("{% include '/etc/passwd' %}", "uses Include"),
    "globals": ("{{ lipsum }}", "undefined"),
}


def shop(folder: Path, text: str | bytes, name: str = f"{KIND}.txt", language: str = "en") -> ShopTexts:
    path = folder / language / name
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return load_shop_texts(folder, "de")


def test_the_shops_text_and_subject_are_used(tmp_path: Path) -> None:
    """In the configured language first."""
    shop(tmp_path, "english")
    shop(tmp_path, "{{ source }} steht,\nbis {{ until | minute }}", language="de")
    texts = shop(tmp_path, "Quelle {{ source }}", f"{KIND}.subject.txt", "de")
    row = example_row(KIND)
    assert texts.text(row) == "graph steht, bis 2026-11-29 10:30"
    assert (texts.subject(row), texts.faults) == ("Quelle graph", ())


def test_a_missing_language_falls_back_to_english(tmp_path: Path) -> None:
    assert shop(tmp_path, "english").text(example_row(KIND)) == "english"


def test_other_kinds_keep_their_built_in_texts(tmp_path: Path) -> None:
    row = example_row(EventKind.DISK_LOW)
    texts = shop(tmp_path, "english")
    assert (texts.text(row), texts.subject(row)) == (default_renderer("de").text(row), "")


@pytest.mark.parametrize("what", BAD)
def test_a_template_that_fails_is_named_and_the_built_in_text_is_sent(tmp_path: Path, what: str) -> None:
    """With its file, and the line where there is one."""
    source, problem = BAD[what]
    texts = shop(tmp_path, source)
    (fault,) = texts.faults
    assert fault.startswith(f"{tmp_path}/en/{KIND}.txt")
    assert problem in fault
    assert texts.text(example_row(KIND)) == BUILT_IN


@pytest.mark.parametrize("what", BOMBS)
def test_no_template_takes_long_or_makes_a_large_text(tmp_path: Path, what: str) -> None:
    began = monotonic()
    texts = shop(tmp_path, BOMBS[what])
    assert len(texts.faults) == 1
    assert texts.text(example_row(KIND)) == BUILT_IN
    assert monotonic() - began < 1


def test_a_template_that_fails_for_one_event_only_loses_nothing(tmp_path: Path) -> None:
    """The example has an end of its pause, this event has none."""
    texts = shop(tmp_path, "until {{ until | minute }}")
    row = example_row(KIND)
    endless = replace(row, payload={**row.payload, "until": None})
    assert texts.text(row) == "until 2026-11-29 10:30"
    assert texts.text(endless) == default_renderer("de").text(endless)


def test_a_file_that_is_not_text_and_one_of_no_kind_are_named(tmp_path: Path) -> None:
    shop(tmp_path, b"\xff\xfe")
    texts = shop(tmp_path, "x", "source.stopped.txt")
    assert [fault.split(": ")[1] for fault in texts.faults] == [
        "there is no such kind of event",
        "it is not UTF-8 text",
    ]


def test_a_long_subject_is_cut(tmp_path: Path) -> None:
    texts = shop(tmp_path, "x" * 80, f"{KIND}.subject.txt")
    assert texts.subject(example_row(KIND)) == "x" * 49 + "…"


def test_doctor_names_each_fault_with_a_remedy(tmp_path: Path) -> None:
    shop(tmp_path, "{{ nothing }}")
    (finding,) = alert_texts.findings(AlertsSection(templates=str(tmp_path)))
    assert (finding.check, finding.level, bool(finding.hint)) == ("alerts.templates", "warning", True)


def test_a_missing_folder_is_named() -> None:
    (fault,) = load_shop_texts(Path("/does/not/exist"), "en").faults
    assert fault == "/does/not/exist: there is no such directory"
