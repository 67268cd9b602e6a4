"""The section `[guarantee]`: whether refills are queued, or only shown (docs/rules.md, section 9)."""

from typing import Literal

from refilld.settings.section import Section


class GuaranteeSection(Section):
    mode: Literal["live", "shadow"] = "live"

    @property
    def shadow(self) -> bool:
        """Whether nothing is queued and nothing about orders is told."""
        return self.mode == "shadow"
