"""Debian's Chromium, which `make test` installs, and what a page shows and reports in it."""

import os
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Error, Page, expect, sync_playwright

DESKTOP = (1440, 900)
PHONE = (390, 844)
ACTION_TIMEOUT = 10_000
"""Milliseconds that an action of a test may take."""
_CHECKED = {"include": ["html"], "exclude": ["tbody tr:nth-child(n+9)"]}
_REPORT_VIOLATIONS = """
window.policyViolations = [];
addEventListener("securitypolicyviolation", (event) => {
  window.policyViolations.push(`${event.violatedDirective}: ${event.blockedURI} ${event.sample}`);
});
"""


@contextmanager
def chromium() -> Iterator[Browser]:
    """Run the browser; fails if it is not installed."""
    path = shutil.which("chromium")
    if path is None:
        pytest.fail("chromium is missing; `make test` installs it")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield browser
        browser.close()


@dataclass
class Faults:
    """What a page reported that a correct page does not report."""

    found: list[str] = field(default_factory=list)

    def watch(self, page: Page) -> None:
        """Collect console errors and warnings, uncaught exceptions, and requests to another host."""
        page.on("console", self._console)
        page.on("pageerror", self._uncaught)

    def of(self, page: Page) -> list[str]:
        """Everything that was reported until now, with the violations of the content security policy."""
        return [*self.found, *page.evaluate("window.policyViolations || []")]

    def _console(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            self.found.append(f"console {message.type}: {message.text}")

    def _uncaught(self, error: Error) -> None:
        self.found.append(f"uncaught: {error.message}")


@contextmanager
def visit(
    browser: Browser,
    base_url: str,
    size: tuple[int, int] = DESKTOP,
    *,
    dark: bool = False,
    scripts: bool = True,
    **profile: Any,
) -> Iterator[tuple[Page, Faults]]:
    """A page in a profile of its own, such as of a `locale`; the test fails if the page reported a fault."""
    context = _profile(browser, base_url, size, dark=dark, scripts=scripts, **profile)
    page, faults = context.new_page(), Faults()
    faults.watch(page)
    yield page, faults
    found = faults.of(page) if scripts else faults.found
    context.close()
    assert found == []


def _profile(
    browser: Browser, base_url: str, size: tuple[int, int], *, dark: bool, scripts: bool, **profile: Any
) -> BrowserContext:
    context = browser.new_context(
        base_url=base_url,
        viewport={"width": size[0], "height": size[1]},
        color_scheme="dark" if dark else "light",
        java_script_enabled=scripts,
        reduced_motion="reduce",
        **profile,
    )
    context.set_default_timeout(ACTION_TIMEOUT)
    expect.set_options(timeout=ACTION_TIMEOUT)
    context.add_init_script(_REPORT_VIOLATIONS)
    return context


def accessibility_faults(page: Page, rules: Sequence[str] = ()) -> list[str]:
    """What these rules of axe-core, or all, find on the page: one line for each rule and element.

    The rows of a table are made alike, so the first ones are enough.
    """
    if not page.evaluate("'axe' in window"):
        page.evaluate(Axe().axe_script)
    options = {"reporter": "no-passes"} | ({"runOnly": list(rules)} if rules else {})
    answer = page.evaluate("([context, options]) => axe.run(context, options)", [_CHECKED, options])
    return [f"{rule['id']}: {node['html']}" for rule in answer["violations"] for node in rule["nodes"]]


def overflow(page: Page) -> int:
    """Pixels by which the page is wider than its window; 0 if it does not scroll sideways."""
    wider: int = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    return wider


def keep_screenshot(page: Page, folder: Path, name: str) -> None:
    """Save a picture of the whole page, in a window that shows it all: what is sticky stands at its end.

    Only if $SCREENSHOTS is set: no test judges the pictures, and they take a quarter of the browser's time.
    """
    if not os.environ.get("SCREENSHOTS"):
        return
    folder.mkdir(parents=True, exist_ok=True)
    window = page.viewport_size
    assert window is not None
    whole: int = page.evaluate("document.documentElement.scrollHeight")
    page.set_viewport_size({"width": window["width"], "height": max(whole, window["height"])})
    page.screenshot(path=folder / f"{name}.png")
    page.set_viewport_size(window)
