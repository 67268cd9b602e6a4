"""Check of the shop's templates of alerts: each renders the example of its kind."""

from collections.abc import Iterator

from refilld.doctor.finding import Finding, ok, warning
from refilld.settings.alerts import AlertsSection
from refilld.texts.shop_texts import load_shop_texts

CHECK = "alerts.templates"


def findings(section: AlertsSection) -> Iterator[Finding]:
    """One warning for each template that is not used; nothing without templates."""
    if section.templates_folder is None:
        return
    texts = load_shop_texts(section.templates_folder, section.language)
    hint = "correct it; until then the built-in text is sent (docs/alerts.md, Own texts)"
    for fault in texts.faults:
        yield warning(CHECK, fault, hint)
    if not texts.faults:
        yield ok(CHECK, f"{len(texts.templates)} templates of alerts are used")
