"""A real Prometheus scrapes the real daemon: every rule and every panel finds its data."""

from pathlib import Path

from tests.e2e.installation import Installation, Sold
from tests.e2e.queue_client import QueueClient
from tests.monitoring import RULES, panel_expressions, rule_expressions, selectors
from tests.prometheus import prometheus

SHOP = [Sold(f"{n}", f"profile.{n}") for n in range(1, 4)]


def configuration(port: int, token: Path) -> str:
    return f"""
global: {{scrape_interval: 1s, evaluation_interval: 1s}}
rule_files: [{RULES}]
scrape_configs:
  - job_name: refilld
    authorization: {{credentials_file: {token}}}
    static_configs: [{{targets: ["127.0.0.1:{port}"]}}]
"""


def test_every_rule_and_every_panel_has_data(place: Installation, tmp_path: Path) -> None:
    """A drop was seen, and its refill was delivered over HTTP; a channel and an endpoint refuse."""
    place.settings["alerts.urls"] = '["json://127.0.0.1:1/"]'
    place.settings["webhooks.allow"] = '["127.0.0.1"]'
    place.sell(SHOP)
    place.here("webhooks", "add", "http://127.0.0.1:1/")
    scopes = ("--scope", "metrics:read", "--scope", "refills:consume")
    token = tmp_path / "token"
    token.write_text(place.here("token", "create", *scopes).strip())
    with place.daemon() as daemon:
        daemon.until_logged("look.taken", len(SHOP))
        place.count("profile.1", 1200)
        daemon.until_logged("drop.decided")
        shop = QueueClient(daemon.port, token.read_text())
        (refill,) = shop.claim(wait=10)
        done = shop.post(f"/{refill['refill_id']}/complete", {"lease_token": refill["lease_token"]})
        assert done.status == 200
        with prometheus(tmp_path, configuration(daemon.port, token)) as server:
            server.until("count_over_time(refilld_build_info[1m]) >= 3")
            empty = [one for one in panel_expressions() if not server.query(one)]
            for rule in rule_expressions():
                server.query(rule)
                empty += [one for one in selectors(rule) if not server.query(one)]
            assert empty == []
            assert server.query("sum(refilld_units_refilled_total)")[0]["value"][1] == "300"
            assert server.query("up")[0]["value"][1] == "1"
