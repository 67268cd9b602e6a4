"""Compiled templates that all applications of a test process share: compiling takes most of a page's time."""

from types import CodeType

from jinja2.bccache import Bucket, BytecodeCache


class CompiledTemplates(BytecodeCache):
    """Each template is compiled once, as long as its text stays the same."""

    def __init__(self) -> None:
        self._code: dict[tuple[str, str], CodeType | None] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        bucket.code = self._code.get(_key(bucket))

    def dump_bytecode(self, bucket: Bucket) -> None:
        self._code[_key(bucket)] = bucket.code


def _key(bucket: Bucket) -> tuple[str, str]:
    return bucket.key, bucket.checksum
