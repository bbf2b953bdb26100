"""A browser, and the page of a running lab through its edge, as a teacher opens it."""

import os
import shutil
from collections.abc import Callable, Iterator
from functools import cache
from typing import Literal

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Error, Page, sync_playwright

from tests.lab_driver import Lab
from tests.web.teacher import Teacher

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
FEWER_PROCESSES = ("--renderer-process-limit=1", "--in-process-gpu")
"""What they would take at their starts is a good part of the tests."""


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    installed = os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, NAMES)), None)
    if installed is None:
        pytest.skip("no Chromium is installed: apt-get install chromium fonts-nanum")
    with sync_playwright() as playwright:
        # Root has no sandbox; what is opened is the lab's own page.
        browser = playwright.chromium.launch(executable_path=installed, args=["--no-sandbox", *FEWER_PROCESSES])
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def pages(browser: Browser, running_lab: Lab) -> Callable[[str], tuple[Page, Page]]:
    """Open two pages of a browser's language once for all tests: to open one takes longer than most tests.

    The first is on the site for as long as the browser runs, the second is for the tests.
    """

    @cache
    def open_two(language: str) -> tuple[Page, Page]:
        # Each language in one of the two colour schemes: what axe-core says of contrast holds for both.
        scheme: Literal["dark", "light"] = "light" if language == "ko-KR" else "dark"
        # The edge's certificate is the lab's own.
        context = browser.new_context(ignore_https_errors=True, locale=language, color_scheme=scheme)
        context.grant_permissions(["clipboard-read", "clipboard-write"])
        unused, used = context.new_page(), context.new_page()
        unused.goto(running_lab.settings()["ACADEMY_API_URL"])
        used.set_default_timeout(30_000)
        return unused, used

    return open_two


@pytest.fixture(params=["ko-KR"])
def page(request: pytest.FixtureRequest, pages: Callable[[str], tuple[Page, Page]]) -> Iterator[Page]:
    """A page in the browser's language that remembers nothing; no test may leave an error in its console."""
    unused, page = pages(request.param)
    errors: list[str] = []

    def note(said: ConsoleMessage) -> None:
        if said.type == "error":
            errors.append(said.text)

    def note_uncaught(error: Error) -> None:
        errors.append(str(error))

    page.on("console", note)
    page.on("pageerror", note_uncaught)
    yield page
    page.remove_listener("console", note)
    page.remove_listener("pageerror", note_uncaught)
    page.unroute_all()
    page.evaluate("sessionStorage.clear()")
    page.goto("about:blank")  # what runs in it must not write any more
    unused.evaluate("localStorage.clear()")
    # A failed request is the browser's own line; the page must not add any.
    assert [error for error in errors if not error.startswith("Failed to load resource")] == []


@pytest.fixture
def teacher(lab: Lab, page: Page) -> Teacher:
    """A teacher who has signed in."""
    page.goto(lab.settings()["ACADEMY_API_URL"])
    teacher = Teacher(page, lab)
    teacher.sign_in()
    return teacher
