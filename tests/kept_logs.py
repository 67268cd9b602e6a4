"""The logging configuration, which commands change for the whole process, as it was before them."""

import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import structlog


@contextmanager
def kept_logs() -> Iterator[None]:
    """Restore the configuration at the end."""
    before = structlog.get_config()
    hooks = threading.excepthook, sys.excepthook, sys.unraisablehook
    try:
        yield
    finally:
        threading.excepthook, sys.excepthook, sys.unraisablehook = hooks
        structlog.configure(**before)
