"""The kinds of events."""

from enum import StrEnum


class EventKind(StrEnum):
    """The kind of an event; `monitor.events.catalogue` says what each means."""

    DROP_CONFIRMED = "drop.confirmed"
    DROP_HELD = "drop.held"
    DROP_REFUSED = "drop.refused"
    DROP_WAITING = "drop.waiting"
    TARGET_PRIVATE = "target.private"
    TARGET_GONE = "target.gone"
    TARGET_OTHER_ACCOUNT = "target.other_account"
    TARGET_REFUSED = "target.refused"
    TARGET_READY = "target.ready"
    SOURCE_BLOCKED = "source.blocked"
    SOURCE_READY = "source.ready"
    REFILL_DEAD = "refill.dead"
    MASS_DROP_STARTED = "mass_drop.started"
    MASS_DROP_GROWN = "mass_drop.grown"
    MASS_DROP_ENDED = "mass_drop.ended"
    DAILY_CAP_REACHED = "daily_cap.reached"
    BACKLOG_JUDGED = "backlog.judged"
    REVIEW_OPENED = "review.opened"
    LOOKS_STOPPED = "looks.stopped"
    LOOKS_RESUMED = "looks.resumed"
    ALERTS_UNDELIVERED = "alerts.undelivered"
    ALERTS_DELIVERED = "alerts.delivered"
    DISK_LOW = "disk.low"
    DISK_ENOUGH = "disk.enough"
    QUEUE_STALLED = "queue.stalled"
    QUEUE_MOVING = "queue.moving"
