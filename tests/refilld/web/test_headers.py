"""Headers of the pages and of static files."""

import gzip
import re
from hashlib import sha256
from importlib.resources import files

import pytest

from refilld.settings.settings import Settings
from tests.refilld.web.desk_world import DeskWorld

LARGEST_STYLE_SHEET = 10_000
HTMX_SHA256 = "d6fdc75f204e6bdefa99b69bf1e6d4ac69b8a364f77929f45c13476b4000f717"
FIRST_PAGE = 60_000


@pytest.mark.parametrize("path", ["/settings", "/nothing/here"])
def test_no_page_runs_foreign_code_or_is_framed_or_cached(desk: DeskWorld, path: str) -> None:
    headers = desk.browser().get(path).headers
    policy = headers["Content-Security-Policy"]
    for directive in ("default-src 'none'", "script-src 'self'", "frame-ancestors 'none'", "base-uri 'none'"):
        assert directive in policy
    assert "unsafe" not in policy
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "same-origin"
    assert headers["Cross-Origin-Opener-Policy"] == "same-origin"
    assert headers["Cache-Control"] == "no-store"
    assert "Strict-Transport-Security" not in headers


def test_pages_behind_tls_are_reached_by_tls_only(desk: DeskWorld) -> None:
    desk.settings = Settings.model_validate({"web": {"public_url": "https://refilld.example.com"}})
    assert desk.browser().get("/settings").headers["Strict-Transport-Security"] == "max-age=31536000"


def test_no_page_has_inline_code(desk: DeskWorld) -> None:
    page = desk.browser().get("/settings").text
    assert re.findall(r"<script(?![^>]* src=)|<style|\sstyle=|\son\w+=|javascript:", page) == []


def test_the_first_page_is_small_and_its_files_are_cached(desk: DeskWorld) -> None:
    browser, packed = desk.browser(), {"Accept-Encoding": "gzip"}
    first = browser.client.get("/settings", headers=packed)
    assert first.headers["Content-Encoding"] == "gzip"
    linked = re.findall(r'"(/static/[^"]+)"', gzip.decompress(first.data).decode())
    assert {path.rpartition("/")[2] for path in linked} == {"icon.svg", "desk.css", "htmx.js", "desk.js"}
    answers = [browser.client.get(path, headers=packed) for path in linked]
    assert {answer.headers["Cache-Control"] for answer in answers} == {"public, max-age=31536000, immutable"}
    assert len(first.data) + sum(len(answer.data) for answer in answers) < FIRST_PAGE


def test_a_static_file_of_another_version_is_not_found(desk: DeskWorld) -> None:
    assert desk.browser().get("/static/0000000000000000/desk.css").status_code == 404
    assert desk.browser().get("/static/0000000000000000/htmx.LICENSE.txt").status_code == 404


def test_the_style_sheet_is_small() -> None:
    assert len(files("refilld.web").joinpath("static/desk.css").read_bytes()) < LARGEST_STYLE_SHEET


def test_htmx_is_the_published_file_with_its_licence() -> None:
    """Version 2.0.11 of the package htmx.org, `dist/htmx.min.js`."""
    static = files("refilld.web").joinpath("static")
    assert sha256(static.joinpath("htmx.js").read_bytes()).hexdigest() == HTMX_SHA256
    assert "Zero-Clause BSD" in static.joinpath("htmx.LICENSE.txt").read_text()
