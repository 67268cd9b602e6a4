"""Why a provider could not sign somebody in."""

from monitor.errors import RefilldError


class OidcError(RefilldError):
    """The provider, or what it has sent, cannot be used; for the log and the doctor."""
