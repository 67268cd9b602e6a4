"""The Graph source: Business Discovery of the Graph API, Instagram's official interface."""

import os
import re
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import replace
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

    Followers and post counts of one account are read together: one request per hundred media, newest first,
    until every requested post is found, at most five. A post is found only through its owner. A personal
    account and a deleted one are both `not_found`.
    """

    name = "graph"
    metrics = frozenset(Metric)
    batch = 100

    def __init__(self, node: str, token: TokenFile, timeout: float = 20.0) -> None:
        """`node`: API version and id of our own account. `timeout`: seconds for connecting and each read."""
        self._node = node
        # Graph's ids differ between apps: what was read for another account of ours is not compared
        self._id_space = node.rpartition("/")[2]
        self._token = token
        self._timeout = timeout

    @classmethod
    def configured(cls, options: Mapping[str, str]) -> Self:
        """Make the source from its options; raises BadInputError naming an invalid option."""
        account = _matching(
            options, "ig_user_id", r"[0-9]{1,20}", "the number of your own professional account"
        )
        version = _matching(
            options, "version", r"v[0-9]{1,3}\.[0-9]", "a version of the Graph API like v26.0"
        )
        token = token_file(options.get("token_file", ""), os.environ)
        token.read()
        return cls(f"{version}/{account}", token)

    def request_key(self, target: Target) -> str | None:
        """Return the key of the target's profile, a post's owner included; None if it is unknown."""
        username = username_of(target)
        return None if username is None else f"profile:{username}"

    def read(self, targets: Sequence[Target], now: datetime) -> Reading:
        """Read targets of one profile; failures are returned as snapshots."""
        request = query(targets)
        if request is None:
            return self._unsent(targets, now, Outcome.SCHEMA, "not targets of one profile")
        try:
            token = self._token.read()
        except BadInputError as error:
            return self._unsent(targets, now, Outcome.LOGIN_REQUIRED, str(error))
        with closing(GraphTransport(self._node, token, self._timeout, now)) as transport:
            scan = scan_pages(transport, request)
        results = [_result(scan, target) for target in targets]
        details = [redacted(result.detail, token) for result in results]
        account = f"{self._id_space}:{scan.account}" if scan.account else ""
        snapshots = [
            replace(self._snapshot(*args, now), source_account=account)
            for args in zip(targets, results, details, strict=True)
        ]
        return Reading(tuple(snapshots), transport.sent, transport.rate_limit)

    def _unsent(self, targets: Sequence[Target], now: datetime, outcome: Outcome, why: str) -> Reading:
        """Answer targets for which no request was sent."""
        result, detail = ReadResult(outcome), f"nothing was sent: {why}"
        return Reading(tuple(self._snapshot(target, result, detail, now) for target in targets), 0)

    def _snapshot(self, target: Target, result: ReadResult, detail: str, now: datetime) -> Snapshot:
        return Snapshot(
            target,
            now,
            result.outcome,
            self.name,
            result.count,
            result.count_kind,
            one_line(detail),
            out_of_reach=result.out_of_reach,
        )


def _result(scan: MediaScan, target: Target) -> ReadResult:
    """Return the result for one target."""
    if target.metric is Metric.FOLLOWERS:
        return scan.followers or scan.missing
    medium = scan.media.get(target.link.key)
    return scan.missing if medium is None else _POST_COUNTS[target.metric](medium)


def _matching(options: Mapping[str, str], option: str, pattern: str, expected: str) -> str:
    value = options.get(option, "")
    if not re.fullmatch(pattern, value):
        raise BadInputError(f"sources.graph.{option}", f"{value!r} is not {expected}")
    return value
