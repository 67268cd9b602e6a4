"""Check of the texts that answer customers: the configured language, and the operator's own texts."""

from collections.abc import Iterator

from refilld.answers.texts import load_texts
from refilld.doctor.finding import Finding, ok, warning
from refilld.settings.settings import AnswersSection

CHECK = "answers.texts"


def findings(section: AnswersSection) -> Iterator[Finding]:
    """One warning for each text that is not used."""
    texts = load_texts(section.language, section.path)
    hint = "correct it; docs/answers.md lists the sentences with their placeholders"
    for fault in texts.faults:
        yield warning(CHECK, fault, hint)
    if not texts.faults:
        yield ok(
            CHECK, f"customers are answered in {texts.language}; there are: {', '.join(texts.languages)}"
        )
