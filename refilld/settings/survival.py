"""The section `[survival]`."""

from datetime import timedelta

from pydantic import Field

from refilld.settings.section import Duration, Section


class SurvivalSection(Section):
    """Whether and how often retention curves are computed."""

    enabled: bool = True
    every: Duration = Field(default=timedelta(days=1), ge=timedelta(hours=1))
    period: Duration = Field(default=timedelta(days=180), ge=timedelta(days=1), le=timedelta(days=3650))
