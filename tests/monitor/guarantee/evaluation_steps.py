"""Evaluates one look after another and keeps the state of the order in between."""

from collections.abc import Mapping, Sequence

from monitor.guarantee.claims import Claim
from monitor.guarantee.order_update import state_after
from monitor.guarantee.series import Series, admit
from monitor.guarantee.start_counts import EarlierCount
from monitor.guarantee.verdicts import Verdict, evaluate_count
from monitor.model.decision import Action
from monitor.model.order_state import OrderState
from monitor.model.snapshot import Snapshot
from tests.builders import HOUR, NOW, a_look


def play(
    state: OrderState, looks: Sequence[Snapshot], *, mass_drop: bool = False
) -> tuple[list[Verdict], OrderState]:
    """Evaluate the looks of one order that join its series; give the verdicts and the last state."""
    series, verdicts, earlier = Series(), list[Verdict](), None
    for look in looks:
        admitted, series = admit(look, series)
        if admitted.count is None:
            continue
        (verdict,) = evaluate_count([state], admitted.count, admitted.at, earlier, mass_drop=mass_drop)
        earlier = EarlierCount(admitted.count, admitted.at)
        verdicts.append(verdict)
        state = state_after(state, verdict)
    return verdicts, state


def units(claims: Mapping[str, Claim]) -> dict[str, int]:
    return {order_id: claim.units for order_id, claim in claims.items()}


def looks(*counts: tuple[float, int]) -> list[Snapshot]:
    """Give looks from (hours after NOW, count)."""
    return [a_look(count, NOW + hours * HOUR) for hours, count in counts]


def states_and_reasons(verdicts: Sequence[Verdict]) -> list[str]:
    """State of the drop at each look, and the reason where there is a decision."""
    return [
        ": ".join([str(v.drop.state) if v.drop else "none", *([v.decision.reason] if v.decision else [])])
        for v in verdicts
    ]


def claimed(verdict: Verdict) -> int:
    """Units of the claim; the order must be active."""
    assert verdict.claim is not None
    return verdict.claim.units


def decided(verdict: Verdict) -> tuple[Action, int]:
    """Action and quantity of the decision; there must be one."""
    assert verdict.decision is not None
    return verdict.decision.action, verdict.decision.quantity
