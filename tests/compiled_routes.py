"""Compiled routes that all applications of a test process share: compiling them takes most of its start."""

from typing import Any

from werkzeug.routing import Rule


class CompiledRule(Rule):
    """A route that is compiled once for all applications that have it."""

    _known: dict[str, dict[str, Any]] = {}  # noqa: RUF012 - shared by all

    def compile(self) -> None:
        """Take over what a route with the same fields was compiled to."""
        ours = {"endpoint": self.endpoint, "map": self.map}
        fields = [(name, value) for name, value in vars(self).items() if name[0] != "_" and name not in ours]
        key = f"{fields} {self.map.converters}"
        if key not in self._known:
            super().compile()
            self._known[key] = vars(self).copy()
        vars(self).update(self._known[key] | ours)
