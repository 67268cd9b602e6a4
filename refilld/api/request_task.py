"""Requests as threads serve them: an answer that the application defers occupies no thread."""

from typing import Any

from waitress.task import WSGITask  # type: ignore[import-untyped]

from refilld.deferred_answer import DEFER, DeferredAnswer


class DeferredSignal(BaseException):
    """Leaves waitress, which would take the request as answered; no error, so it does not catch it."""

    def __init__(self, answer: DeferredAnswer) -> None:
        super().__init__()
        self.answer = answer


class RequestTask(WSGITask):  # type: ignore[misc]
    """One request. If its answer is deferred, the second execution sends it."""

    deferred: DeferredAnswer | None = None

    def get_environment(self) -> dict[str, Any]:
        environ: dict[str, Any] = super().get_environment()
        environ[DEFER] = self._defer
        return environ

    def _defer(self, answer: DeferredAnswer) -> None:
        self.deferred = answer

    def execute(self) -> None:
        if self.deferred is not None:
            self._send(self.deferred)
            return
        super().execute()
        if self.deferred is not None:
            raise DeferredSignal(self.deferred)

    def _send(self, answer: DeferredAnswer) -> None:
        body = answer.get_data()
        self.complete = True
        self.status = answer.status
        self.response_headers.extend(answer.headers)
        self.content_length = len(body)
        answer.close()
        self.write(body)
