"""The section `[webhooks]`."""

from pydantic import field_validator

from monitor.errors import BadInputError
from monitor.webhooks.address import AllowedHosts, parse_allowed
from refilld.settings.section import Section


class WebhooksSection(Section):
    """Where webhooks may be sent to beside public addresses."""

    allow: list[str] = []

    @field_validator("allow")
    @classmethod
    def _allow_can_be_read(cls, allow: list[str]) -> list[str]:
        try:
            parse_allowed(allow)
        except BadInputError as error:
            raise ValueError(error.problem) from None
        return allow

    @property
    def allowed(self) -> AllowedHosts:
        return parse_allowed(self.allow)
