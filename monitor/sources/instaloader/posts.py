"""A post as the library gets it, and all of its counts out of one answer."""

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
"""A post as the answer describes it."""
Looks = dict[Metric, ReadResult]
STALE = frozenset({Outcome.SCHEMA, Outcome.BLOCKED})
"""Outcomes that old tokens can cause, too."""
_COUNTS: dict[Metric, Callable[[Node], ReadResult]] = {Metric.LIKES: likes, Metric.VIEWS: views}


def ask(context: SilentContext, shortcode: str) -> Node | ReadResult:
    """Ask for a post; a look is why there is none."""
    try:
        # Not the post's own likes and views: they are 0 when hidden, and may cost more requests.
        node: Node = get_json_structure(Post.from_shortcode(context, shortcode))["node"]
    except FAULTS as error:
        return fault(error, context.wire.answer)
    return node


def counts(seen: Node | ReadResult, metrics: Iterable[Metric]) -> Looks:
    """Read each metric out of one answer; where there is no post, all of them say why."""
    if isinstance(seen, ReadResult):
        return dict.fromkeys(metrics, seen)
    return {metric: _COUNTS[metric](seen) for metric in metrics}


def stale(looks: Looks) -> bool:
    """Whether a new context may help."""
    return any(look.outcome in STALE for look in looks.values())
