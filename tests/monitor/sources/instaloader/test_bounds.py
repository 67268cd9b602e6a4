"""The size and the time of any answer are bounded."""

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
        HttpAnswer(gzip.compress(b" " * MIB) * 64, headers=(("Content-Encoding", "gzip"),)),
    ],
    ids=["large", "large when unpacked"],
)
def test_an_answer_that_is_too_large_is_no_count(
    script: Any, read: Callable[..., Reading], answer: HttpAnswer
) -> None:
    """It is aborted at eight mebibytes."""
    script.page = answer
    (snapshot,) = read(Metric.FOLLOWERS).snapshots
    assert (snapshot.outcome, "larger than" in snapshot.detail) == (Outcome.TRANSIENT, True)


def test_a_slow_answer_is_aborted(
    script: Any, read: Callable[..., Reading], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A body may take a minute; here the minute is over at once."""
    monkeypatch.setattr(bounded_io, "LONGEST_ANSWER", -1.0)
    (snapshot,) = read(Metric.FOLLOWERS).snapshots
    assert (snapshot.outcome, "took longer" in snapshot.detail) == (Outcome.TRANSIENT, True)


def test_a_page_within_bounds_is_read_compressed_or_not(script: Any, read: Callable[..., Reading]) -> None:
    """Instagram compresses its answers; the count is the same."""
    plain = script.page
    body = plain.body if isinstance(plain.body, bytes) else plain.body.encode()
    script.page = HttpAnswer(gzip.compress(body), headers=(("Content-Encoding", "gzip"),))
    assert [snapshot.count for snapshot in read(Metric.FOLLOWERS).snapshots] == [1234]
