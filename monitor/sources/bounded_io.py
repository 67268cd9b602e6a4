"""Reading what the network sends within bounds: so many bytes, so long, and fit for a log."""

from time import monotonic

from requests import Response
from requests.exceptions import ChunkedEncodingError, ContentDecodingError, ReadTimeout
from urllib3.exceptions import DecodeError, HTTPError

LONGEST_ANSWER = 60.0
"""Seconds that a body may take; the time-out counts from byte to byte, so one could drip for ever."""
LARGEST_ANSWER = 8 * 1024 * 1024
"""Bytes of a body, unpacked; what is asked for is less than a tenth of it."""
LONGEST_LINE = 200


def body_of(answer: Response) -> bytes:
    """Read the body of a streamed answer; raises the errors that `requests` would, and for its bounds."""
    deadline = monotonic() + LONGEST_ANSWER
    body = bytearray()
    try:
        while piece := answer.raw.read1(65_536, decode_content=True):
            body += piece
            if len(body) > LARGEST_ANSWER:
                raise ContentDecodingError(f"the answer is larger than {LARGEST_ANSWER} bytes")
            if monotonic() > deadline:
                raise ReadTimeout(f"the answer took longer than {LONGEST_ANSWER:g} s")
    except DecodeError as error:
        raise ContentDecodingError(error) from error
    except HTTPError as error:
        raise ChunkedEncodingError(error) from error
    finally:
        answer.raw.release_conn()
    return bytes(body)


def one_line(text: str) -> str:
    """Make foreign text fit for a log: printable, on one line, at most 200 characters."""
    return " ".join("".join(char if char.isprintable() else " " for char in text).split())[:LONGEST_LINE]
