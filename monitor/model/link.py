"""Instagram links: every spelling of one profile or post becomes one canonical link."""

import re
from dataclasses import dataclass
from enum import StrEnum
from urllib.parse import unquote

from monitor.errors import BadInputError

HOSTS = frozenset({"instagram.com", "www.instagram.com", "m.instagram.com", "instagr.am", "www.instagr.am"})
LONGEST_LINK = 2_048
_USERNAME = re.compile(r"(?!\.)(?!.*\.\.)[A-Za-z0-9._]{1,30}(?<!\.)")
_SHORTCODE = re.compile(r"[A-Za-z0-9_-]{5,40}")
_POST_WORDS = frozenset({"p", "reel", "reels", "tv"})
_PROFILE_TABS = frozenset({"reels", "tagged", "followers", "following"})
_POST_TABS = frozenset({"embed", "liked_by", "comments"})
_RESERVED = re.compile(
    "_n|_u|about|accounts|api|ar|archive|challenge|developer|direct|directory|emails|explore|graphql|legal|lite"
    "|nametag|oauth|p|press|privacy|push|reel|reels|s|session|share|stories|terms|topics|tv|web",
    re.IGNORECASE,
)
# White space inside, control characters, and the backslash that browsers read as a slash.
_UNSAFE = re.compile(r"[\s\x00-\x1f\x7f-\x9f\\]")
_ADDRESS = re.compile(r"(?:(?:https?:)?//)?([^/]*)(/.*)?", re.ASCII | re.IGNORECASE)
_APP = re.compile(r"instagram://user/?\?username=([^&#]*)(?:[&#].*)?", re.ASCII | re.IGNORECASE)
_PORT = re.compile(r":(?:80|443)\Z")
_REMEDY = "write a profile like @nasa or a post like https://www.instagram.com/p/CODE/"


class LinkKind(StrEnum):
    """The two kinds of page that carry counts."""

    PROFILE = "profile"
    POST = "post"


@dataclass(frozen=True, slots=True)
class Link:
    """A canonical link: `key` is the username (lower case) or the post's shortcode (case kept)."""

    kind: LinkKind
    key: str

    @property
    def url(self) -> str:
        middle = "p/" if self.kind is LinkKind.POST else ""
        return f"https://www.instagram.com/{middle}{self.key}/"

    def __str__(self) -> str:
        return self.url


@dataclass(frozen=True, slots=True)
class ParsedLink:
    """What a typed link says: the canonical link and, from `/<user>/p/CODE/`, the post's owner."""

    link: Link
    owner: str | None = None


def parse_link(text: str) -> ParsedLink:
    """Read any spelling of a profile or post; a bare word is a username. Raises BadInputError("link", …)."""
    typed = text.strip()
    if not typed:
        raise BadInputError("link", f"is empty; {_REMEDY}")
    if len(typed) > LONGEST_LINK:
        raise BadInputError("link", f"is longer than {LONGEST_LINK} characters; {_REMEDY}")
    if _UNSAFE.search(typed):
        raise BadInputError("link", f"{_shown(typed)} has a blank, backslash or control character; {_REMEDY}")
    segments = _segments(typed)
    if segments and segments[0].lower() == "_u":  # the mobile site's prefix for "open in the app"
        segments = segments[1:]
    if not segments:
        raise BadInputError("link", f"{_shown(typed)} names no profile or post; {_REMEDY}")
    return _page(segments, typed)


def is_username(text: str) -> bool:
    """Whether a profile can have this name, in any case of its letters."""
    return _USERNAME.fullmatch(text) is not None and _RESERVED.fullmatch(text) is None


def parse_username(text: str, field: str = "owner") -> str:
    """Read `nasa` or `@NASA` as the lower-case username; raises BadInputError for what Instagram forbids."""
    name = text.strip().removeprefix("@")
    if _USERNAME.fullmatch(name) is None:
        raise BadInputError(
            field,
            f"{_shown(text)} is not a username: 1 to 30 of the letters a-z, digits, dots and underscores,"
            " no dot at either end and no two in a row",
        )
    if _RESERVED.fullmatch(name):
        raise BadInputError(
            field, f"{_shown(text)} is one of Instagram's own pages, not a username; {_REMEDY}"
        )
    return name.lower()


def _segments(typed: str) -> list[str]:
    """Return the decoded parts of the path; a bare word is a path of one part."""
    if app := _APP.fullmatch(typed):
        return [unquote(app[1])]
    address = re.split(r"[?#]", typed, maxsplit=1)[0]
    word = address.rstrip("/")
    if "/" not in word:
        return [] if not word or word.lower() in HOSTS else [unquote(word)]
    if address.startswith("/") and not address.startswith("//"):
        path = address
    else:
        found = _ADDRESS.fullmatch(address)
        if found is None or _PORT.sub("", found[1].lower()) not in HOSTS:
            raise BadInputError("link", f"{_shown(typed)} is not on instagram.com; {_REMEDY}")
        path = found[2] or ""
    return [unquote(segment) for segment in path.split("/") if segment]


def _page(segments: list[str], typed: str) -> ParsedLink:
    first, rest = segments[0], segments[1:]
    if first.lower() in _POST_WORDS:
        return ParsedLink(_post(rest, typed))
    if first.lower() == "share":
        raise BadInputError(
            "link",
            f"{_shown(typed)} is a share link, and only Instagram knows where it leads;"
            " open it and copy the address of the profile or post",
        )
    username = parse_username(first, "link")
    if not rest or (len(rest) == 1 and rest[0].lower() in _PROFILE_TABS):
        return ParsedLink(Link(LinkKind.PROFILE, username))
    if rest[0].lower() in _POST_WORDS:
        return ParsedLink(_post(rest[1:], typed), username)
    raise BadInputError("link", f"{_shown(typed)} is neither a profile nor a post; {_REMEDY}")


def _post(rest: list[str], typed: str) -> Link:
    """Read what follows `/p/`: the shortcode, and perhaps a tab of the post's page."""
    if rest and _SHORTCODE.fullmatch(rest[0]) and (not rest[1:] or rest[1:] in ([tab] for tab in _POST_TABS)):
        return Link(LinkKind.POST, rest[0])
    raise BadInputError(
        "link", f"{_shown(typed)} names no post; write it like https://www.instagram.com/p/CODE/"
    )


def _shown(text: str, longest: int = 80) -> str:
    return repr(text if len(text) <= longest else text[:longest] + "…")
