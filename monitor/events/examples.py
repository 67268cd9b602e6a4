"""Examples: an event of each kind, for previews, documentation and tests."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from monitor.events import (
    changes,
    digests,
    limits,
    mass_drops,
    monitoring,
    refills,
    sources,
    targets,
    users,
    webhooks,
)
from monitor.events.catalogue import CATALOGUE
from monitor.events.drops import DropDecided
from monitor.events.event import Event, Payload, ProblemEnded, Subject
from monitor.events.kind import EventKind as Kind
from monitor.guarantee.daily_caps import ScopeKind
from monitor.guarantee.refund_review import ReviewCause
from monitor.model.decision import Action, Reason
from monitor.model.order import Flag
from monitor.model.queue_part import PartKind
from monitor.model.refill import RefillState
from monitor.model.role import Role
from monitor.model.target import Metric
from monitor.model.target_problem import TargetProblem

AT = datetime(2026, 11, 29, 9, 30, tzinfo=UTC)
"""When the examples happened."""
_SINCE = AT - timedelta(hours=4)
_PRICE = {"USD": Decimal("12.50")}
_SUBJECT = Subject(
    "A-1001", 17, "https://www.instagram.com/example/", Metric.FOLLOWERS, "graph", "4321", "acme"
)

_PAYLOADS: tuple[Payload, ...] = (
    DropDecided(Action.REFILL, Reason.DROP_CONFIRMED, 4_700, 5_000, 300, 300, Decimal("1.20"), "USD"),
    targets.TargetPrivate(2),
    targets.TargetGone(3, _SINCE, 2),
    targets.TargetOtherAccount("the name belongs to account 42", 2),
    targets.TargetRefused("the source answered that it may not read it", 5),
    targets.TargetReady(TargetProblem.PRIVATE, 2),
    sources.SourceBlocked("rate_limited", "too many requests", AT + timedelta(hours=1)),
    ProblemEnded(_SINCE, AT),
    refills.RefillDead(300, "the provider does not answer"),
    mass_drops.MassDropStarted(120, 40, timedelta(hours=6), timedelta(hours=48)),
    mass_drops.MassDropGrown(80, 24_000, _PRICE),
    mass_drops.MassDropEnded(80, 24_000, _PRICE),
    limits.DailyCapReached(ScopeKind.PROVIDER, "acme", 2_000, _PRICE, 4, release_next_day=True),
    limits.BacklogJudged(200, 180, 30, 25, 7_500, _PRICE, 2),
    refills.ReviewOpened(ReviewCause.SHORT_DELIVERY, 150, Decimal("0.60"), "USD"),
    monitoring.LooksStopped(_SINCE, AT, ("graph: paused until 12:00",)),
    monitoring.AlertsUndelivered(3, _SINCE, "the channel refused the message"),
    monitoring.DiskLow(150 * 1024 * 1024),
    monitoring.QueueStalled(_SINCE, AT),
    monitoring.ImportsStopped(AT - timedelta(days=8), AT),
    monitoring.LooksOverdue(AT - timedelta(hours=14), AT, "graph is paused until 12:00 UTC"),
    monitoring.TargetsUnseen(420, 1_200, timedelta(hours=12)),
    monitoring.BudgetExhausted(2_400, AT + timedelta(hours=5)),
    monitoring.ClockWrong("monitor-1", timedelta(minutes=42)),
    monitoring.MigrationsPending("0018", "0019"),
    monitoring.CredentialsOld("token_file", AT - timedelta(days=54), AT),
    monitoring.TokenEnding(2, "fulfilment", AT + timedelta(days=13)),
    changes.RequestRecorded(granted=True),
    changes.RefillAskedFor(RefillState.QUEUED),
    changes.QueuePauseChanged(PartKind.PROVIDER, "acme", "it delivers too slowly"),
    changes.RefillMoved(RefillState.QUEUED, RefillState.CLAIMED, 300, "claimed"),
    changes.RefillDelivered(RefillState.CLAIMED, RefillState.COMPLETED, 300, "complete", 280),
    changes.ReviewClosed(5, "refunded in the panel"),
    changes.OrdersImported(120, 4, 900),
    changes.OrderUpdated(("remains: 10 → 0",)),
    changes.OrderCorrected("start_count", 4_800, 5_000, "the panel shows it now"),
    changes.CheckRequested(7),
    changes.FlagChanged(Flag.HOLD, "the buyer asked for a pause"),
    changes.CustomerForgotten(3),
    changes.SilenceChanged(4, 'kind="drop.held"', AT + timedelta(hours=1), "a known purge"),
    changes.AlertAcknowledged(56, "source.blocked"),
    changes.SourceChanged(AT + timedelta(hours=1), "maintenance"),
    changes.TokenChanged(2, "fulfilment", ("refills",)),
    changes.DatabaseReplaced("restored", "/var/backups/refilld/2026-11-28.db"),
    webhooks.WebhookDisabled(3, "hooks.example.com", webhooks.DisabledReason.FAILING, _SINCE, 41),
    webhooks.WebhookTest(3),
    webhooks.WebhookChanged(3, "hooks.example.com", ("refill.queued", "drop.*")),
    users.UserChanged(2, "alice", Role.OPERATOR),
    users.SignInLimited("192.0.2.7", 10),
    webhooks.WebhookReplayed(3, "hooks.example.com", 41),
    digests.DigestDue("12 drops confirmed, 3,600 units queued", _SINCE, AT),
)
_BY_TYPE: Mapping[type[Payload], Payload] = {type(payload): payload for payload in _PAYLOADS}
_OF_KIND: Mapping[Kind, Payload] = {
    Kind.DROP_HELD: DropDecided(Action.HOLD, Reason.MASS_DROP, 4_700, 5_000, 300, 300, None, None),
    Kind.DROP_REFUSED: DropDecided(Action.REFUSE, Reason.BELOW_START_COUNT, 4_700, 5_000, 300, 0, None, None),
    Kind.DROP_WAITING: DropDecided(Action.WAIT, Reason.COOLDOWN, 4_700, 5_000, 300, 0, None, None),
}


def example_of(kind: Kind) -> Event:
    """The example of a kind."""
    return Event(kind, _OF_KIND.get(kind) or _BY_TYPE[CATALOGUE[kind].payload], _SUBJECT, "example")
