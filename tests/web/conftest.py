"""A browser, and the page of a running lab through its edge, as a teacher opens it."""

import os
import shutil
from collections.abc import Iterator
from typing import Literal

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

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


@pytest.fixture(params=["ko-KR"])
def page(request: pytest.FixtureRequest, browser: Browser) -> Iterator[Page]:
    """A page in the browser's language; no test may leave an error in its console."""
    # The edge's certificate is the lab's own.
    # Each language in one of the two colour schemes: what axe-core says of contrast holds for both.
    scheme: Literal["dark", "light"] = "light" if request.param == "ko-KR" else "dark"
    context = browser.new_context(ignore_https_errors=True, locale=request.param, color_scheme=scheme)
    page = context.new_page()
    page.set_default_timeout(30_000)
    errors: list[str] = []
    page.on("console", lambda said: errors.append(said.text) if said.type == "error" else None)
    page.on("pageerror", lambda error: errors.append(str(error)))
    yield page
    context.close()
    # A failed request is the browser's own line; the page must not add any.
    assert [error for error in errors if not error.startswith("Failed to load resource")] == []


@pytest.fixture
def teacher(lab: Lab, page: Page) -> Teacher:
    """A teacher who has signed in."""
    page.goto(lab.settings()["ACADEMY_API_URL"])
    teacher = Teacher(page, lab)
    teacher.sign_in()
    return teacher
