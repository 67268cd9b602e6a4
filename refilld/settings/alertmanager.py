"""The section `[alerts.alertmanager]`."""

from pathlib import Path

from pydantic import Field, field_validator

from refilld.settings.http_url import is_http
from refilld.settings.section import Section
from refilld.settings.user_path import user_path


class AlertmanagerSection(Section):
    url: str = ""
    username: str = Field(default="", max_length=200)
    token_file: str = ""

    @field_validator("url")
    @classmethod
    def _url_is_http(cls, url: str) -> str:
        if url and (not is_http(url) or "@" in url):
            raise ValueError("is not a URL of http or https, without a password")
        return url

    @property
    def token_path(self) -> Path | None:
        """The file with the token or password; None without one."""
        return user_path(self.token_file)
