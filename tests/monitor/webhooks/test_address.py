"""Where messages may be sent to: no address that is not public, unless the operator allows it."""

from ipaddress import ip_address

import pytest

from monitor.errors import BadInputError
from monitor.webhooks.address import AllowedHosts, WebhookUrl, is_public, parse_allowed, parse_url

PUBLIC = ["8.8.8.8", "93.184.216.34", "2606:4700::1111", "2a00:1450:4001::1", "::ffff:8.8.8.8"]
NOT_PUBLIC = [
    *("127.0.0.1", "127.8.8.8", "0.0.0.0", "10.0.0.1", "172.16.0.1", "192.168.0.1", "100.64.0.1"),
    *("169.254.169.254", "168.63.129.16", "192.0.0.1", "192.0.2.1", "192.88.99.1", "198.18.0.1"),
    *("192.0.0.192", "203.0.113.1", "224.0.0.1", "224.0.1.1", "239.1.1.1", "240.0.0.1", "255.255.255.255"),
    *("::", "::1", "::10.0.0.1", "::8.8.8.8", "::ffff:10.0.0.1", "::ffff:169.254.169.254"),
    *("64:ff9b::8.8.8.8", "64:ff9b::10.0.0.1", "64:ff9b:1::1", "100::1", "2001::1", "2001:db8::1"),
    *("2002:0a00:0001::", "2002:0808:0808::", "3fff::1", "5f00::1", "fc00::1", "fd00:ec2::254"),
    *("fe80::1", "fec0::1", "ff02::1", "ff0e::1"),
]


@pytest.mark.parametrize("address", PUBLIC)
def test_a_public_address_is_public(address: str) -> None:
    assert is_public(ip_address(address))


@pytest.mark.parametrize("address", NOT_PUBLIC)
def test_no_other_address_is(address: str) -> None:
    """Also those that contain an IPv4 address, and those that `is_global` lets pass."""
    assert not is_public(ip_address(address))


def refusal(url: str, *addresses: str, allow: tuple[str, ...] = ()) -> str:
    return parse_allowed(allow).refusal(parse_url(url), [ip_address(one) for one in addresses])


def test_one_bad_address_among_several_is_enough_to_refuse() -> None:
    words = refusal("https://shop.example/", "8.8.8.8", "10.0.0.5")
    assert words == "the address 10.0.0.5 of shop.example is not public; webhooks.allow can allow it"


@pytest.mark.parametrize("allow", ["10.0.0.5", "10.0.0.0/8", "hooks.internal", "HOOKS.internal"])
@pytest.mark.parametrize("url", ["https://hooks.internal:25/x", "http://hooks.internal/x"])
def test_what_the_operator_allows_is_allowed(allow: str, url: str) -> None:
    """With any port, and with plain http."""
    assert refusal(url, "10.0.0.5", allow=(allow,)) == ""


@pytest.mark.parametrize("allow", ["10.0.0.6", "fd00::/8", "internal", "hooks.internal.example"])
def test_another_entry_allows_nothing(allow: str) -> None:
    assert "is not public" in refusal("https://hooks.internal/", "10.0.0.5", allow=(allow,))


def test_an_allowed_network_does_not_cover_the_other_addresses_of_a_host() -> None:
    assert "169.254.169.254" in refusal("https://h/", "10.0.0.5", "169.254.169.254", allow=("10.0.0.0/8",))


def test_plain_http_to_a_public_address_is_refused() -> None:
    expected = "plain http is only used for hosts in webhooks.allow, and shop.example is not in it"
    assert refusal("http://shop.example/", "8.8.8.8") == expected


@pytest.mark.parametrize(
    ("port", "allowed"), [(443, True), (8443, True), (1024, True), (25, False), (80, False)]
)
def test_ports_of_other_services_are_refused(port: int, allowed: bool) -> None:
    assert (refusal(f"https://shop.example:{port}/", "8.8.8.8") == "") is allowed


@pytest.mark.parametrize(
    ("text", "parts", "authority"),
    [
        ("https://Shop.Example", ("https", "shop.example", 443, "/"), "shop.example"),
        ("HTTPS://a.b./x?y=%20", ("https", "a.b", 443, "/x?y=%20"), "a.b"),
        ("https://a.b:8443?z", ("https", "a.b", 8443, "/?z"), "a.b:8443"),
        ("http://[::1]:99//x", ("http", "::1", 99, "//x"), "[::1]:99"),
        ("https://10.0.0.1:443/", ("https", "10.0.0.1", 443, "/"), "10.0.0.1"),
    ],
)
def test_a_url_is_taken_apart(text: str, parts: tuple[str, str, int, str], authority: str) -> None:
    """The header Host has the port, unless it is the usual one."""
    url = parse_url(text)
    assert url == WebhookUrl(*parts)
    assert url.authority == authority


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "must begin with https://"),
        ("ftp://a/", "must begin with https://"),
        ("file:///etc/passwd", "must begin with https://"),
        ("https:/a", "must begin with https://"),
        ("https://u:hunter2@a/", "must not contain a user name or password"),
        ("https://a.b\\@c/", "is not a URL"),
        ("https://a b/", "is not a URL"),
        ("https://a/\r\nX: y", "is not a URL"),
        ("https://a/\x00", "is not a URL"),
        ("https://a/#part", "is not a URL"),
        ("https:///x", "is not a URL"),
        ("https://[::zz]/", "is not a URL"),
        ("https://[1:2]/", "the host is no IPv6 address"),
        ("https://a:0/", "the port must be from 1 to 65535"),
        ("https://a:65536/", "the port must be from 1 to 65535"),
        ("https://münchen.example/", "write the host in ASCII"),
        ("https://a/" + "x" * 2000, "must have at most 2000 characters"),
    ],
)
def test_a_wrong_url_is_refused_with_its_reason_and_not_repeated(text: str, problem: str) -> None:
    """It may hold a password."""
    with pytest.raises(BadInputError) as caught:
        parse_url(text)
    assert caught.value.problem.startswith(problem)
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize("entry", ["10.0.0.1/8", "300.1.1.1", "a b", "https://x", "", "*.internal", "10.0.0"])
def test_a_wrong_entry_of_allow_is_refused(entry: str) -> None:
    with pytest.raises(BadInputError, match="is no address, network or name of a host"):
        parse_allowed([entry])


def test_nothing_is_allowed_by_default() -> None:
    assert parse_allowed([]) == AllowedHosts()
