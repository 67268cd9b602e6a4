"""Installed third-party sources: a distribution on the path that names its entry points."""

from collections.abc import Mapping
from pathlib import Path

import pytest

SECRET = "hunter2"
MODULE = f'''
from monitor.errors import BadInputError
from monitor.model.target import Metric


class Seer:
    """Counts followers, without any options."""

    name, metrics, batch = "seer", frozenset({{Metric.FOLLOWERS}}), 1

    def request_key(self, target):
        return target.link.url

    def read(self, targets, now):
        raise AssertionError("this source must not be read")


class Picky:
    """Refuses its options."""

    @classmethod
    def configured(cls, options):
        raise BadInputError("sources.picky.token_file", "is empty")


class Broken:
    """Raises an error that contains a secret."""

    @classmethod
    def configured(cls, options):
        raise RuntimeError("{SECRET}")
'''
KINDS = {"seer": "Seer", "picky": "Picky", "broken": "Broken"}


def plug_in(home: Path, patch: pytest.MonkeyPatch, kinds: Mapping[str, str] = KINDS) -> None:
    """Install these sources below `home` until `patch` is undone."""
    place = home / "installed"
    info = place / "plugged_sources-1.0.dist-info"
    info.mkdir(parents=True)
    (place / "plugged_sources.py").write_text(MODULE)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: plugged-sources\nVersion: 1.0\n")
    lines = "".join(f"{name} = plugged_sources:{kind}\n" for name, kind in kinds.items())
    (info / "entry_points.txt").write_text(f"[refilld.sources]\n{lines}")
    patch.syspath_prepend(str(place))
