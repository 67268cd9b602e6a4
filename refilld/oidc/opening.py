"""Opening the flow of the configuration; its libraries are an extra."""

from typing import TYPE_CHECKING

from refilld.extras import install_command
from refilld.oidc.errors import OidcError
from refilld.settings.oidc import OidcSection

if TYPE_CHECKING:
    from refilld.oidc.code_flow import CodeFlow


def open_flow(section: OidcSection, redirect_uri: str) -> "CodeFlow":
    """The flow of a client; raises OidcError without the extra."""
    try:
        from refilld.oidc.code_flow import CodeFlow  # noqa: PLC0415  # its dependencies are an extra
    except ModuleNotFoundError as error:
        raise OidcError(f"{error.name} is missing; run: {install_command('oidc')}") from None
    return CodeFlow(section, redirect_uri)
