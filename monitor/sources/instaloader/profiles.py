"""Reads a profile by its username, and a renamed one by its account id."""

from collections.abc import Mapping
from typing import Any

from instaloader import Profile

from monitor.model.snapshot import Outcome
from monitor.model.target import Target
from monitor.sources.instaloader.error_mapping import FAULTS, empty_page, fault
from monitor.sources.instaloader.page_counts import USER, account_followers, followers
from monitor.sources.instaloader.transport import SilentContext
from monitor.sources.read_result import ReadResult

INCONCLUSIVE = frozenset({Outcome.RATE_LIMITED, Outcome.TRANSIENT})
"""Outcomes of a query by id that are reported as they are. Others count as `not_found`: a query that
visitors may not send is refused for every missing target, which is no refusal of the source as a whole."""


def read_profile(context: SilentContext, target: Target, username: str) -> ReadResult:
    """Read the page of a username; if it is not the target's account, query the account by id."""
    try:
        result = read_page(context, username)
    except FAULTS as error:
        result = fault(error, context.wire.answer)
    if target.account is None or not _is_other_account(result, target):
        return result
    return _read_by_id(context, result, target.account)


def read_page(context: SilentContext, username: str) -> ReadResult:
    """Read a profile's page; raises an exception of `FAULTS`."""
    # Not Profile.from_username, which reports a login wall as a missing profile.
    pages = context.get_page_data(f"{username}/")
    found = any(USER in data for data in pages)
    return followers(pages, username) if found else empty_page(context.wire.answer)


def fetch_account(context: SilentContext, account_id: str) -> Mapping[str, Any]:
    """Fetch an account by id; returns the answer's own data, as the library replaces gaps by defaults."""
    context.profile_id_cache.clear()  # else the library would return the first answer again
    Profile.from_id(context, int(account_id))
    if context.wire.answer is None:
        raise LookupError("no answer")
    user: Mapping[str, Any] = context.wire.answer.json()["data"]["user"]
    return user


def _is_other_account(result: ReadResult, target: Target) -> bool:
    """Whether the username does not lead to the target's account any more."""
    # a stored current username may be wrong, which shows as `schema`
    missing = {Outcome.NOT_FOUND, Outcome.SCHEMA} if target.username_now else {Outcome.NOT_FOUND}
    if not result.account:
        return result.outcome in missing
    return result.account != target.account


def _read_by_id(context: SilentContext, by_name: ReadResult, account_id: str) -> ReadResult:
    """Read an account by id, given the result of its former username."""
    try:
        user = fetch_account(context, account_id)
    except FAULTS as error:
        by_id = fault(error, context.wire.answer)
        return by_id if by_id.outcome in INCONCLUSIVE else _not_found(by_name, by_id)
    return account_followers(user, account_id)


def _not_found(by_name: ReadResult, by_id: ReadResult) -> ReadResult:
    taken = by_name.outcome is not Outcome.NOT_FOUND
    why = "the name belongs to another account now" if taken else by_name.detail
    return ReadResult(Outcome.NOT_FOUND, detail=f"{why}; by its id: {by_id.detail}")
