"""A stand-in for Graph, a token file, and the source under test with its real transport."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from monitor.model.snapshot import Snapshot
from monitor.model.target import Target
from monitor.sources.contract import Reading
from monitor.sources.graph.source import GraphSource
from refilld.demo.graph import TOKEN, GraphStandIn, SmallGraph
from refilld.demo.graph_answers import IG_USER_ID
from refilld.demo.tunnel import HttpAnswer
from tests.monitor.sources.graph.graph_world import NOW, Scripted, small_graph


@pytest.fixture(scope="session")
def running_graph() -> Iterator[GraphStandIn]:
    with GraphStandIn(small_graph()) as standin:
        yield standin


@pytest.fixture
def standin(running_graph: GraphStandIn, monkeypatch: pytest.MonkeyPatch) -> GraphStandIn:
    """A reset stand-in, with the environment variables that point to it."""
    for name, value in running_graph.environment.items():
        monkeypatch.setenv(name, value)
    running_graph.world = small_graph()
    running_graph.forget()
    return running_graph


@pytest.fixture
def world(standin: GraphStandIn) -> SmallGraph:
    assert isinstance(standin.world, SmallGraph)
    return standin.world


@pytest.fixture
def script(standin: GraphStandIn) -> Callable[..., None]:
    """Let the stand-in give these answers in turn to any request."""

    def script(*answers: HttpAnswer) -> None:
        standin.world = Scripted(list(answers))

    return script


@pytest.fixture
def token_path(tmp_path: Path) -> Path:
    path = tmp_path / "graph-token"
    path.touch(mode=0o600)
    path.write_text(f"{TOKEN}\n")
    return path


@pytest.fixture
def options(token_path: Path) -> dict[str, str]:
    return {"ig_user_id": IG_USER_ID, "token_file": str(token_path), "version": "v26.0", "session_file": ""}


@pytest.fixture
def source(options: dict[str, str]) -> GraphSource:
    return GraphSource.configured(options)


@pytest.fixture
def read(
    standin: GraphStandIn, source: GraphSource, capfd: pytest.CaptureFixture[str]
) -> Iterator[Callable[..., Reading]]:
    """Read targets together; nothing may be printed and the token may not be shown."""

    def read(*targets: Target) -> Reading:
        reading = source.read(targets, NOW)
        assert [snapshot.target for snapshot in reading.snapshots] == list(targets)
        assert {(snapshot.at, snapshot.source) for snapshot in reading.snapshots} == {(NOW, "graph")}
        assert TOKEN not in repr(reading)
        return reading

    yield read
    assert capfd.readouterr() == ("", "")


@pytest.fixture
def look(read: Callable[..., Reading]) -> Callable[[Target], Snapshot]:
    """Read one target; returns its snapshot."""
    return lambda target: read(target).snapshots[0]
