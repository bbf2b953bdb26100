"""``make pictures``: the five states of the page, as a browser shows them, for the README."""

import os
import re
import shutil
import tempfile
from pathlib import Path

from playwright.sync_api import expect, sync_playwright

from academy_ops.academy import sample_workbooks
from tests.lab_driver import Lab
from tests.web.conftest import NAMES
from tests.web.teacher import Teacher

FOLDER = Path(__file__).parents[2] / "docs" / "pictures"
SIZE = {"width": 640, "height": 560}


def main() -> None:
    """Bring the page into each state in turn, in Korean, and photograph it."""
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        lab = Lab(Path(folder))
        lab.do("lab", "up", "--detach")
        installed = os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, NAMES)))
        browser = playwright.chromium.launch(executable_path=installed, args=["--no-sandbox"])
        try:
            page = browser.new_page(ignore_https_errors=True, locale="ko-KR", viewport=SIZE)  # type: ignore[arg-type]
            page.goto(lab.settings()["ACADEMY_API_URL"])
            teacher = Teacher(page, lab)
            teacher.sign_in()

            def shown(state: str, told: str) -> None:
                expect(teacher.outcome).to_have_text(re.compile(told), timeout=60_000)
                page.screenshot(path=FOLDER / f"page-{state}.ko.png")

            lab.break_fault("worker-off")
            teacher.choose(sample_workbooks.students(4))
            shown("waiting", "^대기 중")
            lab.break_fault("proxy-upstream-down")
            expect(page.locator(".job .trouble").first).to_contain_text("502")
            shown("trouble", "^대기 중")
            lab.do("lab", "heal")
            shown("done", "^완료")
            teacher.choose(sample_workbooks.faulty("job-partial"))
            expect(page.locator(".job .rejected").first).to_be_visible(timeout=60_000)
            shown("partial", "^완료")
            teacher.choose(sample_workbooks.faulty("excel-phone-column-missing"))
            shown("failed", "실패")
        finally:
            browser.close()
            lab.do("lab", "down")


if __name__ == "__main__":
    main()
