"""Reads a post with the library, and all requested counts from one answer."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from instaloader import Post, get_json_structure

from monitor.model.snapshot import Outcome
from monitor.model.target import Metric
from monitor.sources.instaloader.error_mapping import FAULTS, fault
from monitor.sources.instaloader.page_counts import likes, views
from monitor.sources.instaloader.transport import SilentContext
from monitor.sources.read_result import ReadResult

Node = Mapping[str, Any]
"""The answer's data of a post."""
Results = dict[Metric, ReadResult]
STALE = frozenset({Outcome.SCHEMA, Outcome.BLOCKED})
"""Outcomes that expired tokens can cause, too."""
_COUNTS: dict[Metric, Callable[[Node], ReadResult]] = {Metric.LIKES: likes, Metric.VIEWS: views}


def fetch(context: SilentContext, shortcode: str) -> Node | ReadResult:
    """Fetch a post; a ReadResult says why there is none."""
    try:
        # Not the likes and views of the Post object: 0 when hidden, and they may send more requests.
        node: Node = get_json_structure(Post.from_shortcode(context, shortcode))["node"]
    except FAULTS as error:
        return fault(error, context.wire.answer)
    return node


def read_counts(post: Node | ReadResult, metrics: Iterable[Metric]) -> Results:
    """Read each metric from one answer; without a post all have the same result."""
    if isinstance(post, ReadResult):
        return dict.fromkeys(metrics, post)
    return {metric: _COUNTS[metric](post) for metric in metrics}


def may_be_stale(results: Results) -> bool:
    """Whether expired tokens can be the cause, so that a new context may help."""
    return any(result.outcome in STALE for result in results.values())
