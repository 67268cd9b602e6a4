"""Requests as threads serve them: an answer that the application defers occupies no thread."""

from typing import Any

from waitress.task import WSGITask  # type: ignore[import-untyped]

from refilld.deferred_answer import DEFER, DeferredAnswer


class DeferredSignal(BaseException):
    """Leaves waitress, which would take the request as answered; no error, so it does not catch it."""


class RequestTask(WSGITask):  # type: ignore[misc]
    """One request, or the answer to it that was deferred: its connection has that."""

    def get_environment(self) -> dict[str, Any]:
        environ: dict[str, Any] = super().get_environment()
        environ[DEFER] = self.channel.defer
        return environ

    def execute(self) -> None:
        answer = self.channel.deferred
        if answer is not None:
            self._send(answer)
            return
        super().execute()
        if self.channel.deferred is not None:
            raise DeferredSignal

    def write(self, data: bytes) -> None:
        """Send the head of an answer together with its body, if that is one piece: the client reads once."""
        if data and not self.wrote_header and len(data) == self.content_length and self.has_body:
            self.channel.write_soon(self.build_response_header() + data)
            self.wrote_header: bool = True
            self.content_bytes_written = len(data)
        else:
            super().write(data)

    def _send(self, answer: DeferredAnswer) -> None:
        self.channel.deferred = None
        body = answer.get_data()
        self.complete = True
        self.status = answer.status
        self.response_headers.extend(answer.headers)
        self.content_length = len(body)
        answer.close()
        self.write(body)
