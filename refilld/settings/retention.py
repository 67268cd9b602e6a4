"""The section `[retention]`."""

from datetime import timedelta
from typing import Annotated

from pydantic import BeforeValidator

from monitor.errors import BadInputError
from monitor.model.duration import parse_duration
from monitor.retention.policy import Retention
from refilld.settings.section import Section

_LEAST = timedelta(days=1)


def _duration_or_never(value: object) -> timedelta | None:
    if value is None or value == "never":
        return None
    try:
        kept = value if isinstance(value, timedelta) else parse_duration(str(value))
    except BadInputError as error:
        raise ValueError(f'{error.problem}, or "never"') from None
    if kept < _LEAST:
        raise ValueError('rows are kept for at least 1d; "never" deletes none')
    return kept


Kept = Annotated[timedelta | None, BeforeValidator(_duration_or_never)]
"""How long rows are kept, or None for "never" deleted."""
_DEFAULT = Retention()


class RetentionSection(Section):
    """How long old rows are kept."""

    snapshots_full: Kept = _DEFAULT.snapshots_full
    events: Kept = _DEFAULT.events
    requests: Kept = _DEFAULT.requests
    alerts: Kept = _DEFAULT.alerts
    webhooks: Kept = _DEFAULT.webhooks

    @property
    def policy(self) -> Retention:
        return Retention(**self.model_dump())
