"""Labels of the values of an order and its guarantee."""

from collections.abc import Mapping
from enum import StrEnum

from monitor.guarantee.daily_caps import ScopeKind
from monitor.guarantee.refund_review import ReviewCause
from monitor.model.decision import Action, Reason
from monitor.model.drop import DropState
from monitor.model.order import Flag, OrderStatus
from monitor.model.refill import RefillState
from monitor.model.snapshot import Outcome
from monitor.model.target import Metric
from monitor.model.target_problem import TargetProblem
from monitor.model.terms import BelowStart, RefillMode, TermsOrigin
from refilld.translations.source_text import Label, labelled

GUARANTEE_LABELS: Mapping[type[StrEnum], Mapping[StrEnum, Label]] = {
    Metric: {
        Metric.FOLLOWERS: labelled("metric", "followers"),
        Metric.LIKES: labelled("metric", "likes"),
        Metric.VIEWS: labelled("metric", "views"),
    },
    OrderStatus: {
        OrderStatus.PENDING: labelled("order", "Pending"),
        OrderStatus.IN_PROGRESS: labelled("order", "In progress"),
        OrderStatus.PROCESSING: labelled("order", "Processing"),
        OrderStatus.COMPLETED: labelled("order", "Completed"),
        OrderStatus.PARTIAL: labelled("order", "Partial"),
        OrderStatus.CANCELED: labelled("order", "Canceled"),
        OrderStatus.REFUNDED: labelled("order", "Refunded"),
        OrderStatus.FAIL: labelled("order", "Fail"),
    },
    Flag: {
        Flag.HOLD: labelled("flag", "on hold"),
        Flag.DISPUTE: labelled("flag", "payment dispute"),
        Flag.CHARGEBACK: labelled("flag", "chargeback"),
        Flag.ABUSE: labelled("flag", "abuse"),
        Flag.GUIDELINE_VIOLATION: labelled("flag", "guideline violation"),
    },
    DropState: {
        DropState.SUSPECTED: labelled("drop", "suspected"),
        DropState.WAITING: labelled("drop", "waiting"),
        DropState.REFUSED: labelled("drop", "refused"),
        DropState.RECOVERED: labelled("drop", "recovered"),
        DropState.REFILLED: labelled("drop", "refilled"),
        DropState.HELD: labelled("drop", "held"),
        DropState.CLOSED: labelled("drop", "closed"),
    },
    RefillState: {
        RefillState.HELD: labelled("refill", "held"),
        RefillState.QUEUED: labelled("refill", "queued"),
        RefillState.CLAIMED: labelled("refill", "claimed"),
        RefillState.COMPLETED: labelled("refill", "completed"),
        RefillState.DEAD: labelled("refill", "given up"),
        RefillState.REJECTED: labelled("refill", "rejected"),
        RefillState.CANCELLED: labelled("refill", "cancelled"),
    },
    Action: {
        Action.REFILL: labelled("action", "refill"),
        Action.HOLD: labelled("action", "hold"),
        Action.WAIT: labelled("action", "wait"),
        Action.REFUSE: labelled("action", "refuse"),
    },
    Reason: {
        Reason.REFILL_IN_PROGRESS: labelled("reason", "a refill is in progress"),
        Reason.REFILL_LIMIT_REACHED: labelled("reason", "number of refills used up"),
        Reason.REFILL_ALLOWANCE_SPENT: labelled("reason", "units of refills used up"),
        Reason.COOLDOWN: labelled("reason", "too soon after the last refill"),
        Reason.BELOW_START_COUNT: labelled("reason", "count below the start count"),
        Reason.AWAITING_REQUEST: labelled("reason", "the customer has not asked"),
        Reason.BACKLOG: labelled("reason", "old drop of an imported order"),
        Reason.MASS_DROP: labelled("reason", "mass drop"),
        Reason.RESTORED: labelled("reason", "database restored from a backup"),
        Reason.SHADOW: labelled("reason", "shadow mode"),
        Reason.DAILY_CAP: labelled("reason", "daily cap reached"),
        Reason.DROP_CONFIRMED: labelled("reason", "drop confirmed"),
        Reason.RECOVERED: labelled("reason", "drop has recovered"),
        Reason.DECLINED: labelled("reason", "declined by an operator"),
    },
    Outcome: {
        Outcome.COUNT: labelled("outcome", "count read"),
        Outcome.PRIVATE: labelled("outcome", "private profile"),
        Outcome.NOT_FOUND: labelled("outcome", "not found"),
        Outcome.HIDDEN: labelled("outcome", "count hidden"),
        Outcome.UNAVAILABLE: labelled("outcome", "not available"),
        Outcome.LOGIN_REQUIRED: labelled("outcome", "sign-in required"),
        Outcome.BLOCKED: labelled("outcome", "source blocked"),
        Outcome.RATE_LIMITED: labelled("outcome", "too many requests"),
        Outcome.TRANSIENT: labelled("outcome", "temporary error"),
        Outcome.SCHEMA: labelled("outcome", "answer not understood"),
    },
    TargetProblem: {
        TargetProblem.PRIVATE: labelled("problem", "private profile"),
        TargetProblem.GONE: labelled("problem", "not found"),
        TargetProblem.OTHER_ACCOUNT: labelled("problem", "link of another account"),
        TargetProblem.UNREAD: labelled("problem", "cannot be read"),
    },
    ReviewCause: {
        ReviewCause.SHORT_DELIVERY: labelled("review", "fewer at the first look than were delivered"),
        ReviewCause.REFILL_GIVEN_UP: labelled("review", "refill given up"),
    },
    ScopeKind: {
        ScopeKind.SHOP: labelled("daily cap", "shop"),
        ScopeKind.PROVIDER: labelled("daily cap", "provider"),
        ScopeKind.SERVICE: labelled("daily cap", "service"),
    },
    BelowStart: {
        BelowStart.REVIEW: labelled("terms", "review by an operator"),
        BelowStart.REFUSE: labelled("terms", "no refill"),
        BelowStart.CAP: labelled("terms", "refill up to the delivered units"),
    },
    RefillMode: {
        RefillMode.AUTOMATIC: labelled("terms", "automatic"),
        RefillMode.ON_REQUEST: labelled("terms", "on request"),
        RefillMode.NEVER: labelled("terms", "never"),
    },
    TermsOrigin: {
        TermsOrigin.ROW: labelled("terms", "from the order"),
        TermsOrigin.SERVICE: labelled("terms", "from the service"),
        TermsOrigin.NAME: labelled("terms", "from the name of the service"),
        TermsOrigin.DEFAULT: labelled("terms", "default terms"),
    },
}
