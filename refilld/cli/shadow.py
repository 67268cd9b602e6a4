"""`refilld shadow`: what is held from shadow mode, and releasing or discarding it."""

from monitor.model.decision import Reason
from refilld.cli.held_decisions import HeldFor, held_group

COMMANDS = (held_group("shadow", HeldFor(Reason.SHADOW, "from shadow mode")),)
