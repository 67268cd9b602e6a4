"""The assumptions of the source about Instagram, each checked against the findings of a probe."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from monitor.model.snapshot import Outcome
from monitor.sources.instaloader.probe import ACCOUNT, MEMBER, MISSING, POST, PROFILE, ProbeFinding

_MEDIA = "data.xdt_api__v1__media__shortcode__web_info.items[]"
_FOLLOWERS = "xig_user_by_username[].follower_count"
_NUMBER = "whole number"
_START_PAGE = "/"
_READABLE = {Outcome.COUNT, Outcome.PRIVATE}
Findings = Sequence[ProbeFinding]


@dataclass(frozen=True, slots=True)
class Assumption:
    """One assumption and its assessment; `holds` is None if the probe gives no evidence."""

    assumption: str
    holds: bool | None
    seen: str


def assumptions(findings: Findings) -> list[Assumption]:
    """Assess every assumption by the findings; transient failures are no evidence."""
    evidence = [one for one in findings if one.outcome is not Outcome.TRANSIENT]
    return [Assumption(text, *assess(evidence)) for text, assess in _ASSUMPTIONS.items()]


Assessment = tuple[bool | None, str]


def _public(findings: Findings) -> Assessment:
    profiles = [one for one in _about(findings, PROFILE) if one.outcome is not Outcome.PRIVATE]
    return _all(profiles, {Outcome.COUNT}, "no result for a public profile")


def _private(findings: Findings) -> Assessment:
    private = [one for one in _about(findings, PROFILE) if one.outcome is Outcome.PRIVATE]
    if not private:
        return None, "no result for a private profile"
    types = [one.shape.get(_FOLLOWERS, "absent") for one in private]
    return all(_NUMBER in kind for kind in types), f"follower_count: {', '.join(types)}"


def _missing(findings: Findings) -> Assessment:
    return _all(_about(findings, MISSING), {Outcome.NOT_FOUND}, "no result for a missing profile")


def _no_wall(findings: Findings) -> Assessment:
    asked = [one for one in findings if one.about != MEMBER and one.answered]
    walls = [one.about for one in asked if one.outcome is Outcome.LOGIN_REQUIRED]
    if not asked:
        return None, "no result"
    return not walls, f"asked to log in at: {', '.join(sorted(set(walls))) or 'none of them'}"


def _tokens(findings: Findings) -> Assessment:
    for one in findings:
        paths = [answer.path for answer in one.answers]
        if _START_PAGE in paths:
            return "/api/graphql" in paths, _summary(one)
    return None, "no result for the start page"


def _cookie(findings: Findings) -> Assessment:
    starts = [answer for one in findings for answer in one.answers if answer.path == _START_PAGE]
    if not _tokens(findings)[0]:
        return None, "no query was sent"
    return len(starts) == 1, f"asked for {len(starts)} times"


def _by_id(findings: Findings) -> Assessment:
    return _all(_about(findings, ACCOUNT), _READABLE, "no result for an account")


def _likes(findings: Findings) -> Assessment:
    return _all(_about(findings, POST), {Outcome.COUNT, Outcome.HIDDEN}, "no result for a post")


def _views(about: str) -> Callable[[Findings], Assessment]:
    def assess(findings: Findings) -> Assessment:
        asked = _about(findings, about)
        if not asked:
            return None, f"no result for a {about}"
        kind = asked[0].shape.get(f"{_MEDIA}.play_count", "absent")
        return asked[0].views is Outcome.COUNT, f"play_count: {kind}; {_summary(asked[0])}"

    return assess


_ASSUMPTIONS: dict[str, Callable[[Findings], Assessment]] = {
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


def _all(asked: Findings, wanted: set[Outcome], nothing: str) -> Assessment:
    if not asked:
        return None, nothing
    return all(one.outcome in wanted for one in asked), ", ".join(sorted({_summary(one) for one in asked}))


def _summary(finding: ProbeFinding) -> str:
    statuses = [answer.leads or answer.status or "no answer" for answer in finding.answers]
    return f"{finding.outcome} ({', '.join(map(str, statuses))})"
