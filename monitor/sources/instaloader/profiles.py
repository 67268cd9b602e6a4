"""A profile's page, and the account behind it when it has left its name."""

from collections.abc import Mapping
from typing import Any

from instaloader import Profile

from monitor.model.snapshot import Outcome
from monitor.model.target import Target
from monitor.sources.instaloader.error_mapping import FAULTS, empty_page, fault
from monitor.sources.instaloader.page_counts import USER, account_followers, followers
from monitor.sources.instaloader.transport import SilentContext
from monitor.sources.read_result import ReadResult

SAYS_NOTHING = frozenset({Outcome.RATE_LIMITED, Outcome.TRANSIENT})
"""Not even that an account cannot be asked for. A query that visitors may not send would be refused for
every target that is gone: the source as a whole is judged by its pages, which come first."""


def see(context: SilentContext, target: Target, username: str) -> ReadResult:
    """Look at the page of that name, and where the target's account is not behind it, ask for that."""
    try:
        seen = page(context, username)
    except FAULTS as error:
        seen = fault(error, context.wire.answer)
    if target.account is None or not _lost(seen, target):
        return seen
    return _follow(context, seen, target.account)


def page(context: SilentContext, username: str) -> ReadResult:
    """Look at a profile's page; raises what `FAULTS` says."""
    # Not Profile.from_username: that takes a login wall for a missing profile.
    pages = context.get_page_data(f"{username}/")
    found = any(USER in data for data in pages)
    return followers(pages, username) if found else empty_page(context.wire.answer)


def account(context: SilentContext, account: str) -> Mapping[str, Any]:
    """Return what the answer itself says of an account: the library fills gaps with defaults."""
    context.profile_id_cache.clear()  # else the first answer would be the answer for ever
    Profile.from_id(context, int(account))
    if context.wire.answer is None:
        raise LookupError("no answer")
    user: Mapping[str, Any] = context.wire.answer.json()["data"]["user"]
    return user


def _lost(seen: ReadResult, target: Target) -> bool:
    """Whether the account is not behind its name any more; one that was learnt may have been wrong."""
    nobody = {Outcome.NOT_FOUND, Outcome.SCHEMA} if target.username_now else {Outcome.NOT_FOUND}
    if not seen.account:
        return seen.outcome in nobody
    return seen.account != target.account


def _follow(context: SilentContext, seen: ReadResult, account_id: str) -> ReadResult:
    """Ask for an account that has left its name, by its id."""
    try:
        user = account(context, account_id)
    except FAULTS as error:
        by_id = fault(error, context.wire.answer)
        return by_id if by_id.outcome in SAYS_NOTHING else _nowhere(seen, by_id)
    return account_followers(user, account_id)


def _nowhere(seen: ReadResult, by_id: ReadResult) -> ReadResult:
    taken = seen.outcome is not Outcome.NOT_FOUND
    why = "the name belongs to another account now" if taken else seen.detail
    return ReadResult(Outcome.NOT_FOUND, detail=f"{why}; by its id: {by_id.detail}")
