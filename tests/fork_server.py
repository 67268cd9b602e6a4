"""The process from which tests fork the program and its surroundings; it has imported both."""

from functools import cache
from multiprocessing import get_context
from multiprocessing.context import ForkServerContext


@cache
def fork_server() -> ForkServerContext:
    """One for all tests of a process, with which it ends: Python starts no second one."""
    context = get_context("forkserver")
    context.set_forkserver_preload(["tests.preloaded"])
    return context
