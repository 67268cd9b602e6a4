"""Configuration files in an empty directory, and the results of reading them."""

from importlib.resources import files
from pathlib import Path

import pytest
from pydantic import BaseModel

from refilld.config import ConfigError, load
from refilld.settings.settings import Settings
from refilld.settings.sources import SourceSection
from refilld.settings.terms import ServiceSection, TermsSection

EXAMPLE = files("refilld").joinpath("config.example.toml").read_text(encoding="utf-8")


NAMED: dict[str, type[BaseModel]] = {
    "sources": SourceSection,
    "terms": TermsSection,
    "services": ServiceSection,
}


SECRET = "hunter2"


def write(text: str, path: str = "refilld.toml") -> Path:
    place = Path(path)
    place.parent.mkdir(exist_ok=True)
    place.write_text(text, encoding="utf-8")
    return place


def read(text: str = "", **environ: str) -> Settings:
    return load(write(text), environ)


def problem(text: str | Path | None, **environ: str) -> str:
    """Return the one-line error for an invalid configuration."""
    with pytest.raises(ConfigError) as caught:
        load(write(text) if isinstance(text, str) else text, environ)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def model_of(section: str) -> type[BaseModel]:
    return NAMED.get(section) or type(getattr(Settings(), section))


def keys_of(model: type[BaseModel]) -> set[str]:
    """The keys of a section, and those of the sections in it."""
    found: set[str] = set()
    for name, field in model.model_fields.items():
        inner: object = field.annotation
        if isinstance(inner, type) and issubclass(inner, BaseModel):
            found |= set(inner.model_fields)
        else:
            found.add(name)
    return found
