"""Targets and worlds for the tests of the Graph source."""

from dataclasses import dataclass
from datetime import UTC, datetime

from monitor.model.link import Link
from monitor.model.target import Metric, Target
from refilld.demo.graph import ProfessionalAccount, SmallGraph
from refilld.demo.instagram import Post
from refilld.demo.tunnel import HttpAnswer, HttpRequest

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)


def small_graph() -> SmallGraph:
    """A profile with a reel and a picture."""
    posts = {"ReelAAAAAAA": Post(100, 9001), "PictureAAAA": Post(50)}
    return SmallGraph(lambda: NOW, {"natgeo": ProfessionalAccount(1234, posts)})


def profile(name: str = "natgeo", username_now: str | None = None) -> Target:
    return Target(Link(Metric.FOLLOWERS.counted_on, name), Metric.FOLLOWERS, username_now=username_now)


def post(code: str, metric: Metric = Metric.LIKES, owner: str | None = "natgeo") -> Target:
    return Target(Link(metric.counted_on, code), metric, owner)


@dataclass
class Scripted:
    """A world of answers in their order; the last one repeats."""

    answers: list[HttpAnswer]

    def answer(self, asked: HttpRequest) -> HttpAnswer:
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
