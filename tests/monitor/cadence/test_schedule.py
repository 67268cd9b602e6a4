"""The next looks at targets of one request come into step."""

from datetime import timedelta

from monitor.cadence.schedule import NextLook, Priority, in_step
from tests.builders import HOUR, NOW


def a_next_look(
    after: timedelta, priority: Priority = Priority.ROUTINE, due_reason: str = "routine"
) -> NextLook:
    return NextLook(NOW + after, priority, due_reason)


def test_looks_of_one_request_are_made_at_the_earliest_time() -> None:
    first, later = a_next_look(HOUR, due_reason="last look was schema"), a_next_look(6 * HOUR)
    assert in_step([later, first]) == [
        later._replace(at=NOW + HOUR, due_reason="last look was schema, in one request"),
        first,
    ]


def test_a_look_is_never_moved_by_one_of_a_lower_priority() -> None:
    """A look that may wait for the budget must not make a routine look come earlier."""
    spare, routine = a_next_look(HOUR, Priority.MAX_INTERVAL), a_next_look(6 * HOUR)
    assert in_step([spare, routine]) == [spare, routine]


def test_a_routine_look_that_is_made_with_an_urgent_one_stays_routine() -> None:
    urgent, routine = a_next_look(HOUR, Priority.URGENT, "confirm drop of 1"), a_next_look(6 * HOUR)
    assert in_step([urgent, routine])[1] == NextLook(
        NOW + HOUR, Priority.ROUTINE, "confirm drop of 1, in one request"
    )
