"""The report as Markdown: values from the shop are shown as they are, and never read as markup."""

import re

import pytest
from hypothesis import given

from refilld.report.assemble import drop_figures
from refilld.report.figures import Report, WaitingFigures
from refilld.report.markdown import escaped, render_markdown
from storage.report import WaitingRequest
from tests.refilld.report.report_values import (
    EMPTY,
    FEW_EXAMPLES,
    HOUR,
    NOW,
    REPORTS,
    some_drops,
    with_actions,
)

TABLE_BARS = 7
"""Bars of a row of a table with six columns."""
_OF_A_LINE = ("#", "* ", "  * ", "    * ", "| ", "|---|", *(f"{number}. " for number in range(1, 6)))


@FEW_EXAMPLES
@given(REPORTS)
def test_every_line_is_of_the_report(report: Report) -> None:
    """No value begins a line, adds a column, or contains an HTML tag."""
    for line in filter(None, render_markdown(report).split("\n")):
        assert line.startswith(_OF_A_LINE), line
        assert line.isprintable() or "\N{ZERO WIDTH SPACE}" in line
        if line.startswith("|"):
            assert len(re.findall(r"(?<!\\)(?:\\\\)*\|", line)) == TABLE_BARS
        if not re.match(r"\d\. ", line):  # those have a command in a code span
            assert "<" not in line


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("acme", "acme"),
        ("a|b", r"a\|b"),
        (r"a\|b", r"a\\\|b"),
        ("**x** _y_ `z` ~~w~~", r"\*\*x\*\* \_y\_ \`z\` \~\~w\~\~"),
        ("[x](http://evil.example)", r"\[x\](http\://evil.example)"),
        ("www.evil.example", r"www\.evil.example"),
        ("<b>&amp;", "&lt;b&gt;&amp;amp;"),
        ("@everyone", "@\N{ZERO WIDTH SPACE}everyone"),
        ("a\nb", "a?b"),
    ],
)
def test_markup_is_escaped(value: str, expected: str) -> None:
    assert escaped(value) == expected


def test_the_provider_that_loses_is_in_a_table() -> None:
    drops = drop_figures([some_drops(provider="a|b")], {"a|b": 3000})
    lines = render_markdown(with_actions(drops=drops)).splitlines()
    header = lines.index("| provider | opened | confirmed | recovered | missing | of guaranteed |")
    assert lines[header + 2] == r"| a\|b | 1 | 1 | 0 | 300 | 10.0 % |"


def test_a_command_with_backticks_is_a_code_span() -> None:
    """A code span ends at as many backticks as began it."""
    waiting = WaitingFigures(1, (WaitingRequest("a`b", None, "1234", NOW - HOUR),))
    assert "1. 1 customer waiting for an answer, the longest for 60m: `` refilld check 'a`b' ``" in (
        render_markdown(with_actions(waiting=waiting))
    )


def test_a_quiet_morning_has_nothing_to_do() -> None:
    assert "Do first" not in render_markdown(EMPTY)
