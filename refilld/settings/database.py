"""The section `[database]`."""

from datetime import timedelta

from pydantic import Field, field_validator

from monitor.errors import BadInputError
from refilld.settings.section import Duration, Section
from storage.database_url import parse_url
from storage.patience import WORK, Patience

_MOST_DAYS = 24
"""PostgreSQL holds at most 2,147,483,647 milliseconds, which is a little more."""


class DatabaseSection(Section):
    url: str = "sqlite:///refilld.db"
    statement_timeout: Duration = Field(
        default=timedelta(seconds=WORK.statement), gt=timedelta(0), le=timedelta(days=_MOST_DAYS)
    )

    @field_validator("url")
    @classmethod
    def _url_is_valid(cls, url: str) -> str:
        try:
            parse_url(url)
        except BadInputError as error:
            raise ValueError(error.problem) from None
        return url

    @property
    def patience(self) -> Patience:
        """How long jobs and commands wait for the database."""
        return Patience(WORK.turn, self.statement_timeout.total_seconds())
