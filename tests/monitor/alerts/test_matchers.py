"""Matchers: Alertmanager's syntax, and one clear line for what is wrong."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.alerts.matchers import LABELS, Matcher, Operation, all_match, parse_matchers, text_of
from monitor.errors import BadInputError

HELD = {"kind": "drop.held", "severity": "warning", "service": "12"}


@pytest.mark.parametrize(
    ("text", "fits"),
    [
        ('kind="drop.held"', True),
        ("kind=drop.held", True),
        ('kind!="drop.held"', False),
        ('severity=~"warning|critical"', True),
        ('severity=~"warn"', False),
        ('severity!~"warn"', True),
        ('kind=~"drop\\.(held|waiting)"', True),
        ('kind="drop.held", service="13"', False),
        ('{kind = "drop.held" , service =~ "1[0-9]",}', True),
        ('provider=""', True),
        ('provider!~".+"', True),
    ],
)
def test_all_matchers_have_to_match(text: str, fits: bool) -> None:
    """Regular expressions match whole values; a label that is not there is empty."""
    assert all_match(parse_matchers(text), HELD) is fits


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "there is no matcher; "),
        ("{}", "there is no matcher; "),
        ("kind", "'kind' is not a matcher; "),
        ('kind="a', "'kind=\"a' is not a matcher; "),
        ('kind="a" service="b"', '\'kind="a" service="b"\' is not a matcher; '),
        ('colour="red"', "there is no label 'colour'; there are: kind, severity, "),
        ('kind=~"("', "'(': a ) is missing"),
    ],
)
def test_a_wrong_matcher_is_refused_in_one_line(text: str, problem: str) -> None:
    """With an example, or the names that there are."""
    with pytest.raises(BadInputError) as caught:
        parse_matchers(text, "alerts.routes.1.matchers")
    assert caught.value.problem.startswith(problem)
    assert caught.value.field == "alerts.routes.1.matchers"


_MATCHERS = st.builds(
    Matcher,
    st.sampled_from(LABELS),
    st.sampled_from([Operation.EQUAL, Operation.NOT_EQUAL]),
    st.text('ab"\\\n,{}= ', max_size=6),
)


@given(st.lists(_MATCHERS, min_size=1, max_size=3))
def test_what_is_written_is_read_again(matchers: list[Matcher]) -> None:
    """Whatever the values contain."""
    assert parse_matchers(text_of(matchers)) == tuple(matchers)
