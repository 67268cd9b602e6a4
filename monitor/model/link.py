"""Instagram links: all spellings of a profile or post are parsed to one canonical link."""

import re
from dataclasses import dataclass
from enum import StrEnum
from urllib.parse import unquote

from monitor.errors import BadInputError

HOSTS = frozenset({"instagram.com", "www.instagram.com", "m.instagram.com", "instagr.am", "www.instagr.am"})
LONGEST_LINK = 2_048
_USERNAME = re.compile(r"(?!\.)(?!.*\.\.)[A-Za-z0-9._]{1,30}(?<!\.)")
_SHORTCODE = re.compile(r"[A-Za-z0-9_-]{5,40}")
_POST_SEGMENTS = frozenset({"p", "reel", "reels", "tv"})
_PROFILE_TABS = frozenset({"reels", "tagged", "followers", "following"})
_POST_TABS = frozenset({"embed", "liked_by", "comments"})
_RESERVED_NAMES = re.compile(
    "_n|_u|about|accounts|api|ar|archive|challenge|developer|direct|directory|emails|explore|graphql|legal|lite"
    "|nametag|oauth|p|press|privacy|push|reel|reels|s|session|share|stories|terms|topics|tv|web",
    re.IGNORECASE,
)
# Whitespace, control characters, and the backslash, which browsers treat as a slash.
_UNSAFE_CHARACTERS = re.compile(r"[\s\x00-\x1f\x7f-\x9f\\]")
_URL = re.compile(r"(?:(?:https?:)?//)?([^/]*)(/.*)?", re.ASCII | re.IGNORECASE)
_PLAIN_PROFILE = re.compile(r"(?:@|https://(?:www\.)?instagram\.com/)([A-Za-z0-9._]{1,30})/?", re.ASCII)
"""The spellings of most links; `parse_link` would read them alike without it, more slowly."""
_APP_URL = re.compile(r"instagram://user/?\?username=([^&#]*)(?:[&#].*)?", re.ASCII | re.IGNORECASE)
_DEFAULT_PORT = re.compile(r":(?:80|443)\Z")
_REMEDY = "write a profile like @nasa or a post like https://www.instagram.com/p/CODE/"


class ForeignLinkError(BadInputError):
    """The link leads to another site."""


class LinkKind(StrEnum):
    """The kinds of page that show counts."""

    PROFILE = "profile"
    POST = "post"


@dataclass(frozen=True, slots=True)
class Link:
    """A canonical link: `key` is the username (lower case) or the post's shortcode (case kept)."""

    kind: LinkKind
    key: str

    @property
    def url(self) -> str:
        prefix = "p/" if self.kind is LinkKind.POST else ""
        return f"https://www.instagram.com/{prefix}{self.key}/"

    def __str__(self) -> str:
        return self.url


@dataclass(frozen=True, slots=True)
class ParsedLink:
    """A parsed link: the canonical link and, from `/<user>/p/CODE/`, the username of the post's owner."""

    link: Link
    owner: str | None = None


def parse_link(text: str) -> ParsedLink:
    """Parse any spelling of a profile or post; a bare word is a username. Raises BadInputError("link", …)."""
    typed = text.strip()
    plain = _PLAIN_PROFILE.fullmatch(typed)
    if plain is not None and is_username(plain[1]):
        return ParsedLink(Link(LinkKind.PROFILE, plain[1].lower()))
    if not typed:
        raise BadInputError("link", f"is empty; {_REMEDY}")
    if len(typed) > LONGEST_LINK:
        raise BadInputError("link", f"is longer than {LONGEST_LINK} characters; {_REMEDY}")
    if _UNSAFE_CHARACTERS.search(typed):
        raise BadInputError(
            "link", f"{_quoted(typed)} has a blank, backslash or control character; {_REMEDY}"
        )
    segments = _segments(typed)
    if segments and segments[0].lower() == "_u":  # the mobile site's prefix for "open in the app"
        segments = segments[1:]
    if not segments:
        raise BadInputError("link", f"{_quoted(typed)} names no profile or post; {_REMEDY}")
    return _parse_page(segments, typed)


def is_username(text: str) -> bool:
    """Whether this is a valid username, in upper or lower case."""
    return _USERNAME.fullmatch(text) is not None and _RESERVED_NAMES.fullmatch(text) is None


def parse_username(text: str, field: str = "owner") -> str:
    """Parse `nasa` or `@NASA` to the username in lower case; raises BadInputError for an invalid one."""
    name = text.strip().removeprefix("@")
    if _USERNAME.fullmatch(name) is None:
        raise BadInputError(
            field,
            f"{_quoted(text)} is not a username: 1 to 30 of the letters a-z, digits, dots and underscores,"
            " no dot at either end and no two in a row",
        )
    if _RESERVED_NAMES.fullmatch(name):
        raise BadInputError(
            field, f"{_quoted(text)} is one of Instagram's own pages, not a username; {_REMEDY}"
        )
    return name.lower()


def _segments(typed: str) -> list[str]:
    """Return the decoded segments of the path; a bare word is a path of one segment."""
    if app := _APP_URL.fullmatch(typed):
        return [unquote(app[1])]
    url = re.split(r"[?#]", typed, maxsplit=1)[0]
    path = url.rstrip("/")
    if "/" not in path:
        return [] if not path or path.lower() in HOSTS else [unquote(path)]
    if url.startswith("/") and not url.startswith("//"):
        path = url
    else:
        match = _URL.fullmatch(url)
        if match is None or _DEFAULT_PORT.sub("", match[1].lower()) not in HOSTS:
            raise ForeignLinkError("link", f"{_quoted(typed)} is not on instagram.com; {_REMEDY}")
        path = match[2] or ""
    return [unquote(segment) for segment in path.split("/") if segment]


def _parse_page(segments: list[str], typed: str) -> ParsedLink:
    first, rest = segments[0], segments[1:]
    if first.lower() in _POST_SEGMENTS:
        return ParsedLink(_parse_post(rest, typed))
    if first.lower() == "share":
        raise BadInputError(
            "link",
            f"{_quoted(typed)} is a share link, which only Instagram can resolve;"
            " open it and copy the address of the profile or post",
        )
    username = parse_username(first, "link")
    if not rest or (len(rest) == 1 and rest[0].lower() in _PROFILE_TABS):
        return ParsedLink(Link(LinkKind.PROFILE, username))
    if rest[0].lower() in _POST_SEGMENTS:
        return ParsedLink(_parse_post(rest[1:], typed), username)
    raise BadInputError("link", f"{_quoted(typed)} is neither a profile nor a post; {_REMEDY}")


def _parse_post(rest: list[str], typed: str) -> Link:
    """Parse the segments after `/p/`: the shortcode, and optionally a tab of the post's page."""
    if rest and _SHORTCODE.fullmatch(rest[0]) and (not rest[1:] or rest[1:] in ([tab] for tab in _POST_TABS)):
        return Link(LinkKind.POST, rest[0])
    raise BadInputError(
        "link", f"{_quoted(typed)} names no post; write it like https://www.instagram.com/p/CODE/"
    )


def _quoted(text: str, limit: int = 80) -> str:
    return repr(text if len(text) <= limit else text[:limit] + "…")
