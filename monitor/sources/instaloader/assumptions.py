"""What the source takes Instagram to do, and what a probe says about each of these today."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from monitor.model.snapshot import Outcome
from monitor.sources.instaloader.probe import ACCOUNT, MEMBER, MISSING, POST, PROFILE, ProbeFinding

_MEDIA = "data.xdt_api__v1__media__shortcode__web_info.items[]"
_FOLLOWERS = "xig_user_by_username[].follower_count"
_NUMBER = "whole number"
_START = "/"
_SEEN = {Outcome.COUNT, Outcome.PRIVATE}
Findings = Sequence[ProbeFinding]


@dataclass(frozen=True, slots=True)
class Assumption:
    """One assumption, and whether it holds; None when the probe cannot tell."""

    assumption: str
    holds: bool | None
    seen: str


def assumptions(findings: Findings) -> list[Assumption]:
    """What the findings say about every assumption of the source; a passing fault says nothing."""
    told = [one for one in findings if one.outcome is not Outcome.TRANSIENT]
    return [Assumption(text, *judge(told)) for text, judge in _ASSUMPTIONS.items()]


Verdict = tuple[bool | None, str]


def _public(findings: Findings) -> Verdict:
    asked = [one for one in _about(findings, PROFILE) if one.outcome is not Outcome.PRIVATE]
    return _all(asked, {Outcome.COUNT}, "nothing was told of a public profile")


def _private(findings: Findings) -> Verdict:
    private = [one for one in _about(findings, PROFILE) if one.outcome is Outcome.PRIVATE]
    if not private:
        return None, "nothing was told of a private profile"
    told = [one.shape.get(_FOLLOWERS, "absent") for one in private]
    return all(_NUMBER in kind for kind in told), f"follower_count: {', '.join(told)}"


def _missing(findings: Findings) -> Verdict:
    return _all(_about(findings, MISSING), {Outcome.NOT_FOUND}, "nothing was told of a missing profile")


def _no_wall(findings: Findings) -> Verdict:
    asked = [one for one in findings if one.about != MEMBER and one.answered]
    walls = [one.about for one in asked if one.outcome is Outcome.LOGIN_REQUIRED]
    if not asked:
        return None, "nothing was told"
    return not walls, f"asked to log in at: {', '.join(sorted(set(walls))) or 'none of them'}"


def _tokens(findings: Findings) -> Verdict:
    for one in findings:
        paths = [answer.path for answer in one.answers]
        if _START in paths:
            return "/api/graphql" in paths, _told(one)
    return None, "nothing was told by the start page"


def _cookie(findings: Findings) -> Verdict:
    starts = [answer for one in findings for answer in one.answers if answer.path == _START]
    if not _tokens(findings)[0]:
        return None, "no query was sent"
    return len(starts) == 1, f"asked for {len(starts)} times"


def _by_id(findings: Findings) -> Verdict:
    return _all(_about(findings, ACCOUNT), _SEEN, "nothing was told of an account")


def _likes(findings: Findings) -> Verdict:
    return _all(_about(findings, POST), {Outcome.COUNT, Outcome.HIDDEN}, "nothing was told of a post")


def _views(about: str) -> Callable[[Findings], Verdict]:
    def judge(findings: Findings) -> Verdict:
        asked = _about(findings, about)
        if not asked:
            return None, f"nothing was told of a {about}"
        told = asked[0].shape.get(f"{_MEDIA}.play_count", "absent")
        return asked[0].views is Outcome.COUNT, f"play_count: {told}; {_told(asked[0])}"

    return judge


_ASSUMPTIONS: dict[str, Callable[[Findings], Verdict]] = {
    "a public profile's page tells its followers": _public,
    "a private profile's page tells a follower_count, too": _private,
    "a missing profile is told apart from a refusal": _missing,
    "visitors meet no login wall": _no_wall,
    "the start page holds the tokens for queries": _tokens,
    "the start page sets a csrftoken, so that it is asked for once": _cookie,
    "visitors may ask for an account by its id": _by_id,
    "visitors are told a post's likes": _likes,
    "visitors are told a video's views": _views(POST),
    "the login is accepted and told a video's views": _views(MEMBER),
}


def _about(findings: Findings, about: str) -> list[ProbeFinding]:
    return [one for one in findings if one.about == about]


def _all(asked: Findings, wanted: set[Outcome], nothing: str) -> Verdict:
    if not asked:
        return None, nothing
    return all(one.outcome in wanted for one in asked), ", ".join(sorted({_told(one) for one in asked}))


def _told(finding: ProbeFinding) -> str:
    statuses = [answer.leads or answer.status or "no answer" for answer in finding.answers]
    return f"{finding.outcome} ({', '.join(map(str, statuses))})"
