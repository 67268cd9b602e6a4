"""The documentation names every command and key, and its links are valid."""

import re
from pathlib import Path

import pytest
from pydantic import BaseModel

from refilld.settings.settings import Settings
from refilld.settings.sources import SourceSection
from refilld.settings.terms import ServiceSection, TermsSection
from tests import events_page
from tests.command_tree import commands
from tests.refilld.config_files import keys_of

ROOT = Path(__file__).parent.parent
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
MORE_PAGES = [path for path in sorted(ROOT.glob("*.md")) if path not in PAGES]
NAMED: dict[str, type[BaseModel]] = {
    "sources": SourceSection,
    "terms": TermsSection,
    "services": ServiceSection,
}
_LINK = re.compile(r"(?<!!)\[[^\]]*\]\(\s*<?([^)\s>]+)")
_FENCE = re.compile(r"(?ms)^\s*```.*?^\s*```\s*$")


def named() -> set[tuple[str, ...]]:
    """Every command that the pages name, also in the short form `refilld token create · list · revoke`."""
    text = "\n".join(page.read_text(encoding="utf-8") for page in PAGES)
    found: set[tuple[str, ...]] = set()
    for words in re.findall(r"refilld((?: [\w·-]+)+)", text):
        first, *rest = words.split()
        found |= {(first,)} | {(first, word) for word in rest}
    return found


def anchors(page: Path) -> set[str]:
    """The anchors of the headings of a page, as GitHub forms them."""
    text = _FENCE.sub("", page.read_text(encoding="utf-8"))
    headings = re.findall(r"(?m)^#+ +(.*?) *$", text)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def links(page: Path) -> list[str]:
    """The links of a page within this repository."""
    text = _FENCE.sub("", page.read_text(encoding="utf-8"))
    return [link for link in _LINK.findall(text) if not re.match(r"[a-z]+:", link)]


@pytest.mark.parametrize("command", [*commands()], ids=" ".join)
def test_every_command_is_documented(command: tuple[str, ...]) -> None:
    """In the README or one of the pages."""
    assert command in named()


@pytest.mark.parametrize("section", Settings.model_fields)
def test_every_key_of_the_configuration_is_in_the_example(section: str) -> None:
    """Below its section."""
    example = (ROOT / "config.example.toml").read_text(encoding="utf-8")
    tables = re.split(r"(?m)^(?:# )?(?=\[)", example)
    keys = {
        key
        for table in tables
        if re.match(rf"\[{section}[.\]]", table)
        for key in re.findall(r"(?m)^(?:# )?(\w+) = ", table)
    }
    model: type[BaseModel] = NAMED.get(section) or type(getattr(Settings(), section))
    assert keys == keys_of(model)


def test_the_catalogue_of_events_is_that_of_the_code() -> None:
    """`python -m tests.events_page > docs/events.md` writes it."""
    assert (ROOT / "docs" / "events.md").read_text(encoding="utf-8") == events_page.page()


@pytest.mark.parametrize("page", [*PAGES, *MORE_PAGES], ids=lambda page: page.name)
def test_every_link_is_valid(page: Path) -> None:
    """The file exists, and it has the heading."""
    lost = []
    for link in links(page):
        path, _, heading = link.partition("#")
        target = page.parent / path if path else page
        if not target.exists() or (heading and target.suffix == ".md" and heading not in anchors(target)):
            lost.append(link)
    assert lost == []


def test_the_readme_links_to_every_page() -> None:
    """Every page can be found."""
    assert {f"docs/{page.name}" for page in PAGES[1:]} <= {link.partition("#")[0] for link in links(PAGES[0])}


def test_every_event_of_the_log_is_documented() -> None:
    """By its name, which never changes."""
    page = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
    calls = re.compile(r"""\blog\.(?:debug|info|warning|error|exception|critical)\(\s*"([a-z_.]+)\"""")
    found = {
        name
        for package in ("monitor", "storage", "jobs", "refilld")
        for path in (ROOT / package).rglob("*.py")
        for name in calls.findall(path.read_text(encoding="utf-8"))
    }
    assert "look.taken" in found
    assert {name for name in found if f"`{name}`" not in page} == set()
