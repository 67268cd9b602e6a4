"""Request ids: in the answer, in the events of the request, and nowhere after it."""

import pytest

from storage import event_list
from storage.actor import UNKNOWN, actor
from storage.event_list import EventFilter
from storage.tokens import Scope
from tests.pages import rows_of_list
from tests.refilld.queue_world import QueueWorld


@pytest.mark.parametrize(
    ("given", "kept"), [("proxy-7", True), ("a b", False), ("x" * 65, False), ("", False)]
)
def test_an_action_is_stored_with_its_token_and_the_id_of_its_request(
    world: QueueWorld, given: str, kept: bool
) -> None:
    """The id of a proxy is kept if it is one; otherwise the request gets a new one."""
    (refill_id,) = world.queue("1")
    caller = world.caller(Scope.REFILLS_MANAGE)
    headers = caller.headers | {"X-Request-Id": given}
    answer = caller.client.post(f"/api/v1/refills/{refill_id}/cancel", headers=headers)
    assert answer.status_code == 200
    request_id = answer.headers["X-Request-Id"]
    assert (request_id == given) == kept
    with world.database.read() as connection:
        newest = rows_of_list(event_list.page, connection, EventFilter())[0]
    assert (newest.kind, newest.request_id) == ("refill.cancelled", request_id)
    assert newest.actor.startswith("token ")
    assert actor() == UNKNOWN
