"""The flow of the OpenID provider that a process keeps."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from refilld.oidc.opening import open_flow
from refilld.settings.web import WebSection

if TYPE_CHECKING:
    from refilld.oidc.code_flow import CodeFlow

CALLBACK = "/sign-in/oidc/callback"


@dataclass(slots=True)
class KeptFlow:
    """Opened when it is first needed, because its libraries are an extra."""

    _flow: "CodeFlow | None" = None

    def get(self, web: WebSection) -> "CodeFlow":
        """The flow; raises OidcError without the extra."""
        if self._flow is None:
            self._flow = open_flow(web.oidc, f"{web.public_url}{CALLBACK}")
        return self._flow
