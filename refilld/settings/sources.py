"""The sections of sources, `[sources.NAME]`."""

from datetime import timedelta
from pathlib import Path
from typing import Annotated

from pydantic import BeforeValidator, Field, ValidationInfo, field_validator

from monitor.sources.budget import Budget
from refilld.settings.section import Duration, Section
from refilld.settings.user_path import user_path


def _in_digits(value: object) -> object:
    """An id of digits as text: a value from the environment is read as a TOML number."""
    return str(value) if type(value) is int else value


_NAMED_OPTIONS = ("ig_user_id", "token_file", "version", "session_file")
"""Options of sources that are keys of `[sources.NAME]` itself."""
CREDENTIALS = ("token_file", "session_file")
"""Options that name files with secrets of the source."""


class SourceSection(Section):
    """One source: its request limits, and the options that it is opened with."""

    enabled: bool = False
    requests_per_hour: int = Field(default=30, ge=1, le=1_000_000)
    requests_per_day: int | None = Field(default=None, ge=1, le=24_000_000)
    spacing: Duration = timedelta(seconds=60)
    jitter: int = Field(default=50, ge=0, le=1000)
    reserve: int = Field(default=10, ge=0, le=90)
    first_pause: Duration = Field(default=timedelta(hours=1), gt=timedelta(0))
    canary: str = Field(default="", pattern=r"^@?[A-Za-z0-9._]{0,30}$")
    ig_user_id: Annotated[str, BeforeValidator(_in_digits)] = Field(default="", pattern=r"^\d{0,20}$")
    token_file: str = ""
    version: str = Field(default="v26.0", pattern=r"^v\d{1,3}\.\d$")
    session_file: str = ""
    options: Annotated[dict[str, str], Field(validate_default=True)] = {}
    """What the source is configured with: the keys of its own, and the four above."""

    @property
    def credential_files(self) -> dict[str, Path]:
        """The files with its token and session, by the option that names them."""
        found = {option: user_path(self.options[option]) for option in CREDENTIALS}
        return {option: path for option, path in found.items() if path is not None}

    @field_validator("options")
    @classmethod
    def _with_the_named_options(cls, own: dict[str, str], info: ValidationInfo) -> dict[str, str]:
        return {key: info.data.get(key, "") for key in _NAMED_OPTIONS} | own

    @property
    def budget(self) -> Budget:
        return Budget(self.requests_per_hour, self.spacing, self.requests_per_day, self.jitter, self.reserve)


SOURCE_DEFAULTS: dict[str, dict[str, object]] = {"graph": {"requests_per_hour": 100, "spacing": "20s"}}
"""Defaults of single sources that differ from those of SourceSection."""

SIMULATED = "simulated"
"""The source of `refilld simulate`; its section may only hold limits."""
