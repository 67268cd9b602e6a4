"""The section `[database]`."""

from pydantic import field_validator

from monitor.errors import BadInputError
from refilld.settings.section import Section
from storage.database_url import parse_url


class DatabaseSection(Section):
    url: str = "sqlite:///refilld.db"

    @field_validator("url")
    @classmethod
    def _url_is_valid(cls, url: str) -> str:
        try:
            parse_url(url)
        except BadInputError as error:
            raise ValueError(error.problem) from None
        return url
