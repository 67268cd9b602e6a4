"""How `pybabel extract` reads templates of alerts: each file is one text, so that its order can change."""

from collections.abc import Iterator, Mapping, Sequence
from typing import BinaryIO


def whole_template(
    file: BinaryIO, keywords: Sequence[str], comment_tags: Sequence[str], options: Mapping[str, str]
) -> Iterator[tuple[int, None, str, list[str]]]:
    """The only text of a template; the signature is that of an extraction method of Babel."""
    del keywords, comment_tags, options
    yield 1, None, file.read().decode().strip(), []
