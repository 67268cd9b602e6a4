"""Requests that a proxy could read in another way: 400, and what follows them is never answered."""

import socket
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import pytest

from refilld.api.server import HttpServer

MAX_WAIT = 20.0
SMUGGLED = b"GET /smuggled HTTP/1.1\r\nHost: x\r\n\r\n"
POST = b"POST / HTTP/1.1\r\nHost: x\r\n"
CHUNKED = POST + b"Transfer-Encoding: chunked\r\n\r\n"


class Paths(list[str]):
    """The paths of the requests that reached the application, each with its body."""

    def __call__(self, environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
        body = environ["wsgi.input"].read().decode()
        self.append(environ["PATH_INFO"] + (f" {body}" if body else ""))
        start("200 OK", [("Content-Length", "0")])
        return []


@pytest.fixture(scope="module")
def paths() -> Paths:
    return Paths()


@pytest.fixture(scope="module")
def server(paths: Paths) -> Iterator[HttpServer]:
    server = HttpServer(paths, "127.0.0.1", 0)
    server.start()
    yield server
    server.stop()


@pytest.fixture(autouse=True)
def _forgotten(paths: Paths) -> None:
    paths.clear()


def statuses(server: HttpServer, *pieces: bytes) -> list[int]:
    """Send the pieces one by one, and return the statuses of all answers until the server closes."""
    with socket.create_connection(("127.0.0.1", server.port), timeout=MAX_WAIT) as client:
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for piece in pieces:
            client.sendall(piece)
        client.shutdown(socket.SHUT_WR)
        answers = client.makefile("rb").read()
    return [int(line.split()[1]) for line in answers.split(b"\r\n") if line.startswith(b"HTTP/1.")]


AMBIGUOUS = {
    "length and chunked": POST + b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "chunked and length": POST + b"Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n",
    "length and chunked by another spelling": (
        POST + b"Content_Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"
    ),
    "chunked twice": POST + b"Transfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n",
    "chunked in two lines": POST + b"Transfer-Encoding: chunked\r\n" * 2 + b"\r\n0\r\n\r\n",
    "chunked and nothing": POST + b"Transfer-Encoding: chunked,\r\n\r\n0\r\n\r\n",
    "another coding": POST + b"Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
    "no coding by name": POST + b"Transfer-Encoding: identity\r\n\r\n0\r\n\r\n",
    "an unknown coding": POST + b"Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
    "chunked after a control character": POST + b"Transfer-Encoding: \x0bchunked\r\n\r\n0\r\n\r\n",
    "an empty coding": POST + b"Transfer-Encoding:\r\n\r\n0\r\n\r\n",
    "chunked in HTTP/1.0": b"POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "two lengths": POST + b"Content-Length: 0\r\nContent-Length: 5\r\n\r\n",
    "the same length twice": POST + b"Content-Length: 0\r\nContent-Length: 0\r\n\r\n",
    "lengths in one line": POST + b"Content-Length: 0, 5\r\n\r\n",
    "a length with a sign": POST + b"Content-Length: +0\r\n\r\n",
    "a length with an underscore": POST + b"Content-Length: 0_0\r\n\r\n",
    "a negative length": POST + b"Content-Length: -5\r\n\r\n",
    "a length in hexadecimal": POST + b"Content-Length: 0x0\r\n\r\n",
    "a long length that is no number": POST + b"Content-Length: %sx\r\n\r\n" % (b"9" * 5000),
    "an invalid address": b"GET http://[zz]/ HTTP/1.1\r\nHost: x\r\n\r\n",
    "an unfinished address": b"GET http://[::1/ HTTP/1.1\r\nHost: x\r\n\r\n",
    "an empty length": POST + b"Content-Length:\r\n\r\n",
    "a space before the colon": POST + b"Content-Length : 5\r\n\r\n",
    "a tab before the colon": POST + b"Transfer-Encoding\t: chunked\r\n\r\n0\r\n\r\n",
    "a folded header": POST + b"X: a\r\n b\r\n\r\n",
    "a folded coding": POST + b"Transfer-Encoding:\r\n chunked\r\n\r\n0\r\n\r\n",
    "a folded first line": b"GET / HTTP/1.1\r\n Host: x\r\n\r\n",
    "a bare LF in the header": POST + b"X: a\nContent-Length: 5\r\n\r\n",
    "a bare CR in the header": POST + b"X: a\rContent-Length: 5\r\n\r\n",
    "a NUL in the header": POST + b"X: a\0\r\n\r\n",
    "two hosts": b"GET / HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n",
    "no host": b"GET / HTTP/1.1\r\n\r\n",
    "a fragment": b"GET /#x HTTP/1.1\r\nHost: x\r\n\r\n",
    "no version": b"GET /\r\n\r\n",
    "another version": b"GET / HTTP/9.9\r\nHost: x\r\n\r\n",
    "a bare LF after a chunk size": CHUNKED + b"1\n\r\na\r\n0\r\n\r\n",
    "a bare LF as the end of a chunk size": CHUNKED + b"1\na\r\n0\r\n\r\n",
    "an extension of a chunk": CHUNKED + b"1;a=b\r\na\r\n0\r\n\r\n",
    "a bare LF in an extension": CHUNKED + b"1;a\n\r\na\r\n0\r\n\r\n",
    "a chunk size with a sign": CHUNKED + b"+1\r\na\r\n0\r\n\r\n",
    "a chunk size with an underscore": CHUNKED + b"0_1\r\na\r\n0\r\n\r\n",
    "a chunk size with 0x": CHUNKED + b"0x1\r\na\r\n0\r\n\r\n",
    "a chunk size with a space": CHUNKED + b"1 \r\na\r\n0\r\n\r\n",
    "an overlong chunk size": CHUNKED + b"000000001\r\na\r\n0\r\n\r\n",
    "an empty chunk size": CHUNKED + b"\r\n1\r\na\r\n0\r\n\r\n",
    "a chunk longer than its size": CHUNKED + b"1\r\nab\r\n0\r\n\r\n",
    "a bare LF after a chunk": CHUNKED + b"1\r\na\n0\r\n\r\n",
    "a trailer": CHUNKED + b"0\r\nX: a\r\n\r\n",
}


@pytest.mark.parametrize("what", AMBIGUOUS)
def test_an_ambiguous_request_is_refused_with_everything_after_it(
    server: HttpServer, paths: Paths, what: str
) -> None:
    """One answer, then the connection is closed."""
    assert statuses(server, AMBIGUOUS[what] + SMUGGLED) == [400]
    assert paths == []


@pytest.mark.parametrize("what", ["chunked twice", "two lengths", "a chunk longer than its size"])
def test_an_ambiguous_request_in_pieces_is_refused(server: HttpServer, paths: Paths, what: str) -> None:
    """Byte by byte, with the second request later."""
    text = AMBIGUOUS[what]
    try:
        found = statuses(server, *(text[i : i + 1] for i in range(len(text))), SMUGGLED)
    except OSError:  # the server closed the connection before all was sent
        found = [400]
    assert (found, paths) == ([400], [])


GOOD = CHUNKED + b"2\r\nab\r\n00000A\r\n0123456789\r\n0\r\n\r\n"


@pytest.mark.parametrize("size", [1, 2, 3, 7, 1000])
def test_a_chunked_request_and_the_one_after_it_are_answered(
    server: HttpServer, paths: Paths, size: int
) -> None:
    """In pieces of any size."""
    text = GOOD + SMUGGLED
    assert statuses(server, *(text[i : i + size] for i in range(0, len(text), size))) == [200, 200]
    assert paths == ["/ ab0123456789", "/smuggled"]


def test_a_request_with_bare_line_ends_is_refused_at_once(server: HttpServer, paths: Paths) -> None:
    """Its end would never be found."""
    assert statuses(server, b"GET / HTTP/1.1\nHost: x\n\n") == [400]
    assert paths == []
