"""Instagram links: every spelling of one profile or post becomes one canonical link."""

import re
from dataclasses import dataclass
from enum import StrEnum
from urllib.parse import urlsplit

from monitor.errors import BadInputError

HOSTS = {"instagram.com", "www.instagram.com", "m.instagram.com", "instagr.am", "www.instagr.am"}
_USERNAME = re.compile(r"[a-z0-9._]{1,30}")
_SHORTCODE = re.compile(r"[A-Za-z0-9_-]{5,40}")
_POST_WORDS = {"p", "reel", "reels", "tv"}


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
