"""A browser, and the page of a running lab through its edge, as a teacher opens it."""

import os
import shutil
from collections.abc import Callable, Iterator
from functools import cache
from typing import Literal

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from tests.lab_driver import Lab
from tests.web.teacher import Teacher

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    installed = os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, NAMES)), None)
    if installed is None:
        pytest.skip("no Chromium is installed: apt-get install chromium fonts-nanum")
    with sync_playwright() as playwright:
        # Root has no sandbox; what is opened is the lab's own page.
        browser = playwright.chromium.launch(executable_path=installed, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def contexts(browser: Browser, running_lab: Lab) -> Callable[[str], BrowserContext]:
    """Open a profile of a browser's language once for all tests, with a page that nobody uses.

    As long as that is open, the site keeps its process, and to start one takes longer than most tests.
    """

    @cache
    def open_one(language: str) -> BrowserContext:
        # Each language in one of the two colour schemes: what axe-core says of contrast holds for both.
        scheme: Literal["dark", "light"] = "light" if language == "ko-KR" else "dark"
        # The edge's certificate is the lab's own.
        context = browser.new_context(ignore_https_errors=True, locale=language, color_scheme=scheme)
        context.grant_permissions(["clipboard-read", "clipboard-write"])
        context.new_page().goto(running_lab.settings()["ACADEMY_API_URL"])
        return context

    return open_one


@pytest.fixture(params=["ko-KR"])
def page(request: pytest.FixtureRequest, contexts: Callable[[str], BrowserContext]) -> Iterator[Page]:
    """A page in the browser's language that remembers nothing; no test may leave an error in its console."""
    context = contexts(request.param)
    page = context.new_page()
    page.set_default_timeout(30_000)
    errors: list[str] = []
    page.on("console", lambda said: errors.append(said.text) if said.type == "error" else None)
    page.on("pageerror", lambda error: errors.append(str(error)))
    yield page
    unused, *used = context.pages
    for one in used:
        one.close()
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
