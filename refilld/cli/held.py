"""`refilld shadow` and `refilld backlog`: what is held from them, and releasing or discarding it."""

from monitor.model.decision import Reason
from refilld.cli.held_decisions import HeldFor, held_group

COMMANDS = (
    held_group("shadow", HeldFor(Reason.SHADOW, "from shadow mode")),
    held_group("backlog", HeldFor(Reason.BACKLOG, "from a backlog")),
)
