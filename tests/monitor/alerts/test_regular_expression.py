"""Regular expressions: they mean what `re` means, and no pattern takes long."""

import re
from time import process_time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.alerts.regular_expression import MOST_STATES, RegularExpression
from monitor.errors import BadInputError

_ATOMS = st.sampled_from(["a", "b", ".", "[ab]", "[^a]", r"\.", r"\d", "ab"])
_PATTERNS = st.recursive(
    _ATOMS,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3).map("".join),
        st.lists(inner, min_size=2, max_size=3).map(lambda parts: f"({'|'.join(parts)})"),
        st.tuples(inner, st.sampled_from(["*", "+", "?", "{2}", "{1,2}", "{0,2}", "{2,}"])).map(
            lambda pair: f"(?:{pair[0]}){pair[1]}"
        ),
    ),
    max_leaves=6,
)


@given(_PATTERNS, st.text("ab.1\n", max_size=8))
def test_a_pattern_matches_what_re_matches(pattern: str, text: str) -> None:
    """The whole text, also over several lines."""
    expected = re.fullmatch(pattern, text, re.DOTALL) is not None
    assert RegularExpression(pattern).matches(text) is expected


@pytest.mark.parametrize(
    ("pattern", "text"),
    [
        ("[[a]", "["),
        ("[a||b]", "|"),
        ("[a&&b]", "&"),
        ("[~~]", "~"),
        ("[+--]", "-"),
        ("[--a]", "0"),
        (r"[\[-\]]", "]"),
    ],
)
def test_a_class_of_characters_has_no_operations_on_sets(pattern: str, text: str) -> None:
    """`re` warns of each, because it may have them in a later version."""
    assert RegularExpression(pattern).matches(text)


@pytest.mark.parametrize(
    "pattern", ["(a*)*b", "(a|a)*b", "(a?){50}a{50}b", ".*.*.*.*.*.*.*.*b", "(a+)+(a+)+b"]
)
def test_no_pattern_takes_long(pattern: str) -> None:
    """Each of these takes longer than the age of the universe with `re`."""
    begun = process_time()
    assert not RegularExpression(pattern).matches("a" * 2000)
    assert process_time() - begun < 2


@pytest.mark.parametrize(
    ("pattern", "problem"),
    [
        ("a{2,1}", "{2,1} has its numbers in the wrong order"),
        ("(a", "a ) is missing"),
        ("a)", r") at position 2 has no meaning here; \) is the character"),
        ("*a", r"* at position 1 has no meaning here; \* is the character"),
        ("a**", r"* at position 3 has no meaning here; \* is the character"),
        ("^a", r"^ at position 1 has no meaning here; \^ is the character"),
        ("[b-a]", "[b-a] is not a class of characters"),
        ("(?=a)", "groups that begin with (? are not supported, except (?:"),
        (r"(a)\1", r"\ at position 4 has no meaning here; \\ is the character"),
        (f"a{{{MOST_STATES}}}", "is too large; use smaller numbers in { }"),
        ("a" * 501, "is longer than 500 characters"),
        ("(" * 240 + "a" + ")" * 240, "has more than 50 groups within each other"),
    ],
)
def test_what_is_not_supported_is_refused_in_one_line(pattern: str, problem: str) -> None:
    """The line names the pattern."""
    with pytest.raises(BadInputError) as caught:
        RegularExpression(pattern)
    assert caught.value.problem.endswith(problem)
    assert caught.value.problem.startswith(repr(pattern[:20])[:-1])
