"""JSON is read strictly, and in a time that grows with its length only."""

from time import thread_time

import pytest

from refilld.strict_json import NotJsonError, read_json

MOST_SECONDS = 5.0
"""Far more than reading takes; a search through all keys for each key takes minutes."""


def test_the_repeated_key_is_found_quickly_among_as_many_as_a_body_holds() -> None:
    keys = [f'"{number:x}":1' for number in range(100_000)]
    text = "{" + ",".join([*keys, keys[-1]]) + "}"
    begun = thread_time()
    with pytest.raises(NotJsonError, match="gives the key '1869f' twice"):
        read_json(text)
    assert thread_time() - begun < MOST_SECONDS
