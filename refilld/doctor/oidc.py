"""Checks of sign-in at an OpenID provider: its libraries, its secret, and the provider itself."""

from collections.abc import Iterator

from refilld.doctor import private_file
from refilld.doctor.finding import Finding, error, ok, warning
from refilld.oidc.errors import OidcError
from refilld.oidc.opening import open_flow
from refilld.oidc.provider import WELL_KNOWN, discover
from refilld.settings.oidc import OidcSection
from refilld.settings.web import WebSection

CHECK = "web.oidc"


def findings(web: WebSection) -> Iterator[Finding]:
    """Whether people can sign in there; nothing if no provider is configured."""
    section = web.oidc
    if not web.enabled or not section.issuer:
        return
    try:
        open_flow(section, "")
    except OidcError as fault:
        problem, _, remedy = str(fault).partition("; run: ")
        yield error(CHECK, f"sign-in at the provider: {problem}", remedy)
    if section.secret_path is not None:
        yield private_file.file_finding(section.secret_path, CHECK, "the secret of the client")
    yield _discovery(section)


def _discovery(section: OidcSection) -> Finding:
    try:
        found = discover(section.issuer)
    except OidcError as fault:
        document = section.issuer.rstrip("/") + WELL_KNOWN
        hint = f"check issuer under [web.oidc], and that this answers: curl {document}"
        return error(CHECK, f"the provider cannot be used: {fault}", hint)
    unknown = [] if found.scopes is None else [one for one in section.scopes if one not in found.scopes]
    if unknown:
        names = ", ".join(unknown)
        hint = "take it out of scopes under [web.oidc], or add it at the provider"
        return warning(CHECK, f"the provider does not list the scope {names}, and may refuse sign-ins", hint)
    return ok(CHECK, f"the provider {section.host} can sign people in")
