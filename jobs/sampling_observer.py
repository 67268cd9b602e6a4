"""The observer of the sampling job."""

from jobs.look_recording import RecordedLook
from monitor.sources.budget import Purpose


class SamplingObserver:
    """Is told what was sent and what was committed; this one ignores it."""

    def requests_sent(self, source: str, purpose: Purpose, requests: int) -> None:
        """So many requests, whose charge is committed, were sent to a source."""

    def look_recorded(self, recorded: RecordedLook) -> None:
        """A look, and everything that follows from it, is committed."""
