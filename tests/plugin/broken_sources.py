"""A distribution whose sources break the contract, each in one way."""

import re
from pathlib import Path

SECRET = "hunter2"
MODULE = f"""
from refilld.source_plugin import Metric, Outcome, Reading, Snapshot


class Complete:
    metrics, batch = frozenset(Metric), 2

    def __init__(self):
        self.name = type(self).__name__.lower()

    def request_key(self, target):
        return target.link.url

    def read(self, targets, now):
        return Reading(tuple(self.snapshot(target, now) for target in targets), 1)

    def snapshot(self, target, now):
        return Snapshot(target, now, Outcome.COUNT, self.name, 7)


class NoBatch(Complete):
    @property
    def batch(self):
        raise AttributeError


class Nothing:
    pass


class TextBatch(Complete):
    batch = "2"


class ListOfMetrics(Complete):
    metrics = [Metric.LIKES]


class NoMethod(Complete):
    read = "read"


class Renamed(Complete):
    def __init__(self):
        self.name = "another"


class Newer(Complete):
    interface_version = 2


class Raising(Complete):
    @classmethod
    def configured(cls, options):
        raise RuntimeError("{SECRET}")


class TooFew(Complete):
    def read(self, targets, now):
        return Reading((), 1)


class NoReading(Complete):
    def read(self, targets, now):
        return [self.snapshot(target, now) for target in targets]


class NoSnapshot(Complete):
    def snapshot(self, target, now):
        return 7


class OtherSource(Complete):
    def snapshot(self, target, now):
        return Snapshot(target, now, Outcome.COUNT, "another", 7)


class OtherTime(Complete):
    def snapshot(self, target, now):
        return Snapshot(target, now.replace(year=2000), Outcome.COUNT, self.name, 7)


class OtherOrder(Complete):
    def read(self, targets, now):
        return Reading(tuple(self.snapshot(target, now) for target in reversed(targets)), 1)


class HalfARequest(Complete):
    def read(self, targets, now):
        return Reading(tuple(self.snapshot(target, now) for target in targets), 0.5)


class NumericKey(Complete):
    def request_key(self, target):
        return 7
"""
KINDS = re.findall(r"(?m)^class (\w+)", MODULE)
POINTS = {kind.lower(): f"broken_sources_of_a_plugin:{kind}" for kind in KINDS} | {
    "absent": "no_such_module:Source"
}


def install(place: Path) -> Path:
    """Install the distribution into a folder, as pip does."""
    info = place / "broken_sources-1.0.dist-info"
    info.mkdir(parents=True)
    (place / "broken_sources_of_a_plugin.py").write_text(MODULE)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: broken-sources\nVersion: 1.0\n")
    points = "".join(f"{name} = {value}\n" for name, value in POINTS.items())
    (info / "entry_points.txt").write_text(f"[refilld.sources]\n{points}")
    return place
