"""The section `[alerts.alertmanager]`."""

import os
from pathlib import Path
from urllib.parse import urlsplit

from pydantic import Field, field_validator

from refilld.settings.section import Section


class AlertmanagerSection(Section):
    url: str = ""
    username: str = Field(default="", max_length=200)
    token_file: str = ""

    @field_validator("url")
    @classmethod
    def _url_is_http(cls, url: str) -> str:
        try:
            parts = urlsplit(url)
            valid = not url or (parts.scheme in {"http", "https"} and bool(parts.hostname))
        except ValueError:
            valid = False
        if not valid or "@" in url:
            raise ValueError("is not a URL of http or https, without a password")
        return url

    @property
    def token_path(self) -> Path | None:
        """The file with the token or password; None without one."""
        return Path(os.path.expanduser(self.token_file)) if self.token_file else None  # noqa: PTH111  # keeps ~unknown
