"""Every spelling of one target is one link, and nothing else is a link at all."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from monitor.errors import BadInputError
from monitor.model.link import Link, LinkKind, ParsedLink, is_username, parse_link, parse_username

NASA = Link(LinkKind.PROFILE, "nasa")
POST = Link(LinkKind.POST, "CwX31XMMYAV")
DASHED_POST = Link(LinkKind.POST, "C-_x1")


def _fault(text: str) -> BadInputError | None:
    try:
        parse_link(text)
    except BadInputError as error:
        return error
    return None


def _allowed(name: str) -> bool:
    return _fault(f"@{name}") is None


usernames = st.from_regex(r"[a-z0-9_]{2,9}(\.[a-z0-9_]{1,9}){0,2}", fullmatch=True).filter(_allowed)
shortcodes = st.from_regex(r"[A-Za-z0-9_-]{5,40}", fullmatch=True)
hosts = st.sampled_from(
    ["instagram.com", "www.instagram.com", "m.instagram.com", "Instagram.COM", "instagr.am"]
)
schemes = st.sampled_from(["", "http://", "https://", "HTTPS://", "//"])
ends = st.sampled_from(["", "/", "//", "?igsh=MXZ", "/?img_index=2", "/#x", "/?a=/p/abcde/", "?q=%00"])
blanks = st.sampled_from(["", " ", "\n", "\t ", "\u00a0"])


@pytest.mark.parametrize(
    "text",
    [
        "nasa",
        "@nasa",
        "NASA",
        " nasa\n",
        "nasa/",
        "/nasa",
        "instagram.com/nasa",
        "instagram.com/@nasa",
        "http://instagram.com/nasa",
        "https://www.instagram.com/nasa/?igsh=MXZz&utm_source=qr#x",
        "https://m.instagram.com/NASA/",
        "HTTPS://WWW.INSTAGRAM.COM:443/nasa",
        "http://instagram.com:80/nasa",
        "//instagram.com/nasa",
        "https://instagr.am/nasa",
        "https://www.instagram.com//nasa//",
        "https://www.instagram.com/_u/nasa/",
        "https://www.instagram.com/%6Easa/",
        "https://www.instagram.com/nasa/reels/",
        "https://www.instagram.com/nasa/tagged",
        "https://www.instagram.com/nasa/followers/",
        "https://www.instagram.com/nasa/following/?hl=en",
        "instagram://user?username=nasa",
        "instagram://user?username=NASA&x=1",
    ],
)
def test_every_spelling_of_a_profile_is_that_profile(text: str) -> None:
    """Whatever a customer types for @nasa is one target."""
    assert parse_link(text) == ParsedLink(NASA)


@pytest.mark.parametrize(
    ("text", "owner"),
    [
        ("https://www.instagram.com/p/CwX31XMMYAV/", None),
        ("instagram.com/reel/CwX31XMMYAV", None),
        ("/p/CwX31XMMYAV/", None),
        ("https://www.instagram.com/reels/CwX31XMMYAV/", None),
        ("https://www.instagram.com/tv/CwX31XMMYAV/?igshid=1", None),
        ("https://www.instagram.com/p/CwX31XMMYAV/?img_index=2", None),
        ("https://www.instagram.com/p/CwX31XMMYAV/embed/", None),
        ("https://www.instagram.com/p/CwX31XMMYAV/liked_by/", None),
        ("https://www.instagram.com/P/CwX31XMMYAV/", None),
        ("https://www.instagram.com/_u/p/CwX31XMMYAV/", None),
        ("https://www.instagram.com/NASA/p/CwX31XMMYAV/", "nasa"),
        ("https://www.instagram.com/nasa/reel/CwX31XMMYAV/", "nasa"),
        ("https://www.instagram.com/nasa/reels/CwX31XMMYAV/", "nasa"),
        ("https://www.instagram.com/nasa/tv/CwX31XMMYAV/", "nasa"),
    ],
)
def test_every_spelling_of_a_post_is_that_post_and_names_the_owner_when_it_says_so(
    text: str, owner: str | None
) -> None:
    """Post words, tabs and queries make no difference; a user before the post is its owner."""
    assert parse_link(text) == ParsedLink(POST, owner)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "is empty"),
        ("  \n", "is empty"),
        ("x" * 2_049, "longer than 2048"),
        ("https://instagram.com.evil.tld/nasa", "not on instagram.com"),
        ("https://evilinstagram.com/nasa", "not on instagram.com"),
        ("https://help.instagram.com/nasa", "not on instagram.com"),
        ("https://evil@instagram.com/nasa", "not on instagram.com"),
        ("https://instagram.com@evil.tld/nasa", "not on instagram.com"),
        ("https://instagram.com:8443/nasa", "not on instagram.com"),
        ("https://instagram.com:/nasa", "not on instagram.com"),
        ("https://instagram.com./nasa", "not on instagram.com"),
        ("https:///nasa", "not on instagram.com"),
        ("ftp://instagram.com/nasa", "not on instagram.com"),
        ("http\u017f://instagram.com/nasa", "not on instagram.com"),
        ("https://\u0131nstagram.com/nasa", "not on instagram.com"),
        ("https://youtube.com/@nasa", "not on instagram.com"),
        ("https://instagram.com\\@evil.tld/nasa", "backslash"),
        ("nasa nasa", "blank"),
        ("na\0sa", "control character"),
        ("https://instagram.com/na\tsa", "blank"),
        ("instagram.com", "names no profile or post"),
        ("https://www.instagram.com/?hl=en", "names no profile or post"),
        ("https://www.instagram.com/_u/", "names no profile or post"),
        ("/", "names no profile or post"),
        ("explore", "own pages"),
        ("@Reels", "own pages"),
        ("https://www.instagram.com/explore/tags/nasa/", "own pages"),
        ("https://www.instagram.com/accounts/login/", "own pages"),
        ("https://www.instagram.com/stories/nasa/123/", "own pages"),
        ("https://www.instagram.com/direct/inbox/", "own pages"),
        ("https://www.instagram.com/about/p/CwX31XMMYAV/", "own pages"),
        ("instagram://user?username=explore", "own pages"),
        ("https://www.instagram.com/share/p/BADC0DE123", "share link"),
        ("https://www.instagram.com/share/_abc", "share link"),
        (".nasa", "is not a username"),
        ("nasa.", "is not a username"),
        ("na..sa", "is not a username"),
        ("na-sa", "is not a username"),
        ("\uff4e\uff41\uff53\uff41", "is not a username"),
        ("nasa\u200b", "is not a username"),
        ("a" * 31, "is not a username"),
        ("https://www.instagram.com/na%00sa/", "is not a username"),
        ("https://www.instagram.com/%2e%2e/", "is not a username"),
        ("https://www.instagram.com/%256Easa/", "is not a username"),
        ("javascript:alert(1)", "is not a username"),
        ("https://www.instagram.com/p/", "names no post"),
        ("https://www.instagram.com/p/ab", "names no post"),
        ("https://www.instagram.com/p/CwX31XMMYAV/c/12/", "names no post"),
        ("https://www.instagram.com/p/" + "C" * 41, "names no post"),
        ("https://www.instagram.com/reels/audio/123456/", "names no post"),
        ("https://www.instagram.com/nasa/p/", "names no post"),
        ("https://www.instagram.com/nasa/saved/", "neither a profile nor a post"),
        ("https://www.instagram.com/nasa/../p/CwX31XMMYAV", "neither a profile nor a post"),
    ],
)
def test_what_is_no_profile_and_no_post_is_refused_with_its_reason(text: str, why: str) -> None:
    """Other hosts, own pages, share links and impossible names have their own reasons."""
    with pytest.raises(BadInputError) as caught:
        parse_link(text)
    assert caught.value.field == "link"
    assert why in caught.value.problem
    assert caught.value.problem.isprintable()


def test_a_username_of_underscores_digits_and_inner_dots_is_allowed() -> None:
    """Instagram allows them."""
    assert [parse_username(name) for name in ("__a__", "1.2", " @A.b ", "x", "a" * 30)] == [
        "__a__",
        "1.2",
        "a.b",
        "x",
        "a" * 30,
    ]


def test_the_case_of_a_shortcode_is_kept() -> None:
    """Shortcodes differ by case, usernames do not."""
    assert parse_link("instagram.com/p/c-_X1").link != DASHED_POST
    assert parse_link("instagram.com/p/C-_x1").link == DASHED_POST


@given(usernames, schemes, hosts, st.sampled_from(["", "_u/", "@"]), ends, blanks)
def test_any_spelling_of_one_profile_is_one_target(
    name: str, scheme: str, host: str, before: str, end: str, blank: str
) -> None:
    """Scheme, host, case, tail and blanks do not make another target."""
    expected = Link(LinkKind.PROFILE, name)
    assert parse_link(f"{blank}{scheme}{host}/{before}{name.upper()}{end}{blank}").link == expected
    assert parse_link(f"@{name}").link == expected


@given(shortcodes, schemes, hosts, st.sampled_from(["p", "reel", "reels", "tv"]), usernames, ends)
def test_any_spelling_of_one_post_is_one_target(
    code: str, scheme: str, host: str, word: str, owner: str, end: str
) -> None:
    """The word before the shortcode and the owner do not make another target."""
    expected = Link(LinkKind.POST, code)
    assert parse_link(f"{scheme}{host}/{word}/{code}{end}") == ParsedLink(expected)
    assert parse_link(f"{scheme}{host}/{owner}/{word}/{code}{end}") == ParsedLink(expected, owner)


@given(
    st.text() | st.text(alphabet="/@:?#%.\\_ingstrampu0\0 \u017f").map("instagram.com/".__add__) | usernames
)
@example("http://[::1/")
@example("https://www.instagram.com/%ff%fe/")
@example("\ud800")
def test_any_text_is_a_link_that_reads_back_as_itself_or_is_refused(text: str) -> None:
    """No error but BadInputError is raised, and a canonical link parses to itself."""
    fault = _fault(text)
    if fault is not None:
        assert fault.field == "link"
        return
    link = parse_link(text).link
    assert parse_link(link.url) == ParsedLink(link)
    assert link.url.isascii()


@pytest.mark.parametrize("name", ["nasa", "NASA", "n.a_s4", "a" * 30])
def test_a_possible_username_is_recognized(name: str) -> None:
    assert is_username(name)


@pytest.mark.parametrize(
    "name", ["", "..", ".a", "a..b", "a" * 31, "explore", "P", "accounts", "\u212aim", "a/b"]
)
def test_an_impossible_username_is_recognized(name: str) -> None:
    """Misplaced dots, Instagram's own pages, and lookalike letters."""
    assert not is_username(name)
