"""Messages: what is sent about an event, and that receivers can verify it."""

import json
from base64 import b64decode
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from standardwebhooks import Webhook, WebhookVerificationError

from jobs.webhook_message import MOST_BYTES, message_body, message_id
from monitor.events.event import Event, Subject
from monitor.events.kind import EventKind
from monitor.events.refills import RefillDead, refill_dead
from monitor.events.sources import source_blocked
from monitor.webhooks.signature import signed_headers, written
from tests.builders import NOW, an_order
from tests.event_rows import stored

KEY, OTHER = written(bytes(range(32))), written(bytes(32))
BODY = message_body(stored(source_blocked("graph", "blocked", None, "why")))


def signed(*secrets: str, sent_at: datetime | None = None) -> dict[str, str]:
    return signed_headers(secrets, "evt_1", sent_at or datetime.now(UTC), BODY)


def test_a_receiver_verifies_a_message_with_the_official_library() -> None:
    message = Webhook(KEY).verify(BODY, signed(KEY))
    assert message["type"] == "source.blocked"


def test_the_example_of_the_documentation_verifies_a_message() -> None:
    """As it is printed there."""
    page = (Path(__file__).parents[2] / "docs" / "webhooks.md").read_text(encoding="utf-8")
    names: dict[str, Any] = {}
    exec(page.partition("```python\n")[2].partition("```")[0], names)
    assert names["verify"](KEY, signed(KEY), BODY)["data"]["event_id"] == 1
    with pytest.raises(WebhookVerificationError):
        names["verify"](OTHER, signed(KEY), BODY)


def test_two_secrets_make_two_signatures_and_either_verifies() -> None:
    headers = signed(KEY, OTHER)
    assert Webhook(KEY).verify(BODY, headers) == Webhook(OTHER).verify(BODY, headers)
    assert len(headers["webhook-signature"].split(" ")) == 2


@pytest.mark.parametrize(
    "change", [BODY.replace(b"graph", b"grapf"), BODY + b" ", BODY.replace(b",", b", ", 1)]
)
def test_changed_bytes_are_not_verified(change: bytes) -> None:
    with pytest.raises(WebhookVerificationError):
        Webhook(KEY).verify(change, signed(KEY))


def test_another_secret_or_id_is_not_verified() -> None:
    for headers in (signed(OTHER), signed(KEY) | {"webhook-id": "evt_2"}):
        with pytest.raises(WebhookVerificationError):
            Webhook(KEY).verify(BODY, headers)


def test_a_time_of_another_zone_is_signed_as_the_same_moment() -> None:
    """The official `sign` takes such a time for UTC."""
    now = datetime.now(UTC)
    assert signed(KEY, sent_at=now) == signed(KEY, sent_at=now.astimezone(timezone(timedelta(hours=5))))


def test_an_old_message_is_refused() -> None:
    """Which is why each attempt signs its own time."""
    with pytest.raises(WebhookVerificationError, match="too old"):
        Webhook(KEY).verify(BODY, signed(KEY, sent_at=datetime.now(UTC) - timedelta(minutes=6)))


def test_a_secret_has_32_bytes_and_the_prefix() -> None:
    assert KEY.startswith("whsec_")
    assert len(b64decode(KEY.removeprefix("whsec_"))) == 32


def test_a_message_has_type_time_ids_and_the_fields_of_its_kind() -> None:
    order = an_order("17", "nasa", service="1234", provider="acme", price=Decimal("1.50"), currency="USD")
    event = stored(refill_dead(order, 7, 120, "no such user"), event_id=42)
    assert message_id(event) == "evt_42"
    assert json.loads(message_body(event)) == {
        "type": "refill.dead",
        "timestamp": NOW.isoformat().replace("+00:00", "Z"),
        "data": {
            "event_id": 42, "version": 1, "severity": "warning", "status": "occurred",
            "dedup_key": event.dedup_key, "order_id": "17", "refill_id": 7,
            "link": "https://www.instagram.com/nasa/", "metric": "followers", "source": None,
            "service": "1234", "provider": "acme",
            "details": {"quantity": 120, "error": "no such user", "before": "claimed", "after": "dead"},
        },
    }  # fmt: skip


def long_event(error: str, subject: Subject) -> Any:
    return stored(Event(EventKind.REFILL_DEAD, RefillDead(1, error), subject), event_id=42)


def test_a_message_that_would_be_too_long_is_cut_to_ids_and_says_so() -> None:
    body = message_body(long_event("x" * MOST_BYTES, Subject("17", 7, service="1234")))
    data = json.loads(body)["data"]
    assert data.pop("note").startswith("cut to ids")
    assert data == {"event_id": 42, "order_id": "17", "refill_id": 7}


@given(st.text(max_size=9000), st.text(max_size=200))
def test_any_message_is_short_valid_json_in_ascii(error: str, order_id: str) -> None:
    body = message_body(long_event(error, Subject(order_id, 2**63 - 1)))
    assert len(body) < 20_000
    assert body.isascii()
    assert json.loads(body)["data"]["order_id"] == order_id
