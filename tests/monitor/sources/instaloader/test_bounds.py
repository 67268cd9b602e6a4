"""Any answer is read within bounds of size and time."""

import gzip
from collections.abc import Callable
from typing import Any

import pytest

from monitor.model.snapshot import Outcome
from monitor.model.target import Metric
from monitor.sources import bounded_io
from monitor.sources.contract import Reading
from refilld.demo.tunnel import HttpAnswer

MIB = 1024 * 1024


@pytest.mark.parametrize(
    "answer",
    [
        HttpAnswer(b" " * (9 * MIB)),
        HttpAnswer(gzip.compress(b" " * (64 * MIB)), headers=(("Content-Encoding", "gzip"),)),
    ],
    ids=["large", "large when unpacked"],
)
def test_an_answer_too_large_to_be_a_page_is_no_count(
    script: Any, read: Callable[..., Reading], answer: HttpAnswer
) -> None:
    """It is given up at eight mebibytes, before it fills the memory."""
    script.page = answer
    (shot,) = read(Metric.FOLLOWERS).snapshots
    assert (shot.outcome, "larger than" in shot.detail) == (Outcome.TRANSIENT, True)


def test_an_answer_that_drips_is_given_up(
    script: Any, read: Callable[..., Reading], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A minute is the most that a body may take; here the minute is over at once."""
    monkeypatch.setattr(bounded_io, "LONGEST_ANSWER", -1.0)
    (shot,) = read(Metric.FOLLOWERS).snapshots
    assert (shot.outcome, "took longer" in shot.detail) == (Outcome.TRANSIENT, True)


def test_a_page_within_bounds_is_read_packed_or_not(script: Any, read: Callable[..., Reading]) -> None:
    """What Instagram sends is packed; the count is the same."""
    plain = script.page
    body = plain.body if isinstance(plain.body, bytes) else plain.body.encode()
    script.page = HttpAnswer(gzip.compress(body), headers=(("Content-Encoding", "gzip"),))
    assert [shot.count for shot in read(Metric.FOLLOWERS).snapshots] == [1234]
