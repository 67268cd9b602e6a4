"""The section `[http]`."""

from pydantic import Field, field_validator

from refilld.settings.networks import PeerNetwork, network
from refilld.settings.section import Section

LAST_PORT = 65_535


class HttpSection(Section):
    listen: str = Field(default="127.0.0.1:8080", pattern=r"^(\[[0-9a-fA-F:]+\]|[^:\s]+):\d{1,5}$")

    metrics_peers: list[str] = []

    requests_per_minute: int = Field(default=120_000, ge=0, le=10_000_000)

    @field_validator("listen")
    @classmethod
    def _port_is_valid(cls, listen: str) -> str:
        if int(listen.rpartition(":")[2]) > LAST_PORT:
            raise ValueError(f"there is no port above {LAST_PORT}")
        return listen

    @field_validator("metrics_peers")
    @classmethod
    def _peers_are_addresses(cls, peers: list[str]) -> list[str]:
        for peer in peers:
            network(peer)
        return peers

    @property
    def metrics_networks(self) -> list[PeerNetwork]:
        """The peers that may read the metrics without a token."""
        return [network(peer) for peer in self.metrics_peers]

    @property
    def host(self) -> str:
        return self.listen.rpartition(":")[0].strip("[]")

    @property
    def port(self) -> int:
        return int(self.listen.rpartition(":")[2])
