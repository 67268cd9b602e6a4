"""Instagram's official interface for the counts of others: Business Discovery of the Graph API."""

import os
import re
from collections.abc import Mapping, Sequence
from contextlib import closing
from datetime import datetime
from typing import Self

from monitor.errors import BadInputError
from monitor.model.snapshot import Outcome, Snapshot
from monitor.model.target import Metric, Target
from monitor.sources.bounded_io import one_line
from monitor.sources.contract import Reading
from monitor.sources.graph.media_pages import MediaScan, scan_pages
from monitor.sources.graph.query import query, username_of
from monitor.sources.graph.response_schema import likes, views
from monitor.sources.graph.token import TokenFile, redacted, token_file
from monitor.sources.graph.transport import GraphTransport
from monitor.sources.read_result import ReadResult

_POST_COUNTS = {Metric.LIKES: likes, Metric.VIEWS: views}


class GraphSource:
    """Reads the followers of professional accounts, and the likes and reel views of their posts.

    All that is asked about one account, its followers and its posts' counts, costs one request for each
    hundred of its newest media, and as many as bring the oldest asked post, but five at most. A post is
    found through its owner alone. An account that is personal, and one that is gone, are `not_found` alike.
    """

    name = "graph"
    metrics = frozenset(Metric)
    batch = 100

    def __init__(self, node: str, token: TokenFile, timeout: float = 20.0) -> None:
        """`node` is version and id of the account that asks, `timeout` in seconds for each wait."""
        self._node = node
        self._token = token
        self._timeout = timeout

    @classmethod
    def configured(cls, options: Mapping[str, str]) -> Self:
        """Make the source; raises BadInputError naming the option that cannot be used."""
        account = _matching(
            options, "ig_user_id", r"[0-9]{1,20}", "the number of your own professional account"
        )
        version = _matching(
            options, "version", r"v[0-9]{1,3}\.[0-9]", "a version of the interface like v26.0"
        )
        token = token_file(options.get("token_file", ""), os.environ)
        token.read()
        return cls(f"{version}/{account}", token)

    def request_key(self, target: Target) -> str | None:
        """Name the profile that shows a target: its own, or a post's owner; None where that is unknown."""
        username = username_of(target)
        return None if username is None else f"profile:{username}"

    def read(self, targets: Sequence[Target], now: datetime) -> Reading:
        """Look at targets of one profile together; what goes wrong is in the snapshots."""
        asked = query(targets)
        if asked is None:
            return self._unsent(targets, now, Outcome.SCHEMA, "not targets of one profile")
        try:
            token = self._token.read()
        except BadInputError as error:
            return self._unsent(targets, now, Outcome.LOGIN_REQUIRED, str(error))
        with closing(GraphTransport(self._node, token, self._timeout, now)) as wire:
            seen = scan_pages(wire, asked)
        looks = [_look(seen, target) for target in targets]
        details = [redacted(look.detail, token) for look in looks]
        shots = [self._snapshot(*of, now) for of in zip(targets, looks, details, strict=True)]
        return Reading(tuple(shots), wire.sent, wire.rate_limit)

    def _unsent(self, targets: Sequence[Target], now: datetime, outcome: Outcome, why: str) -> Reading:
        """Answer targets that nothing was sent for."""
        look, detail = ReadResult(outcome), f"nothing was sent: {why}"
        return Reading(tuple(self._snapshot(target, look, detail, now) for target in targets), 0)

    def _snapshot(self, target: Target, look: ReadResult, detail: str, now: datetime) -> Snapshot:
        return Snapshot(target, now, look.outcome, self.name, look.count, look.count_kind, one_line(detail))


def _look(seen: MediaScan, target: Target) -> ReadResult:
    """Pick a target out of what was seen."""
    if target.metric is Metric.FOLLOWERS:
        return seen.followers or seen.rest
    medium = seen.media.get(target.link.key)
    return seen.rest if medium is None else _POST_COUNTS[target.metric](medium)


def _matching(options: Mapping[str, str], option: str, form: str, what: str) -> str:
    value = options.get(option, "")
    if not re.fullmatch(form, value):
        raise BadInputError(f"sources.graph.{option}", f"{value!r} is not {what}")
    return value
