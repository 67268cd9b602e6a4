"""Reads responses with limits on size and time, and makes foreign text safe for logs."""

from time import monotonic

from requests import Response
from requests.exceptions import ChunkedEncodingError, ContentDecodingError, ReadTimeout
from urllib3.exceptions import DecodeError, HTTPError

LONGEST_ANSWER = 60.0
"""Maximum seconds for a body; the time-out of `requests` only limits the time between two reads."""
LARGEST_ANSWER = 8 * 1024 * 1024
"""Maximum bytes of a decompressed body; usual bodies have less than a tenth of it."""
LONGEST_LINE = 200
"""Maximum characters of `one_line`."""


def body_of(answer: Response) -> bytes:
    """Read the body of a streamed answer; raises exceptions of `requests`, also if a limit is exceeded."""
    deadline = monotonic() + LONGEST_ANSWER
    body = bytearray()
    try:
        while chunk := answer.raw.read1(65_536, decode_content=True):
            body += chunk
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
    """Make foreign text safe for a log: printable, on one line, at most 200 characters."""
    return " ".join("".join(char if char.isprintable() else " " for char in text).split())[:LONGEST_LINE]
