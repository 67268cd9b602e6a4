"""A call of foreign code for which the caller waits no longer than a limit."""

from collections.abc import Callable
from threading import Thread


class CallTimeoutError(Exception):
    """The call, or an earlier one, has not ended."""


class TimedCall:
    """Makes one call at a time, in a daemon thread of its own, which is abandoned after the limit.

    No thread can be ended from outside. So there is no new call before the abandoned one has ended: there is
    never more than one thread, and the end of the process waits for none.
    """

    def __init__(self) -> None:
        self._thread = Thread()

    def run(self, call: Callable[[], None], seconds: float) -> None:
        """Call; raises what it raises, or CallTimeoutError."""
        if self._thread.is_alive():
            raise CallTimeoutError
        errors: list[BaseException] = []

        def guarded() -> None:
            try:
                call()
            except BaseException as error:  # noqa: BLE001  # it is raised in the caller's thread
                errors.append(error)

        self._thread = Thread(target=guarded, daemon=True, name="timed-call")
        self._thread.start()
        self._thread.join(seconds)
        if self._thread.is_alive():
            raise CallTimeoutError
        for error in errors:
            raise error
